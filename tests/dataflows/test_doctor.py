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


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "landing").mkdir()
    return {"follow": tmp_path / "landing", "archive": tmp_path / "archive"}


def test_of_a_landing_folder_it_is_told_what_waits_and_how_it_leaves(
    found: Callable[..., dict[str, Finding]], places: dict[str, Path]
) -> None:
    (places["follow"] / "day.ndjson").touch()
    seen = found(out=None, **places)
    assert {what: one.level for what, one in seen.items() if what != "api"} == {
        **dict.fromkeys(["versions", "follow", "settings", "out", "state"], "ok")
    }
    landing, archive = places.values()
    assert seen["follow"].words == (
        f"{landing}, where 1 wait; what is done is moved to {archive} in one step"
    )
    assert str(archive) in seen["out"].words
    assert sorted(path.name for path in landing.iterdir()) == ["day.ndjson"]


def test_two_file_systems_are_told_since_what_is_done_is_copied(
    found: Callable[..., dict[str, Finding]], places: dict[str, Path], tmp_path: Path
) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    seen = found(**{**places, "archive": other / "none", "out": None})
    assert seen["follow"].level == "ok"
    assert seen["follow"].words.endswith("by a copy that is compared: another file system")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"follow": "gone"}, "gone is no folder; give --follow the one where exports arrive"),
        ({"archive": None}, "--follow needs --archive"),
        ({"archive": "landing/rejected/x"}, "where exports come and go; give --archive another"),
        ({"strict": True}, "--follow does not go with --strict"),
    ],
)
def test_what_a_follower_would_refuse_is_found(
    given: dict[str, Any],
    words: str,
    found: Callable[..., dict[str, Finding]],
    places: dict[str, Path],
    tmp_path: Path,
) -> None:
    moved = {
        name: tmp_path / value if isinstance(value, str) else value for name, value in given.items()
    }
    seen = found(**{**places, "out": None, **moved})
    assert seen["follow"].level == "FAIL"
    assert words in seen["follow"].words


def test_an_archive_in_the_landing_folder_is_warned_of(
    found: Callable[..., dict[str, Finding]], places: dict[str, Path]
) -> None:
    seen = found(**{**places, "archive": places["follow"] / "archive", "out": None})
    assert seen["follow"].level == "warn"
    assert "that lies in the landing folder" in seen["follow"].words
