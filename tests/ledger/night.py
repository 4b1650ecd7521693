"""A night in small: an API that says 409 and no more, and a delivery that settles batches there.

Both are models, but the ledger that is written for them is the real one.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from connectors.effort import Effort
from connectors.ledger.book import Entry
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Split, Tally

Fate = Literal["sent", "lost", "down", "rejected", "schema", "skipped"]
"""What happens to a row: `lost` is scheduled, but its answers get lost until it is given up; `down`
never reaches the API."""

FILES = ("receipts.ndjson", "dead-letters.ndjson")


class Row(NamedTuple):
    """A record of the export: what it is known by, what it says beside that, and its fate."""

    key: str
    duration: int
    fate: Fate


class Api:
    """Schedules a request ID once, and answers every later one with a bare 409.

    With a `file` it outlives its process, as an API does.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        lines = file.read_text().splitlines() if file and file.exists() else []
        self.scheduled: dict[str, int] = dict(map(json.loads, lines))

    def accepts(self, row: Row) -> bool:
        if row.key in self.scheduled:
            return False
        self.scheduled[row.key] = row.duration
        if self._file:
            with self._file.open("a") as file:
                file.write(json.dumps([row.key, row.duration]) + "\n")
        return True


def export_of(batches: Sequence[Sequence[Row]]) -> Export:
    records = sum(map(len, batches))
    return Export(Path("day"), "ndjson", "ab" * 32, records, records, (Split(0, 9, 1),))


def entries(batches: Sequence[Sequence[Row]], number: int, api: Api) -> list[Entry]:
    """Settle one batch, and give what goes to its ledger."""
    rows = batches[number]
    first = sum(map(len, batches[:number]))
    span = Span(export_of(batches).key, "ab" * 32, "lane-0", first, first + len(rows), first + 1)
    settled = list(_settled(rows, first + 1, api))
    skipped, bad = (sum(row.fate == fate for row in rows) for fate in ("skipped", "schema"))
    valid = len(rows) - skipped - bad
    receipts = [one for one in settled if isinstance(one, Receipt)]
    letters = [one for one in settled if isinstance(one, DeadLetter)]
    effort = Effort(span, valid, valid, 0, valid, 0, valid / 4, 0.0, 0, 0.0)
    all_of_it: list[Any] = [Batch(span, letters), Tally(span, len(rows), valid, skipped)]
    return [*all_of_it, Batch(span, receipts), *([effort] if valid else [])]


def _settled(rows: Sequence[Row], line: int, api: Api) -> Iterator[Receipt | DeadLetter]:
    for number, row in enumerate(rows, line):
        raw = f"{row.key} {row.duration}".encode()
        accepted = row.fate in {"sent", "lost"} and api.accepts(row)
        if row.fate == "sent":
            outcome, status = ("accepted", 201) if accepted else ("duplicate", 409)
            spot = (number, number, row.key, "K", "t", row.key, outcome, status, 1, "now")
            yield Receipt(*spot, row.duration, "Acme", raw)
        elif row.fate in {"lost", "down"}:
            yield DeadLetter(number, number, "retries_exhausted", "", None, True, row.key, 1, raw)
        elif row.fate == "rejected":
            yield DeadLetter(number, number, "rejected", "", 400, False, row.key, 1, raw)
        elif row.fate == "schema":
            yield DeadLetter(number, number, "schema", "", None, False, None, 0, raw)


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in (folder / name).read_bytes().splitlines()]


def assert_true_to(folder: Path, batches: Sequence[Sequence[Row]], api: Api) -> None:
    """Hold a sealed ledger against its export and the API, which must agree on every receipt."""
    rows = dict(enumerate((row for batch in batches for row in batch), 1))
    receipts, letters = (rows_of(folder, name) for name in FILES)
    told = [row["line"] for row in (*receipts, *letters)]
    assert sorted(told) == [line for line, row in rows.items() if row.fate != "skipped"]
    for receipt in receipts:
        row = rows[receipt["line"]]
        assert row.fate == "sent"
        assert receipt["duration_sec"] == row.duration == api.scheduled[row.key]
    doubted = {row.key for row in rows.values() if row.fate in {"lost", "down"}}
    for letter in letters:
        row = rows[letter["line"]]
        if letter["reason"] == "conflicting_duplicate":
            assert row.fate == "sent"
            assert row.duration != api.scheduled[row.key] or row.key in doubted
            assert letter["raw"] == f"{row.key} {row.duration}"
        else:
            assert row.fate not in {"sent", "skipped"}
