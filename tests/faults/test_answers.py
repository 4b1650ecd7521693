"""One run in which each spot meets a fault of its own; what the API and the ledger say of it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.faults import scripted
from tests.faults.scripted import Request, Step, answer, scripted_api
from tests.processes import Avstar, Finished, Python, Upload

MOST_ATTEMPTS = 4
ROW = {
    "StationCode": "KABC",
    "AirDateTime": "2026-11-24T05:30:00-05:00",
    "Duration": 30,
    "ClientName": "Müller & Söhne",
}

PASSING: dict[str, Step] = {
    "500": answer(500),
    "502": answer(502),
    "503": answer(503),
    "504": answer(504),
    "503-retry-after": answer(503, Retry_After="1"),
    "429-seconds": answer(429, Retry_After="1"),
    "429-date": scripted.retry_at_a_date,
    "429": answer(429),
    "408": answer(408),
    "425": answer(425),
    "401-once": answer(401),
    "reset": scripted.reset,
}
"""Nothing was scheduled, and the next attempt is accepted."""

UNHEARD: dict[str, Step] = {
    "lost": scripted.lost,
    "slow": scripted.slow,
    "malformed": scripted.malformed,
    "malformed-chunk": scripted.malformed_chunk,
}
"""The spot was scheduled, but we did not hear of it: the next attempt is a duplicate."""

TOLD_SECONDS = {"503-retry-after": 1.0, "429-seconds": 1.0, "429-date": 2.0}

REJECTED: dict[str, Step] = {
    "400": answer(400),
    "413": answer(413),
    "415": answer(415),
    "422": answer(422),
    "404-later": answer(404),
    "405-later": answer(405),
    "302-later": answer(302, Location="/elsewhere"),
}

PATIENCE = ("--request-timeout", "0.7", "--backoff-base", "0.05", "--backoff-max", "0.1")
OPTIONS = ("--concurrency", "1", "--max-attempts", MOST_ATTEMPTS, "--breaker-failures", "10")


class Told(NamedTuple):
    """What became of the spots, by spot ID."""

    done: Finished
    receipts: dict[str, Any]
    letters: dict[str, Any]
    requests: dict[str, list[Request]]
    scheduled: list[tuple[str, str]]
    everything: list[Request]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder: Path = tmp_path_factory.mktemp("answers")
    with scripted_api() as api, ExitStack() as stack:
        for name, step in (PASSING | UNHEARD | REJECTED).items():
            api.steps[name] = [step]
        api.steps["409"] = [answer(409)]
        api.steps["conflict"] = [scripted.conflict]
        api.steps["500-always"] = [answer(500)] * MOST_ATTEMPTS
        rows = [{"SpotID": name, **ROW} for name in ("good", *api.steps, "good-too")]
        path = folder / "day.ndjson"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        upload = Upload(Avstar(Python(folder, stack)), folder / "out", api, path)
        done = upload(*OPTIONS, *PATIENCE)
        by_spot: dict[str, list[Request]] = {}
        for request in api.requests:
            by_spot.setdefault(request.spot_id, []).append(request)
        letters = {json.loads(row["raw"])["SpotID"]: row for row in upload.rows("dead-letters")}
        receipts = {row["spot_id"]: row for row in upload.rows("receipts")}
        yield Told(done, receipts, letters, by_spot, api.scheduled, api.requests)


def outcome(receipt: dict[str, Any]) -> tuple[str, int, int]:
    return receipt["outcome"], receipt["status"], receipt["attempts"]


def failure(letter: dict[str, Any]) -> tuple[str, int, bool, int]:
    return letter["reason"], letter["status"], letter["redrivable"], letter["attempts"]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_costs_one_attempt(fault: str, told: Told) -> None:
    first, second = told.requests[fault]
    assert first.request_id == second.request_id
    assert told.scheduled.count((fault, first.request_id)) == 1
    assert outcome(told.receipts[fault]) == ("accepted", 201, 2)


@pytest.mark.parametrize("fault", UNHEARD)
def test_what_was_scheduled_unheard_is_a_duplicate(fault: str, told: Told) -> None:
    first, second = told.requests[fault]
    assert first.request_id == second.request_id
    assert outcome(told.receipts[fault]) == ("duplicate", 409, 2)


@pytest.mark.parametrize("fault", TOLD_SECONDS)
def test_a_wait_that_is_told_holds_the_lane(fault: str, told: Told) -> None:
    first, second = told.requests[fault]
    assert second.at - first.at >= TOLD_SECONDS[fault]
    at = told.everything.index(first)
    assert told.everything[at + 1] == second, "nobody else was sent meanwhile"


@pytest.mark.parametrize("fault", REJECTED)
def test_what_is_refused_is_a_dead_letter_at_once(fault: str, told: Told) -> None:
    status = int(fault[:3])
    assert len(told.requests[fault]) == 1
    assert failure(told.letters[fault]) == ("rejected", status, False, 1)


def test_a_409_is_a_delivered_spot(told: Told) -> None:
    assert outcome(told.receipts["409"]) == ("duplicate", 409, 1)


def test_a_request_id_of_other_content_is_a_dead_letter(told: Told) -> None:
    assert failure(told.letters["conflict"]) == ("conflicting_duplicate", 422, False, 1)


def test_used_up_attempts_are_a_dead_letter_to_send_again(told: Told) -> None:
    assert len(told.requests["500-always"]) == MOST_ATTEMPTS
    assert failure(told.letters["500-always"]) == (
        "retries_exhausted", 500, True, MOST_ATTEMPTS
    )  # fmt: skip


def test_the_run_ends_well_and_accounts_for_every_spot(told: Told) -> None:
    assert told.done.code == 0
    assert told.receipts.keys() | told.letters.keys() == told.requests.keys()
    assert not told.receipts.keys() & told.letters.keys()
    attempts = [row["attempts"] for row in (*told.receipts.values(), *told.letters.values())]
    assert sum(attempts) == len(told.everything)
    assert all(before.at <= after.at for before, after in pairwise(told.everything))
