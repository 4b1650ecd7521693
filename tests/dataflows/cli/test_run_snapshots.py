"""What a store holds of a run, which the next version has to read: names, keys and shapes."""

import io
import pickle
import re
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

New = Callable[..., Any]

MODULE = "dataflows.avion_to_avstar:flow"
SMALL = ("--checkpoint-records", "100")

READ, SEND, BOOK = (
    "avion_to_avstar.read",
    "avion_to_avstar.deliver.send",
    "avion_to_avstar.ledger.book",
)

LANE = "version 1", {"<checksum>": ("int", "int", "bool")}
"""Offset and line of the next record, and whether the lane is done with the export."""

DELIVERY = "version 1", "bool"
"""Whether the API ever accepted anything."""

LEDGER = (
    "version 3",
    (
        "int",
        "int",
        {
            "records": "int",
            "valid": "int",
            "skipped": "int",
            "accepted": "int",
            "duplicates": "int",
            "reasons": {"<reason>": "int"},
            "attempts": "int",
            "tried": "int",
            "throttled": "int",
            "breaker_openings": "int",
            "paused_seconds": "float",
            "breaker_seconds": "float",
            "token_renewals": "int",
            "held_up": {},
        },
        {"lane-0": ("int", "int")},
        "str",
    ),
)
"""Bytes of receipts and of dead letters, counts, where the lanes stand, when it was begun."""


class PlainOnly(pickle.Unpickler):
    """Loads snapshots that name nothing which could be moved or renamed."""

    def find_class(self, module: str, name: str) -> Any:
        raise AssertionError(f"a snapshot holds a {module}.{name}")


class Store:
    """The recovery store of a run, opened."""

    def __init__(self, folder: Path) -> None:
        [self._path] = folder.glob("part-*.sqlite3")

    def snapshots(self) -> dict[tuple[str, str], Any]:
        rows = self._run("SELECT step_id, state_key, ser_change FROM snaps")
        return {(step, key): PlainOnly(io.BytesIO(pickled)).load() for step, key, pickled in rows}

    def rewrite(self, step: str, change: Callable[[Any], Any]) -> None:
        """Change the snapshots of a step, as another version would have written them."""
        for (found, key), snapshot in self.snapshots().items():
            if found == step:
                self._run(
                    "UPDATE snaps SET ser_change = ? WHERE step_id = ? AND state_key = ?",
                    pickle.dumps(change(snapshot)),
                    step,
                    key,
                )

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self._path)) as store, store:
            return store.execute(statement, values).fetchall()


def shape(value: Any, names: dict[Any, str]) -> Any:
    """Return what a snapshot is made of: types for values, and `names` for keys that differ."""
    if isinstance(value, tuple):
        return tuple(shape(one, names) for one in value)
    if isinstance(value, dict):
        return {names.get(key, key): shape(one, names) for key, one in value.items()}
    return type(value).__name__


@pytest.fixture
def half(api: New, new_export: New, new_upload: New) -> Any:
    """An upload that was stopped half-way."""
    upload = new_upload(api("--latency", "0.02"), new_export(900))
    running = upload.start(*SMALL)
    running.until(lambda: upload.accepted > 300)
    assert running.finish(signal.SIGTERM).code == 75
    return upload


def test_steps_keys_and_shapes_of_snapshots_are_those_that_stores_hold(half: Any) -> None:
    key = half.ledger().name
    snapshots = Store(half.state).snapshots()
    assert snapshots.keys() == {
        *((READ, f"lane-{i}") for i in range(8)),
        (SEND, "lane-0"),
        (BOOK, key),
    }
    book = snapshots[BOOK, key]
    names = dict.fromkeys(snapshots[READ, "lane-0"][1], "<checksum>")
    names |= dict.fromkeys(book[1][2]["reasons"], "<reason>")
    found = {
        place: (f"version {snapshot[0]}", shape(snapshot[1], names))
        for place, snapshot in snapshots.items()
    }
    assert found[READ, "lane-0"] == LANE
    assert all(found[READ, f"lane-{i}"] == ("version 1", {}) for i in range(1, 8))
    assert found[SEND, "lane-0"] == DELIVERY
    assert found[BOOK, key] == LEDGER


WORDS = {
    READ: r"the snapshot of lane-\d was written by another version",
    SEND: "the snapshot of a delivery lane was written by another version",
    BOOK: "the snapshot of a ledger was written by another version",
}


@pytest.mark.parametrize("step", WORDS)
def test_a_snapshot_of_another_version_is_refused_with_a_clear_word_and_nothing_is_sent(
    step: str, half: Any, python: Any, tmp_path: Path
) -> None:
    kept = shutil.copytree(half.state, tmp_path / "kept")
    before = half.api.stats()["requests"]
    Store(half.state).rewrite(step, lambda snapshot: (0, *snapshot[1:]))
    halted = half(*SMALL)
    assert halted.code == 1
    mend = "; finish the export with the version that began it, or move the state folder away to go"
    assert re.search(WORDS[step] + mend, halted.refusal)

    plain = python(
        "bytewax.run",
        *(MODULE, "-r", half.state, "-s", "0", "-b", "0"),
        AVSTAR_EXPORTS=str(half.exports[0]),
        AVSTAR_OUT=str(half.out),
        AVSTAR_API_URL=half.api.url,
        AVSTAR_RATE="100000/1",
    )
    assert plain.code
    assert re.search(WORDS[step], plain.err)
    assert half.api.stats()["requests"] == before

    shutil.rmtree(half.state)
    shutil.copytree(kept, half.state)
    assert half(*SMALL).code == 0
    half.assert_exact(890)
    assert half.api.stats()["requests"] == 890


def test_with_an_empty_state_folder_the_ledger_alone_is_gone_on_with(half: Any) -> None:
    """The way out when no version is left that reads the snapshots."""
    Store(half.state).rewrite(READ, lambda _: "something else entirely")
    assert half(*SMALL).code == 1
    shutil.rmtree(half.state)
    assert half(*SMALL).code == 0
    half.assert_exact(890)
    assert half.api.stats()["requests"] == 890
