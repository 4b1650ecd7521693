"""A process is ready when the API answers and the quota is known."""

import pytest

from dataflows.meter import Meter
from dataflows.page import Course
from dataflows.page.readiness import Knock, Readiness, ask, of_run
from dataflows.settings import fixed_settings
from tests.dataflows.page.lanes import lane

WELL, UNWELL = Readiness(True, "well"), Readiness(False, "unwell")


def meter(*lanes, **attempts: int) -> Meter:
    made = Meter()
    made.lanes += lanes
    made.attempts.update({f"{status.strip('_')}": n for status, n in attempts.items()})
    return made


def test_nobody_knows_before_the_first_answer() -> None:
    assert of_run(meter(lane())) is None
    assert of_run(meter(lane(), none=3)) is None


def test_a_run_is_ready_when_its_spots_get_good_answers() -> None:
    assert of_run(meter(lane(), _2xx=1)) == (True, "the API answers")


def test_being_told_to_wait_is_an_answer() -> None:
    assert of_run(meter(lane(pause=60), _4xx=1))[0]


def test_it_is_not_while_the_last_spot_got_none_or_the_breaker_is_open() -> None:
    failing = meter(lane(), _2xx=5)
    failing.unanswered, failing.trouble = 1, "HTTP 503"
    assert of_run(failing) == (False, "the last spot got no good answer: HTTP 503")
    assert of_run(meter(lane("open"), _2xx=5)) == (False, "breaker open")


def test_an_idle_process_asks_once_a_minute(monkeypatch) -> None:
    now, answers = [0.0], [WELL, UNWELL]
    knock = Knock(lambda: answers.pop(0), lambda: now[0])
    assert knock.look(Course()) == WELL
    now[0] = 59.0
    assert knock.look(Course()) == WELL
    now[0] = 60.0
    assert knock.look(Course()) == UNWELL


def test_while_it_runs_nothing_is_asked_since_the_quota_is_the_spots() -> None:
    course, running = Course(), meter(lane())
    knock = Knock(lambda: pytest.fail("asked"))
    with course.running(running):
        assert knock.look(course) == (False, "no answer yet")
        running.attempts["2xx"] += 1
        assert knock.look(course) == (True, "the API answers")


def test_who_does_not_send_is_ready_to_help() -> None:
    course = Course(alone=False)
    with course.running(meter()):
        assert Knock(lambda: pytest.fail("asked")).look(course).ready


def test_the_question_is_what_doctor_asks(sandbox_process) -> None:
    api = sandbox_process("--token", "secret")
    found = ask(fixed_settings(api_url=api.url, token="secret"))
    assert found.ready
    assert found.words.startswith(f"{api.url}/ingest answers 405: it is there")
    assert "quota 600/60" in found.words
    api.stop()
    gone = ask(fixed_settings(api_url=api.url, token="secret"))
    assert not gone.ready


def test_one_without_a_token_is_not(tmp_path) -> None:
    settings = fixed_settings(api_url="http://127.0.0.1:9", token_file=tmp_path / "token")
    assert not ask(settings).ready
