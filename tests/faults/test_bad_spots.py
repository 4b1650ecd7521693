"""A station that the API cannot take, more spots in a row than in flight, between processes."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_manifest
from connectors.ledger.manifest import Manifest
from tests.faults.scripted import Handler, Scripted, schedule, scripted_api
from tests.faults.test_breaker import events
from tests.processes import Upload

New = Callable[..., Any]

BAD = range(200, 400)
SPOTS = 600
OPTIONS = ("--breaker-pause", "0.1", "--backoff-base", "0.01", "--backoff-max", "0.05",
           "--concurrency", "8", "--log-json")  # fmt: skip


def schedule_but_one_station(handler: Handler) -> None:
    if handler.spot[0].startswith("BAD"):
        handler.say(500)
    else:
        schedule(handler)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with scripted_api() as server:
        server.always = schedule_but_one_station
        yield server


@pytest.fixture
def upload(scripted: Scripted, tmp_path: Path, avstar: Any) -> Upload:
    path = tmp_path / "day.ndjson"
    with path.open("w") as file:
        for i in range(SPOTS):
            bad = i in BAD
            row = {
                "SpotID": f"{'BAD' if bad else 'SP'}{i}",
                "StationCode": "KBAD" if bad else f"K{i % 7}",
                "AirDateTime": "2026-11-24T05:30:00-05:00",
                "Duration": 30,
                "ClientName": "Acme",
            }
            file.write(f"{json.dumps(row)}\n")
    return Upload(avstar, tmp_path / "out", scripted, path)


def lost(folder: Path) -> set[str]:
    rows = (folder / "dead-letters.ndjson").read_bytes().splitlines()
    letters = [json.loads(row) for row in rows]
    assert {row["reason"] for row in letters} <= {"circuit_open", "retries_exhausted"}
    return {row["request_id"] for row in letters}


def manifest_of(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    assert manifest
    return manifest


def repetitions(err: str) -> list[dict[str, Any]]:
    return [one for one in events(err) if one["event"] == "delivered spot repeated"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_costs_its_own_spots_and_every_request_is_accounted_for(
    workers: str, scripted: Scripted, upload: Upload, avstar: Any
) -> None:
    lanes = ("--workers", workers, "--delivery-lanes", workers)
    done = upload(*OPTIONS, *lanes)

    assert done.code == 0, done.err[-1000:]
    assert avstar("verify", upload.out, upload.exports[0]).code == 0
    delivered = {row["request_id"]: row for row in upload.rows("receipts")}
    assert len(delivered) == SPOTS - len(BAD)
    assert len(lost(upload.ledger())) == len(BAD)
    assert set(delivered) == {request_id for _, request_id in scripted.scheduled}
    again, manifest = repetitions(done.err), manifest_of(upload.ledger())
    assert len(scripted.requests) == manifest.attempts + len(again)
    assert 0 < len(again) <= manifest.breaker_openings
    assert {one["request_id"] for one in again} <= set(delivered)
    assert {(row["outcome"], row["attempts"]) for row in delivered.values()} == {("accepted", 1)}


def test_what_is_sent_again_at_the_end_is_nothing_but_bad_and_ends_as_well(
    upload: Upload, avstar: Any
) -> None:
    """The ledger of the night knows what Avstar has."""
    done = upload(*OPTIONS, AVSTAR_REDRIVE=None)

    assert done.code == 0, done.err[-1000:]
    [ledger] = [path for path in upload.out.glob("*.redrive-*") if path.is_dir()]
    assert lost(ledger) == lost(upload.ledger())
    assert manifest_of(ledger).total_records == len(BAD)
    assert avstar("verify", upload.out, upload.exports[0]).code == 0


def test_a_run_that_was_killed_among_them_goes_on_as_well(
    scripted: Scripted, upload: Upload, avstar: Any
) -> None:
    slowly = ("--breaker-pause", "60", *OPTIONS[2:])
    running = upload.start(*slowly)
    running.until(lambda: '"breaker open"' in running.err)
    assert running.finish(signal.SIGKILL).code == -signal.SIGKILL

    done = upload(*OPTIONS)

    assert done.code == 0, done.err[-1000:]
    assert avstar("verify", upload.out, upload.exports[0]).code == 0
    assert len(upload.rows("receipts")) == SPOTS - len(BAD)
    assert len(lost(upload.ledger())) == len(BAD)
    sent = {(one.spot_id, one.request_id) for one in scripted.requests}
    assert len(sent) == SPOTS
