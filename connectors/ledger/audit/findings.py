"""What an audit holds against a ledger: every finding counted, the first of each kind kept."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

EXAMPLES = 20
"""Findings of one kind that are shown: enough to see what is wrong, few enough to be read."""

SHOWN_CHARACTERS = 80
"""Of a value out of a file; it may be as long as a record."""

Kind = Literal[
    "unsealed",
    "manifest",
    "file",
    "torn",
    "row",
    "digest",
    "count",
    "invariant",
    "repeated",
    "conflict",
    "request_id",
    "station",
    "export",
    "missing",
    "stray",
    "line",
    "text",
    "raw",
    "ancestor",
    "twice",
    "chain",
    "signature",
]
"""What a finding is about, one stable word each."""


class Findings:
    """What is wrong with one ledger, in the order it was found.

    `counts` holds all of them by kind; iterating gives one line of text for each, at most
    `EXAMPLES` of a kind, and then one line for each kind that has more.
    """

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self._shown: list[str] = []

    def add(self, kind: Kind, where: Path | str, what: str) -> None:
        """Hold `what` against `where`: a file, or a file and line as in `receipts.ndjson:17`."""
        self.counts[kind] += 1
        if self.counts[kind] <= EXAMPLES:
            self._shown.append(f"{where}: {what} [{kind}]")

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __iter__(self) -> Iterator[str]:
        yield from self._shown
        for kind, count in self.counts.items():
            if count > EXAMPLES:
                yield f"and {count - EXAMPLES:,} more like these, {count:,} in all [{kind}]"


def shown(value: object) -> str:
    """Write a value out of a file so that it fits, and stays, on one line."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
