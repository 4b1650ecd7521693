import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.errors import RefusedError
from connectors.records import Export, Split
from dataflows.knowledge import Knowledge, knowledge
from dataflows.store import recovery_store

EXPORT = Export(Path("day.ndjson"), "ndjson", "ab" * 32, 9, 1, (Split(0, 9, 1),))


def remember(folder: Path, *snapshots: tuple[str, int, bytes | None]) -> None:
    with closing(sqlite3.connect(folder / "part-0.sqlite3")) as store, store:
        store.executemany(
            "INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES ('s', ?, ?, ?)",
            snapshots,
        )


@pytest.mark.parametrize(
    ("snapshots", "known"),
    [
        ([], Knowledge.NOTHING),
        ([("lane-0", 1, b"cd" * 32), ("night.ndjson.abababababab", 1, b"x")], Knowledge.NOTHING),
        ([("lane-0", 1, b"--" + b"ab" * 32 + b"--")], Knowledge.LANES),
        ([("lane-0", 1, b"ab" * 32), (EXPORT.key, 1, b"x")], Knowledge.LEDGER),
        ([(EXPORT.key, 1, b"x"), (EXPORT.key, 2, None)], Knowledge.SEALED),
        ([(EXPORT.key, 2, b"x"), (EXPORT.key, 1, None)], Knowledge.LEDGER),
    ],
)
def test_a_store_knows_what_its_snapshots_say(
    tmp_path: Path, snapshots: list[tuple[str, int, bytes | None]], known: Knowledge
) -> None:
    with recovery_store(tmp_path):
        remember(tmp_path, *snapshots)
        assert knowledge(tmp_path, EXPORT) is known


def test_where_there_is_no_store_nothing_is_known(tmp_path: Path) -> None:
    assert knowledge(tmp_path, EXPORT) is Knowledge.NOTHING
    assert knowledge(tmp_path / "gone", EXPORT) is Knowledge.NOTHING


def test_a_store_that_lost_its_end_is_refused(tmp_path: Path) -> None:
    with recovery_store(tmp_path):
        remember(tmp_path, ("lane-0", 1, bytes(20_000)))
    part = tmp_path / "part-0.sqlite3"
    whole = part.read_bytes()
    assert len(whole) > 40_000
    part.write_bytes(whole[:-20_000])
    with pytest.raises(RefusedError, match=r"part-0\.sqlite3 cannot be used: .*; move "):
        knowledge(tmp_path, EXPORT)


def test_a_store_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part-0.sqlite3").touch()
    with pytest.raises(RefusedError, match=r"part-0\.sqlite3 cannot be used: it is no store; move"):
        knowledge(tmp_path, EXPORT)


def test_a_store_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part-0.sqlite3").write_bytes(b"no database" * 99)
    with pytest.raises(RefusedError, match=r"part-0\.sqlite3 cannot be used: file is not a data"):
        knowledge(tmp_path, EXPORT)
