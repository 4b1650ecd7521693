"""What the traffic desk is told of a night: one message, not one a record."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.desk.groups import Group, groups
from connectors.desk.words import MEANINGS, TO_DO
from connectors.ledger import OpenLetter, Sealed
from connectors.ledger.files import sha256_of
from connectors.ledger.manifest import MANIFEST

_STATIONS = 12


class Message(NamedTuple):
    """A message in plain text."""

    title: str
    body: str


def message(ledgers: Sequence[Sealed], letters: Iterable[OpenLetter]) -> Message:
    """Write of some ledgers what is open in them, and how their manifests can be told."""
    found = groups(letters)
    count = sum(group.count for group in found)
    names = sorted({ledger.manifest.export for ledger in ledgers})
    exports = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 - a title is short
    records = sum(ledger.manifest.total_records for ledger in ledgers)
    lines = [f"{count:,} of {records:,} records were not delivered.", ""]
    for group in found:
        lines += _told(group)
    lines += ["", "Sheet to correct: avstar dlq csv OUT --csv FILE", "", "Manifests (SHA-256):"]
    lines += [f"{sha256_of(one.folder / MANIFEST)}  {one.folder.name}" for one in ledgers]
    return Message(f"Avstar: {count:,} spots of {exports} need the traffic desk", "\n".join(lines))


def _told(group: Group) -> list[str]:
    stations = ", ".join(
        f"{_plain(name)} {count:,}" for name, count in group.stations.most_common(_STATIONS)
    )
    first = group.examples[0]
    where = f"line {first.letter.line:,} of {first.ledger.manifest.export}"
    return [
        f"{group.count:,}: {MEANINGS[group.reason]}",
        f"   stations: {stations}",
        f"   first: {where}: {_plain(first.letter.detail)[:200]}",
        f"   to do: {TO_DO[group.reason]}",
    ]


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
