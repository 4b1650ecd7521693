"""What held an upload up stands in its checkpoint, its manifest and its summary."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from connectors.ledger import Manifest, read_manifest

New = Callable[..., Any]

SMALL = ("--checkpoint-records", "20")
QUICK = ("--backoff-base", "0.001", "--backoff-max", "0.01")


def counts(upload: Any) -> dict[str, Any]:
    return json.loads((upload.ledger() / ".checkpoint").read_bytes())["counts"]


def manifest_of(upload: Any) -> Manifest:
    manifest = read_manifest(upload.ledger())
    assert manifest
    return manifest


def test_a_smooth_night_has_one_attempt_a_spot_and_nothing_to_tell(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(200))
    finished = upload(*SMALL)
    manifest = manifest_of(upload)
    assert manifest.attempts == 190
    took = (manifest.parked, manifest.throttled, manifest.breaker_openings)
    assert (*took, manifest.token_renewals) == (0, 0, 0, 0)
    assert (manifest.paused_seconds, manifest.breaker_seconds) == (0, 0)
    assert "throttled" not in finished.out
    assert "repeats" not in finished.out


@pytest.mark.parametrize("workers", [1, 2])
def test_throttling_is_told_to_the_answer(
    workers: int, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--fault", "throttle=0.05", "--seed", "3"), new_export(200))
    finished = upload(*SMALL, "--workers", workers, "--breaker-failures", "100")
    stats, manifest = upload.api.stats(), manifest_of(upload)
    assert manifest.throttled == stats["faults"]["throttle"] > 0
    assert manifest.attempts == stats["requests"]
    assert manifest.paused_seconds >= 1
    assert f"  throttled     {manifest.throttled} (waited {manifest.paused_seconds:.1f} s)" in (
        finished.out
    )
    assert f"  repeats       {manifest.throttled}\n" in finished.out
    upload.assert_exact(190)


def test_a_breaker_that_opened_is_told_across_a_stop(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--latency", "0.02", "--fault", "500=0.35"), new_export(200))
    patience = ("--breaker-failures", "3", "--breaker-pause", "0.2", "--concurrency", "4", *QUICK)
    running = upload.start(*SMALL, *patience)
    running.until(lambda: upload.accepted > 40)
    assert running.finish(signal.SIGTERM).code == 75
    before = counts(upload)
    assert before["attempts"] == upload.api.stats()["requests"]
    upload.api.faults({})
    assert upload(*SMALL, *patience).code == 0

    manifest = manifest_of(upload)
    assert manifest.attempts == upload.api.stats()["requests"]
    assert manifest.breaker_openings == before["breaker_openings"] > 0
    assert manifest.breaker_seconds >= 0.2 * (manifest.breaker_openings - 1)
    assert manifest.parked == manifest.reasons.get("circuit_open", 0)
    assert counts(upload)["breaker_openings"] == manifest.breaker_openings
    assert counts(upload)["parked"] == manifest.parked


def test_a_kill_counts_no_answer_twice(api: New, new_export: New, new_upload: New) -> None:
    upload = new_upload(api("--latency", "0.02", "--fault", "expired=1"), new_export(200))
    running = upload.start(*SMALL)
    running.until(lambda: upload.accepted > 60)
    running.finish(signal.SIGKILL)
    assert upload(*SMALL).code == 0
    manifest = manifest_of(upload)
    rows = [*upload.rows("receipts"), *upload.rows("dead-letters")]
    assert manifest.attempts == sum(row["attempts"] for row in rows)
    assert manifest.attempts <= upload.api.stats()["requests"]
    assert 0 < manifest.token_renewals <= manifest.attempts - 190
