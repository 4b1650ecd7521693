"""Several real processes upload one export, exactly and within the quota, whoever is killed."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

New = Callable[..., Any]

SLOW = ("--latency", "0.3")
FAST = ("--concurrency", "200")
SMALL = ("--checkpoint-records", "120")
VALID = 350
"""Good records of 360."""


def read_by(finished: Any) -> set[int]:
    """Lanes that a process read, from its audit log."""
    rows = [json.loads(line) for line in finished.err.splitlines() if line.startswith("{")]
    return {row["lane"] for row in rows if row["event"] == "streaming"}


@pytest.mark.parametrize(("victim", "workers"), [(0, 1), (1, 2)])
def test_a_killed_process_stops_the_other_and_all_resume_exactly_within_the_quota(
    victim: int,
    workers: int,
    sandbox_process: New,
    divided: New,
    new_export: New,
    new_upload: New,
    new_fleet: New,
) -> None:
    strict = sandbox_process("--rate", "100/1", "--token", "secret-3f9a")
    upload = new_upload(strict, new_export(360))
    fleet = new_fleet(upload, 2)
    options = (*SMALL, "--rate", "100/1", "--workers", workers, "--log-json")
    fleet.start(*options, **divided(17_000))
    fleet.until_accepted(80)
    ended = fleet.finish({victim: signal.SIGKILL})
    assert ended[victim].code == -signal.SIGKILL
    survivor = ended[1 - victim]
    assert (survivor.code, survivor.out) == (75, "")
    assert fleet.complaint(survivor) == (
        f"avstar: process {victim} at {fleet.addresses[victim]} has gone, so this one stopped; "
        "start all again to resume\n"
    )
    first, second = map(read_by, ended)
    assert first
    assert second
    assert not first & second
    fleet.finish_exactly(VALID, *options, **divided(17_000))
    assert strict.stats()["throttled"] == 0


def test_any_number_of_processes_goes_on_with_the_state_of_the_first(
    api: New, new_export: New, new_upload: New, new_fleet: New
) -> None:
    upload = new_upload(api(*SLOW), new_export(500))
    for count in (2, 3):
        fleet = new_fleet(upload, count)
        fleet.start(*SMALL)
        fleet.until_accepted(90)
        *others, _ = fleet.finish({count - 1: signal.SIGKILL})
        for survivor in others:
            assert survivor.code == 75
            last = f"process {count - 1} at {fleet.addresses[-1]}"
            assert f"avstar: {last} has gone, so this one stopped" in survivor.complaint
    new_fleet(upload, 1).finish_exactly(490, *FAST)
    alone = new_fleet(upload, 2).start_one(1).finish()
    assert alone.code == 0
    assert "is settled already" in alone.err  # so it needs no other


def test_a_cluster_goes_on_with_a_zstd_export_that_its_ledger_knows(
    api: New, new_export: New, new_upload: New, new_fleet: New
) -> None:
    plain = new_export(500)
    packed = plain.with_name("day.ndjson.zst")
    packed.write_bytes(zstd.compress(plain.read_bytes()))
    upload = new_upload(api(*SLOW), packed)
    fleet = new_fleet(upload, 2)
    fleet.start(*SMALL)
    fleet.until_accepted(90)
    fleet.finish({0: signal.SIGKILL})
    fleet.finish_exactly(490, *FAST)


def test_a_cluster_whose_state_is_lost_goes_on_from_the_ledger(
    api: New, new_export: New, new_upload: New, new_fleet: New, tmp_path: Path
) -> None:
    """Each process has a volume of its own; only that of the first is ever written."""
    upload = new_upload(api(*SLOW), new_export(500))
    fleet = new_fleet(upload, 2)
    volumes = [tmp_path / "volume-0", tmp_path / "volume-1"]

    def start(*options: str) -> None:
        for process, volume in enumerate(volumes):
            fleet.start_one(process, *options, "--state", volume)

    start(*SMALL)
    fleet.until_accepted(90)
    fleet.finish({1: signal.SIGTERM})
    assert not volumes[1].exists()
    shutil.rmtree(volumes[0])
    settled = upload.accepted
    start(*FAST)
    first, second = fleet.finish()
    assert (first.code, second.code) == (0, 0)
    assert f"{volumes[0]} knows nothing of day.ndjson: going on from its ledger" in first.err
    upload.assert_exact(490)
    assert 0 < settled < 490
    assert upload.api.stats()["requests"] == 490


def test_plain_bytewax_runs_as_several_processes_and_stops_as_one(
    api: New, new_export: New, new_upload: New, new_fleet: New, python: New, tmp_path: Any
) -> None:
    upload = new_upload(api(*SLOW), new_export(400))
    fleet = new_fleet(upload, 2)
    hosts = tmp_path / "hosts"
    hosts.write_text("\n".join(fleet.addresses) + "\n")
    for i in range(2):
        (tmp_path / f"state-{i}").mkdir()
    assert python("bytewax.recovery", tmp_path / "state-0", 1).code == 0

    def start(process: int, concurrency: int = 20) -> Any:
        variables = {
            "AVSTAR_EXPORTS": str(upload.exports[0]),
            "AVSTAR_OUT": str(upload.out),
            "AVSTAR_STATE": str(tmp_path / f"state-{process}"),
            "AVSTAR_API_URL": upload.api.url,
            "AVSTAR_RATE": "10000/0.1",
            "AVSTAR_CONCURRENCY": str(concurrency),
            "AVSTAR_CHECKPOINT_RECORDS": "120",
            "BYTEWAX_HOSTFILE_PATH": str(hosts),
            "BYTEWAX_POD_NAME": f"avstar-{process}",
            "BYTEWAX_STATEFULSET_NAME": "avstar",
        }
        words = ("bytewax.run", "dataflows.avion_to_avstar:flow", "-r", variables["AVSTAR_STATE"])
        return python.start(*words, "-s", 0, "-b", 0, **variables)

    running = [start(0), start(1)]
    running[0].until(lambda: upload.accepted >= 60)
    running[1].process.send_signal(signal.SIGTERM)
    assert [one.finish().code for one in running] == [0, 0]
    assert 60 <= upload.accepted < 390
    assert [one.finish().code for one in [start(0, 200), start(1, 200)]] == [0, 0]
    upload.assert_exact(390)
    assert upload.api.stats()["duplicates"] == 0


def test_the_first_process_says_whether_dead_letters_are_open(
    api: New, new_export: New, new_upload: New, new_fleet: New
) -> None:
    """It alone sends again what can be, so that it alone knows in the end."""
    ended = new_fleet(new_upload(api(), new_export(40)), 2)("--strict", *FAST)
    assert [finished.code for finished in ended] == [3, 0]
