from pathlib import Path
from typing import Any

from connectors.ledger import read_manifest


def test_the_demo_goes_the_whole_way_and_can_be_proven(avstar: Any, tmp_path: Path) -> None:
    done = avstar("demo", "--records", "300", "--folder", tmp_path / "demo", AVSTAR_TOKEN=None)
    assert (done.code, done.complaint) == (0, "")
    assert "reconciled    yes" in done.out
    (ledger,) = (tmp_path / "demo").glob("*/sample.ndjson.*")
    manifest = read_manifest(ledger)
    assert manifest
    assert (manifest.total_records, manifest.accepted, manifest.reconciled) == (300, 290, True)
    words = done.out.splitlines()[-1].partition("avstar ")[2].split()
    proven = avstar(*words)
    assert (proven.code, "verified: 300 records" in proven.out) == (0, True)


def test_the_demo_listens_to_no_setting_of_a_real_upload(
    avstar: Any, tmp_path: Path, recorder: Any
) -> None:
    before = recorder.requests
    done = avstar(
        "demo",
        "--records",
        "20",
        "--folder",
        tmp_path / "demo",
        AVSTAR_API_URL=recorder.url,
        AVSTAR_TOKEN_FILE="/gone",
        AVSTAR_VALIDATE_ONLY="1",
        AVSTAR_STATIONS="WXYZ",
    )
    assert (done.code, done.complaint) == (0, "")
    assert "accepted      10" in done.out
    assert recorder.requests == before


def test_a_demo_that_has_no_place_says_so_in_one_line(avstar: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = avstar("demo", "--folder", tmp_path / "file")
    assert refused.code in {1, 2}
    assert str(tmp_path / "file") in refused.refusal
