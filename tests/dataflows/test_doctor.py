from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataflows import doctor
from dataflows.doctor import Finding, examine
from dataflows.settings import load_settings, strange_variables

API = "http://127.0.0.1:1"
"""Nobody answers there, which is a finding as well."""


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., dict[str, Finding]]:
    def look(*exports: Path, **given: Any) -> dict[str, Finding]:
        usual = {"out": tmp_path / "out", "api_url": API, "token": "t", "exports": exports}
        return {one.what: one for one in examine(load_settings(**{**usual, **given}))}

    return look


def test_a_run_that_can_begin_is_described(
    found: Callable[..., dict[str, Finding]], new_export: Callable[..., Path], tmp_path: Path
) -> None:
    path = new_export(1200)
    seen = found(path)
    levels = {what: one.level for what, one in seen.items() if what != "api"}
    assert set(levels.values()) == {"ok"}
    assert "quota 600/60" in seen["settings"].words
    assert "1,200 records, ndjson" in seen[str(path)].words
    assert seen[str(path)].words.endswith("not begun")
    assert seen["duration"].words == "0:02:00 for 1,200 records at 600/60"
    assert seen["api"].level == "FAIL"
    assert [one.name for one in tmp_path.iterdir()] == ["in"]  # nothing was made


def test_bulk_requests_shorten_the_night(
    found: Callable[..., dict[str, Finding]], new_export: Callable[..., Path]
) -> None:
    seen = found(new_export(1200), records_per_request=100)
    assert "20 in flight at most, up to 100 spots in one" in seen["settings"].words
    assert seen["duration"].words == "0:00:01 for 1,200 records at 600/60"
    assert "/ingest/bulk" in seen["api"].words


def test_what_a_run_would_refuse_is_found_beside_all_the_rest(
    found: Callable[..., dict[str, Finding]], tmp_path: Path
) -> None:
    seen = found(tmp_path / "gone.ndjson", token=None)
    assert seen["settings"] == ("FAIL", "settings", seen["settings"].words)
    assert "no token" in seen["settings"].words
    assert seen["exports"].level == "FAIL"
    assert "gone.ndjson cannot be read" in seen["exports"].words
    assert seen["out"].level == "ok"


def test_without_an_export_nothing_is_said_of_one(found: Callable[..., dict[str, Finding]]) -> None:
    assert found()["exports"].level == "warn"


def test_a_state_on_a_network_file_system_is_warned_of(
    found: Callable[..., dict[str, Finding]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path.resolve()} nfs4 rw 0 0\n")
    monkeypatch.setattr(doctor, "_MOUNTS", mounts)
    seen = found()
    assert seen["state"].level == "warn"
    assert "is on nfs4; snapshots need a local or block volume" in seen["state"].words


def test_too_little_room_is_warned_of(
    found: Callable[..., dict[str, Finding]],
    new_export: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "_ROOM", 1e12)
    assert found(new_export(10))["out"].level == "warn"


def test_a_misspelt_variable_is_named_with_the_one_it_is_near(
    monkeypatch: pytest.MonkeyPatch, found: Callable[..., dict[str, Finding]]
) -> None:
    for name in ("AVSTAR_RTAE", "AVSTAR_XYZZY", "AVSTAR_PORT_80_TCP", "AVSTAR_SERVICE_HOST"):
        monkeypatch.setenv(name, "1")
    monkeypatch.delenv("AVSTAR_TOOLS", raising=False)
    assert list(strange_variables()) == [("AVSTAR_RTAE", "AVSTAR_RATE"), ("AVSTAR_XYZZY", None)]
    assert found()["AVSTAR_RTAE"] == (
        "warn",
        "AVSTAR_RTAE",
        "is no setting; AVSTAR_RATE is one",
    )
