"""An API that is down for several pauses of the breaker and comes back, between real processes."""

import json
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_checkpoint, read_manifest

New = Callable[..., Any]

IN_FLIGHT = 8
BATCH = 100
OPTIONS = ("--concurrency", str(IN_FLIGHT), "--checkpoint-records", str(BATCH), "--log-json",
           "--backoff-base", "0.05", "--backoff-max", "0.1")  # fmt: skip
PAUSE = ("--breaker-pause", "0.3")
SLOW = ("--latency", "0.02")
OPENINGS = 4
"""How often the breaker opens before the API comes back: once, and at three failed probes."""


def events(err: str) -> list[dict[str, Any]]:
    whole = err[: err.rfind("\n") + 1]  # the last line may still be written
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


def breaker_states(err: str) -> list[str]:
    names = [event["event"] for event in events(err)]
    return [name.removeprefix("breaker ") for name in names if name.startswith("breaker ")]


def settled(folder: Path) -> int:
    checkpoint = read_checkpoint(folder)
    return checkpoint.settled if checkpoint else 0


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


class Outages:
    """An API that can go down and come back, in each of the ways there are."""

    def __init__(self, api: New, database: Path) -> None:
        self._where = (*SLOW, "--port", free_port(), "--database", str(database))
        self._api = api
        self.up = api(*self._where)

    def down(self, kind: str) -> None:
        if kind == "refused":
            assert self.up.stop() == 0
        else:
            self.up.faults({kind: 1})

    def back(self, kind: str) -> None:
        if kind == "refused":
            self.up = self._api(*self._where)
        else:
            self.up.faults({})


@pytest.fixture
def outages(api: New, tmp_path: Path) -> Outages:
    return Outages(api, tmp_path / "spots.db")


@pytest.mark.parametrize("kind", ["500", "reset", "lost", "throttle", "refused"])
def test_an_outage_parks_what_is_in_flight_and_the_rest_waits(
    kind: str, outages: Outages, new_export: New, new_upload: New, avstar: Any, books: New
) -> None:
    upload = new_upload(outages.up, new_export(1000))
    running = upload.start(*OPTIONS, *PAUSE)
    running.until(lambda: upload.accepted > 250)
    outages.down(kind)
    at_openings = []
    for number in range(1, OPENINGS + 1):
        running.until(lambda least=number: breaker_states(running.err).count("open") >= least)
        at_openings.append(settled(upload.ledger()))
    first, *_, last_but_one, last = at_openings
    assert last <= first + BATCH, "no further than the batch in hand"
    assert last == last_but_one, "the source stands still"
    outages.back(kind)
    upload.api = outages.up
    done = running.finish()
    assert done.code == 0, done.err[-1000:]
    assert avstar("verify", upload.out, upload.exports[0]).code == 0

    told = books(upload)
    told.assert_exact()
    assert 1 <= len(told.undelivered) <= IN_FLIGHT
    assert {row["reason"] for row in told.undelivered} == {"circuit_open"}
    assert all(row["redrivable"] and len(row["request_id"]) == 32 for row in told.undelivered)
    manifest = read_manifest(upload.ledger())
    assert manifest
    assert manifest.reasons["circuit_open"] == manifest.failed == len(told.undelivered)

    states = breaker_states(done.err)
    failed_probes = len(states) // 2 - 1
    assert states == ["open", "half open"] * (failed_probes + 1) + ["closed"]
    assert failed_probes >= OPENINGS - 1
    parked = [event for event in events(done.err) if event["event"] == "undelivered"]
    assert sorted((event["request_id"], event["reason"], event["line"]) for event in parked) == (
        sorted((row["request_id"], row["reason"], row["line"]) for row in told.undelivered)
    )


def test_an_api_that_is_not_there_yet_is_waited_for(
    outages: Outages, new_export: New, new_upload: New, books: New
) -> None:
    outages.down("refused")
    upload = new_upload(outages.up, new_export(300))
    running = upload.start(*OPTIONS, *PAUSE)
    running.until(lambda: breaker_states(running.err).count("open") >= OPENINGS)
    assert settled(upload.ledger()) == 0
    outages.back("refused")
    upload.api = outages.up
    assert running.finish().code == 0
    told = books(upload)
    told.assert_exact()
    assert 1 <= len(told.undelivered) <= IN_FLIGHT
    assert {row["status"] for row in told.undelivered} == {None}


def leave_in_a_pause(upload: Any, *options: str, sign: str) -> None:
    """Start, wait for the pause, stop, and look at how it ends."""
    running = upload.start(*OPTIONS, *options)
    running.until(lambda: sign in running.err)
    before = upload.api.stats()["requests"]
    time.sleep(0.3)  # well into the pause
    began = time.monotonic()
    stopped = running.finish(signal.SIGTERM)
    assert time.monotonic() - began < 2
    assert stopped.code == 75
    assert "avstar: stopped during a pause of" in stopped.err.splitlines()[-1]
    assert upload.api.stats()["requests"] <= before + IN_FLIGHT
    assert read_manifest(upload.ledger()) is None


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_while_the_breaker_is_open_leaves_within_two_seconds(
    workers: str, outages: Outages, new_export: New, new_upload: New, books: New
) -> None:
    upload = new_upload(outages.up, new_export(600))
    running = upload.start(*OPTIONS)
    running.until(lambda: upload.accepted > 150)
    assert running.finish(signal.SIGTERM).code == 75

    upload.api.faults({"500": 1})
    leave_in_a_pause(upload, "--workers", workers, sign="breaker open")
    upload.api.faults({})
    assert upload(*OPTIONS).code == 0
    told = books(upload)
    told.assert_exact()
    assert told.undelivered == []


def test_a_stop_during_a_long_retry_after_leaves_within_two_seconds(
    api: New, tmp_path: Path, new_export: New, new_upload: New, books: New
) -> None:
    database = ("--database", str(tmp_path / "spots.db"))
    narrow = api("--rate", "150/3600", *database)
    upload = new_upload(narrow, new_export(600))
    leave_in_a_pause(upload, sign='"throttled"')
    assert len(upload.api.spots()) == 150

    narrow.stop()
    upload.api = api(*database)
    assert upload(*OPTIONS).code == 0
    told = books(upload)
    told.assert_exact()
    assert told.undelivered == []
