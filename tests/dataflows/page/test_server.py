"""The page is there from the beginning to the end, and never in the way."""

import logging
import socket
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from connectors.errors import RefusedError
from dataflows.meter import Meter
from dataflows.page import Course, page
from dataflows.settings import fixed_settings
from tests.dataflows.page.lanes import lane
from tests.external.ports import free_port


@pytest.fixture
def address():
    return f"127.0.0.1:{free_port()}"


def get(address, path):
    try:
        with urlopen(f"http://{address}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def settings(address, **given):
    return fixed_settings(page=address, validate_only=True, **given)


def test_there_is_none_where_nobody_wants_one() -> None:
    with page(fixed_settings(), Course()):
        pass


def test_it_says_what_the_process_is_at(address) -> None:
    course, meter = Course(), Meter()
    with page(settings(address), course):
        assert get(address, "/live") == (200, "at work\n")
        course.step(idle=True)
        assert get(address, "/live") == (200, "idle\n")
        meter.opened(lane(pause=12))
        with course.running(meter):
            assert get(address, "/live?probe=1") == (200, "told to wait 12 s more\n")
        assert get(address, "/ready") == (200, "sends nothing\n")
        assert get(address, "/") == (404, "/metrics /ready /live\n")
    with pytest.raises(OSError, match="refused"):
        get(address, "/live")


def test_metrics_are_those_of_the_last_run_between_two(address) -> None:
    course, meter = Course(), Meter()
    with page(settings(address), course):
        assert "avstar_" not in get(address, "/metrics")[1]
        with course.running(meter):
            meter.validated += 7
        assert "avstar_records_valid_total 7.0" in get(address, "/metrics")[1]


def test_who_stands_still_is_told_so(address, monkeypatch) -> None:
    monkeypatch.setattr("dataflows.page.server.PATIENCE_SECONDS", -60.5)
    with page(settings(address), Course()):
        get(address, "/live")
        status, words = get(address, "/live")
        assert status == 503
        assert words.startswith("nothing was done for ")


def test_what_happens_is_a_sign_of_life_be_it_that_there_is_no_token_yet(address) -> None:
    course = Course()
    with page(settings(address), course):
        before = course.mark()
        logging.getLogger("connectors.avstar.credentials").warning("no token")
        assert course.mark() != before


def test_an_api_that_does_not_answer_makes_nobody_ready(address) -> None:
    away = fixed_settings(page=address, token="t", api_url=f"http://127.0.0.1:{free_port()}")
    with page(away, Course()):
        assert get(address, "/ready")[0] == 503


def test_one_who_hangs_up_disturbs_nobody(address) -> None:
    host, port = address.split(":")
    with page(settings(address), Course()):
        for words in (b"", b"GET", b"nonsense\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n"):
            with socket.create_connection((host, int(port))) as one:
                one.sendall(words)
        assert get(address, "/live")[0] == 200


def test_an_address_in_use_is_refused_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        words = rf"^--page {taken} cannot be served: Address already in use; give another"
        with pytest.raises(RefusedError, match=words), page(settings(taken), Course()):
            pass
