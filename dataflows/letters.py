"""Dead letters in words, for a terminal."""

from collections.abc import Iterator

from connectors.desk import MEANINGS, TO_DO, Group
from connectors.desk.groups import station_of
from connectors.ledger import Came, OpenLetter, Sealed, original
from connectors.records import DeadLetter
from connectors.trail import trace_of

_STATIONS = 8
_SHOWN = 160
"""Characters of a record that an example shows."""


def head_line(came: Came) -> str:
    """Say how many dead letters there are, and what became of the others."""
    total = came.delivered + came.replaced + came.open
    return (
        f"{came.open:,} dead letters open, of {total:,}: {came.delivered:,} delivered since, "
        f"{came.replaced:,} replaced by corrected rows"
    )


def group_lines(group: Group) -> Iterator[str]:
    """Show one group: what it is, where, examples, and what to do."""
    yield f"\n{group.count:>8,}  {group.reason}: {MEANINGS[group.reason]}"
    most = group.stations.most_common(_STATIONS)
    left = len(group.stations) - len(most)
    places = ", ".join(f"{station} {count:,}" for station, count in most)
    yield f"          {_plain(places)}{f' and {left:,} more stations' if left else ''}"
    for one in group.examples:
        yield f"          {_example(one)}"
    if group.redrivable:
        yield f"          {group.redrivable:,} can be sent again: avstar dlq redrive"
    else:
        yield f"          to do: {TO_DO[group.reason]}"


def found_lines(ledger: Sealed, letter: DeadLetter) -> Iterator[str]:
    """Show one dead letter in full."""
    yield f"{ledger.manifest.export}, line {letter.line:,}, byte {letter.offset:,}"
    values = {
        "reason": f"{letter.reason}: {MEANINGS[letter.reason]}",
        "detail": letter.detail,
        "to do": TO_DO[letter.reason],
        "status": "none" if letter.status is None else str(letter.status),
        "attempts": str(letter.attempts),
        "request ID": letter.request_id or "none: it never became a spot",
        "trace ID": trace_of(letter, ledger.manifest.checksum),
        "redrivable": "yes" if letter.redrivable else "no",
        "ledger": str(ledger.folder),
    }
    if letter.ancestor:
        origin = letter.ancestor
        values["came from"] = (
            f"line {origin.line:,} of the export {origin.checksum}, request ID "
            f"{origin.request_id or 'none'}"
        )
    yield from (f"  {name:<12}{_plain(value)}" for name, value in values.items())
    fields = original(letter, ledger.manifest)
    for name, value in (fields or {}).items():
        yield f"    {_plain(name)} = {_plain(repr(value))}"
    yield f"  {'record':<12}{_plain(letter.raw.decode(errors='backslashreplace'))}"


def _example(one: OpenLetter) -> str:
    letter = one.letter
    where = f"{one.ledger.manifest.export}:{letter.line} {station_of(one)}"
    return f"{_plain(where)}: {_plain(letter.detail or 'no answer')[:_SHOWN]}"


def _plain(text: str) -> str:
    """Keep what stands in an export from steering the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
