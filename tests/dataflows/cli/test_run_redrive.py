"""What can be sent again is, once, by itself, into a ledger of its own."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_manifest
from tests.external.ports import free_port

New = Callable[..., Any]
FAILING = ("--max-attempts", "1", "--breaker-failures", "1000")
BY_ITSELF = {"AVSTAR_REDRIVE": None}


def ledgers(upload: Any) -> list[Path]:
    return sorted(path for path in upload.out.glob("*.redrive-*") if path.is_dir())


def redrivable(upload: Any) -> set[str]:
    return {one["request_id"] for one in upload.rows("dead-letters") if one["redrivable"]}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["day.ndjson", "day.csv"])
def test_a_run_sends_again_what_it_can_once_at_its_end(
    name: str, api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api("--fault", "lost=0.1", "--fault", "500=0.05"), new_export(600, name))
    done = upload(*FAILING, **BY_ITSELF)
    assert (done.code, done.complaint) == (0, "")
    waiting = redrivable(upload)
    [ledger] = ledgers(upload)
    assert f"{upload.ledger().name}.redrive-1.csv\n  records       {len(waiting)}\n" in done.out
    rows = [
        json.loads(row)
        for file in ("receipts.ndjson", "dead-letters.ndjson")
        for row in (ledger / file).read_bytes().splitlines()
    ]
    assert {row["request_id"] for row in rows} == waiting
    assert all(row["ancestor"]["request_id"] == row["request_id"] for row in rows)
    verified = avstar("verify", upload.out, upload.exports[0])
    assert verified.code == 0, verified.out
    assert "the night is in order" in verified.out
    before = contents(upload.ledger()) | contents(ledger)
    again = upload(*FAILING, **BY_ITSELF)
    assert again.code == 0
    assert ledgers(upload) == [ledger]
    assert contents(upload.ledger()) | contents(ledger) == before


def test_what_is_sent_again_goes_without_the_engines_page_which_a_process_has_but_once(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    upload = new_upload(api("--fault", "500=0.4"), new_export(300, bad=0))
    page = {
        "BYTEWAX_DATAFLOW_API_ENABLED": "1",
        "BYTEWAX_DATAFLOW_API_PORT": str(free_port()),
        "BYTEWAX_DATAFLOW_API_CACHE_PATH": str(tmp_path),
    }
    options = ("--max-attempts", "3", "--backoff-base", "0.01", "--breaker-failures", "1000")
    done = upload(*options, **BY_ITSELF, **page)
    assert (done.code, done.complaint) == (0, "")
    [ledger] = ledgers(upload)
    assert read_manifest(ledger)


def test_the_night_is_closed_where_the_api_got_well(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api("--fault", "lost=0.1"), new_export(300, bad=0))
    assert upload(*FAILING).code == 0
    waiting = redrivable(upload)
    assert waiting
    sealed = contents(upload.ledger())
    upload.api.faults({})
    words = ("dlq", "redrive", upload.out)
    dry = avstar(*words, "--dry-run")
    assert dry.out == f"{len(waiting)} spots can be sent again; nothing was sent\n"
    assert not ledgers(upload)
    address = ("--api-url", upload.api.url, "--rate", "10000/0.1")
    done = avstar(*words, *address)
    assert (done.code, done.complaint) == (0, "")
    assert len(upload.api.spots()) == 300
    assert contents(upload.ledger()) == sealed
    verified = avstar("verify", upload.out, upload.exports[0])
    assert f"{len(waiting)} dead letters delivered since, 0 replaced by" in verified.out
    assert verified.out.endswith(", 0 open\n")
    nothing = avstar(*words, *address)
    assert (nothing.code, nothing.err) == (0, "nothing can be sent again\n")


def test_strict_counts_what_is_open_after_that(api: New, new_export: New, new_upload: New) -> None:
    upload = new_upload(api(), new_export(50, bad=0))
    upload.api.faults({"500": 0.5})
    running = upload.start("--strict", *FAILING, "--rate", "100/1", **BY_ITSELF)
    running.until(lambda: upload.api.stats()["requests"] >= 50)
    upload.api.faults({})
    done = running.finish()
    manifest = read_manifest(upload.ledger())
    assert manifest
    assert manifest.failed > 0
    if ledgers(upload):
        assert done.code == 0, done.err
        assert len(upload.api.spots()) == 50
    else:
        assert done.code == 3


def test_strict_says_the_same_when_it_is_asked_again(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api("--fault", "500=0.3"), new_export(60, bad=0))
    assert upload("--strict", *FAILING).code == 3
    upload.api.faults({})
    address = ("--api-url", upload.api.url, "--rate", "10000/0.1")
    assert avstar("dlq", "redrive", upload.out, *address).code == 0
    for _ in range(2):
        assert upload("--strict", *FAILING, **BY_ITSELF).code == 0


def test_no_redrive_leaves_them(api: New, new_export: New, new_upload: New) -> None:
    upload = new_upload(api("--fault", "500=0.2"), new_export(100, bad=0))
    assert upload(*FAILING, "--no-redrive", **BY_ITSELF).code == 0
    assert redrivable(upload)
    assert not ledgers(upload)


def test_an_api_that_is_not_well_at_the_end_is_left_alone(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--fault", "500=1"), new_export(40, bad=0))
    done = upload(*FAILING, **BY_ITSELF)
    assert done.code == 0
    assert f"Avstar was not well at the end; later: avstar dlq redrive {upload.out}" in done.err
    assert not ledgers(upload)
    assert upload.api.stats()["requests"] == 40


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_cut_it_off_is_gone_on_with_by_the_same_command(
    how: signal.Signals, api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api("--fault", "500=0.5"), new_export(200, bad=0))
    assert upload(*FAILING).code == 0
    waiting = redrivable(upload)
    upload.api.faults({})
    requests = upload.api.stats()["requests"]
    small = ("--checkpoint-records", "10", "--concurrency", "1", "--rate", "40/1")
    running = upload.start(*FAILING, *small, **BY_ITSELF)
    running.until(lambda: upload.api.stats()["requests"] >= requests + 15)
    left = running.finish(how)
    assert left.code == (75 if how is signal.SIGTERM else -9)
    assert read_manifest(ledgers(upload)[0]) is None
    assert upload(*FAILING, **BY_ITSELF).code == 0
    [ledger] = ledgers(upload)
    manifest = read_manifest(ledger)
    assert manifest
    assert manifest.accepted + manifest.duplicates == len(waiting)
    assert len(upload.api.spots()) == 200
    assert avstar("verify", upload.out, upload.exports[0]).code == 0


def test_a_second_try_has_the_next_number(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api("--fault", "500=0.4"), new_export(200, bad=0))
    assert upload(*FAILING).code == 0
    address = ("--api-url", upload.api.url, "--rate", "10000/0.1")
    words = ("dlq", "redrive", upload.out, *address)
    first = avstar(*words, AVSTAR_MAX_ATTEMPTS="1", AVSTAR_BREAKER_FAILURES="1000")
    assert first.code == 3
    upload.api.faults({})
    assert avstar(*words).code == 0
    assert [path.name.rpartition(".")[0] for path in ledgers(upload)] == [
        f"{upload.ledger().name}.redrive-{number}.csv" for number in (1, 2)
    ]
    assert len(upload.api.spots()) == 200
    assert ", 0 open\n" in avstar("verify", upload.out, upload.exports[0]).out


def test_spots_are_not_sent_again_to_another_api(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api("--fault", "500=0.4"), new_export(60, bad=0))
    assert upload(*FAILING).code == 0
    other = api()
    done = avstar("dlq", "redrive", upload.out, "--api-url", other.url)
    assert f"was sent to {upload.api.url}, and this is {other.url}" in done.refusal
    assert other.stats()["requests"] == 0


def test_spots_of_local_time_need_no_zone_to_be_sent_again(
    api: New, tmp_path: Path, new_upload: New, avstar: Any
) -> None:
    rows = [
        {
            "SpotID": f"00{number}",
            "StationCode": "KABC",
            "AirDateTime": f"2026-11-24T05:30:{number:02}",
            "Duration": 30,
            "ClientName": "=1+1\0",
        }
        for number in range(40)
    ]
    path = tmp_path / "local.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    upload = new_upload(api("--fault", "500=0.5"), path)
    assert upload(*FAILING, "--timezone", "America/New_York").code == 0
    upload.api.faults({})
    address = ("--api-url", upload.api.url, "--rate", "10000/0.1")
    assert avstar("dlq", "redrive", upload.out, *address).code == 0
    found = {(spot["spot_id"], spot["airtime"], spot["advertiser"]) for spot in upload.api.spots()}
    assert found == {(row["SpotID"], row["AirDateTime"], row["ClientName"]) for row in rows}
