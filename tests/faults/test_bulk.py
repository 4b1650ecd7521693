"""Many spots in one request, under every fault at once, between two real processes."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.records import REJECTIONS
from tests.faults.test_all_at_once import repeat_rows

New = Callable[..., Any]

SPOTS, BAD, TOGETHER = 5_000, 60, 50
FAULTS = {"500": 0.05, "reset": 0.05, "lost": 0.05, "slow": "0.05:3", "partial": 0.2}
BULK = ("--records-per-request", TOGETHER)
PATIENCE = ("--request-timeout", "1", "--backoff-base", "0.05", "--backoff-max", "0.3")
ENDURANCE = ("--max-attempts", "50", "--breaker-failures", "10000")


@pytest.mark.parametrize("mode", [(), ("--bulk-atomic",)])
def test_five_thousand_spots_in_bulk_are_scheduled_once_and_told_right(
    mode: tuple[str, ...], api: New, new_export: New, new_upload: New, avstar: Any, books: New
) -> None:
    path = new_export(SPOTS + BAD, bad=BAD / (SPOTS + BAD))
    repeat_rows(path)
    upload = new_upload(api("--seed", "1", *mode), path)
    upload.api.faults(FAULTS)
    running = upload.start(*PATIENCE, *ENDURANCE, *BULK)
    running.until(lambda: upload.accepted >= SPOTS / 3)
    assert running.finish(signal.SIGKILL).code == -signal.SIGKILL
    upload.api.faults({"throttle": 1})
    running = upload.start(*PATIENCE, *ENDURANCE, *BULK)
    running.until(lambda: upload.api.stats()["faults"]["throttle"] >= 3)
    upload.api.faults(FAULTS)
    done = running.finish()

    assert done.code == 0, done.err[-1000:]
    assert avstar("verify", upload.out, path).code == 0
    told = books(upload)
    told.assert_exact()
    assert (len(told.bad), told.undelivered) == (BAD, [])
    stats = told.stats
    assert stats["spots"] == SPOTS
    assert stats["requests"] < SPOTS / 4
    assert all(stats["faults"][kind] for kind in FAULTS)


def spoil(path: Path, line: int) -> None:
    """Give a row a duration that the traffic system knows and the API does not."""
    rows = path.read_bytes().splitlines(keepends=True)
    rows[line - 1] = rows[line - 1].replace(b'"Duration": ', b'"Duration": 99999999')
    path.write_bytes(b"".join(rows))


def test_a_spot_that_the_api_cannot_take_costs_one_spot_where_it_is_all_or_nothing(
    api: New, new_export: New, new_upload: New, books: New
) -> None:
    path = new_export(300, bad=0)
    spoil(path, 124)
    upload = new_upload(api("--bulk-atomic"), path)

    done = upload(*BULK, "--strict")

    assert done.code == 3, done.err[-1000:]
    told = books(upload)
    told.assert_exact()
    [letter] = told.undelivered
    assert (letter["line"], letter["reason"], letter["status"]) == (124, "rejected", 422)


def test_an_api_without_bulk_requests_halts_with_the_way_out(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--max-bulk-records", "0"), new_export(100))

    halted = upload(*BULK)

    assert halted.code == 1
    assert "/ingest/bulk answered 404" in halted.err
    assert "--records-per-request 1 sends one by one" in halted.err
    assert upload.accepted == 0
    assert upload("--records-per-request", "1").code == 0


def test_a_run_that_began_one_by_one_halts_as_well_where_there_are_no_bulk_requests(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--max-bulk-records", "0", "--latency", "0.01"), new_export(2000))
    running = upload.start("--checkpoint-records", "100", "--concurrency", "5")
    running.until(lambda: upload.accepted >= 300)
    assert running.finish(signal.SIGTERM).code == 75
    accepted = upload.accepted

    halted = upload("--records-per-request", "100", "--checkpoint-records", "100")

    assert halted.code == 1, halted.err[-1000:]
    assert "/ingest/bulk answered 404" in halted.err
    assert upload.accepted == accepted
    assert {row["reason"] for row in upload.rows("dead-letters")} <= REJECTIONS
