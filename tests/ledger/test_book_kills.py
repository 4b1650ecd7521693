"""A kill between any two steps of the ledger: the next process brings it to the same end."""

import os
import pickle
import sys
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest

import connectors.ledger
from connectors.ledger.book import Book
from connectors.ledger.manifest import read_manifest
from tests.ledger.night import FILES, Api, Row, assert_true_to, entries, export_of, rows_of

# The process that forks may hold threads of other tests; the fork only writes its ledger.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

LEDGER = str(Path(connectors.ledger.__file__).parent)
KILLED = 9
KILLS = 60

NIGHT = [
    [Row("a", 1, "sent"), Row("b", 1, "schema"), Row("c", 1, "lost")],
    [Row("a", 2, "sent"), Row("c", 2, "sent"), Row("d", 1, "sent")],
    [Row("a", 1, "sent"), Row("d", 2, "sent"), Row("e", 1, "rejected")],
]
"""Conflicts in the second and third batch, one of them with a row that may have been scheduled."""


class Steps:
    """Counts the lines that run in the ledger, and ends the process before one, as a kill does."""

    def __init__(self, last: int) -> None:
        self.passed = 0
        self._last = last

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith((LEDGER, __file__)):
            return None
        if event == "line":
            self.passed += 1
            if self.passed == self._last:
                os._exit(KILLED)
        return self


def live(place: Path) -> None:
    """Begin or resume the night, as a process of its own would."""
    folder, snapshot, api = place / "ledger", place / "snapshot", Api(place / "api")
    if read_manifest(folder):
        return
    state, done = pickle.loads(snapshot.read_bytes()) if snapshot.exists() else (None, 0)
    book = Book(
        folder,
        export_of(NIGHT),
        state,
        mode="upload",
        stations=None,
        api_url="http://a",
        efforts=True,
    )
    for number in range(done, len(NIGHT)):
        for entry in entries(NIGHT, number, api):
            book.add(entry)
        if book.is_complete:
            book.seal()
            return
        draft = snapshot.with_suffix(".draft")
        draft.write_bytes(pickle.dumps((book.commit(), number + 1)))
        draft.replace(snapshot)


def life(place: Path, step: int) -> int:
    """Live in a process that is killed at a step; return its exit code, 0 if it lived on."""
    place.mkdir(exist_ok=True)
    child = os.fork()
    if not child:
        code = 1
        try:
            steps = Steps(step)
            sys.settrace(steps)
            live(place)
            sys.settrace(None)
            (place / "steps").write_text(str(steps.passed))
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def lines(place: Path) -> list[list[int]]:
    return [sorted(row["line"] for row in rows_of(place / "ledger", name)) for name in FILES]


def test_a_kill_at_any_step_leaves_the_ledger_exact(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    assert life(whole, 0) == 0
    last, seed = int((whole / "steps").read_text()), int.from_bytes(os.urandom(4), "big")
    print(f"kills seeded with {seed}, of {last} steps")  # noqa: T201 - to be repeated if it fails
    chance = Random(seed)
    for number in range(KILLS):
        place = tmp_path / str(number)
        step = chance.randint(number * last // KILLS + 1, (number + 1) * last // KILLS)
        assert life(place, step) == KILLED
        life(place, chance.randint(1, last))  # a second kill, unless it comes too late
        assert life(place, 0) == 0
        assert lines(place) == lines(whole)
        assert_true_to(place / "ledger", NIGHT, Api(place / "api"))
        manifest = read_manifest(place / "ledger")
        assert manifest
        assert manifest.reconciled
        assert (manifest.attempts, manifest.throttled) == (8, 8)
        left = {path.name for path in (place / "ledger").iterdir()}
        assert left == {*FILES, ".checkpoint", "manifest.json"}
