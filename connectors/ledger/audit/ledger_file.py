"""One file of a ledger, read with its own digest and nothing else in mind."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from connectors.ledger.audit.findings import Findings, shown
from connectors.ledger.audit.shape import DEAD_LETTER, RECEIPT, Shape, flaws, natural

RECEIPTS = "receipts.ndjson"
DEAD_LETTERS = "dead-letters.ndjson"
SHAPES: Mapping[str, Shape] = {RECEIPTS: RECEIPT, DEAD_LETTERS: DEAD_LETTER}

Fields = Mapping[str, Any]


class Row(NamedTuple):
    """A well-formed row: its 1-based line in the file, the byte it starts at, and its fields."""

    number: int
    position: int
    fields: Fields


@dataclass
class LedgerFile:
    """Receipts or dead letters of one ledger. Iterate it once, then `sha256` is the file's."""

    path: Path
    findings: Findings
    _digest: Any = field(default_factory=sha256, init=False)

    @property
    def sha256(self) -> str:
        """Digest of what has been read, in hex."""
        return str(self._digest.hexdigest())

    def where(self, row: int) -> str:
        """Name a row as editors and people do."""
        return f"{self.path}:{row}"

    def __iter__(self) -> Iterator[Row]:
        try:
            with self.path.open("rb") as file:
                yield from self._rows(file)
        except FileNotFoundError:
            self.findings.add("file", self.path, "is missing")

    def _rows(self, file: BinaryIO) -> Iterator[Row]:
        position = 0
        for number, line in enumerate(file, 1):
            self._digest.update(line)
            if not line.endswith(b"\n"):
                self.findings.add("torn", self.where(number), "the last line has no end")
            fields, flaw = parse(line, SHAPES[self.path.name])
            if flaw:
                self.findings.add("row", self.where(number), flaw)
            else:
                yield Row(number, position, fields)
            position += len(line)


def parse(line: bytes, shape: Shape) -> tuple[Fields, str | None]:
    """Read one row; the second value says what is wrong with it, None if nothing is."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return {}, "is not JSON"
    flaw = next(flaws(fields, shape), None)
    if not flaw and shape is DEAD_LETTER:
        flaw = _contradiction(fields)
    return fields, flaw


def look_up(file: BinaryIO, position: int, shape: Shape) -> Fields:
    """Read the row at a position again; nothing if it is no longer what it was."""
    file.seek(position)
    fields, flaw = parse(file.readline(), shape)
    return {} if flaw else fields


def original(letter: Fields) -> bytes | None:
    """Give a dead letter's bytes; None where `raw` and `raw_base64` contradict each other."""
    raw, exact = letter["raw"], letter.get("raw_base64")
    if exact is None:
        return bytes(raw.encode(errors="surrogatepass"))
    try:
        data = b64decode(exact, validate=True)
    except (TypeError, ValueError):
        return None
    return data if data.decode(errors="replace") == raw else None


def _contradiction(letter: Fields) -> str | None:
    if original(letter) is None:
        return "`raw_base64` is not what `raw` shows"
    if not natural(letter.get("length", 0)):
        return f"`length` cannot be {shown(letter['length'])}"
    return None
