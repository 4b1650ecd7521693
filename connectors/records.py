"""The nouns that flow: a line of the export becomes a spot, a spot a receipt or a dead letter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, NamedTuple, TypeVar, get_args

T_co = TypeVar("T_co", covariant=True)

KEY_DIGITS = 12
"""Hex digits of the checksum in an export's key: enough to tell a folder's exports apart."""

COLUMNS = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
"""What the traffic system calls the fields that every spot needs."""

Format = Literal["ndjson", "csv", "json"]
Packing = Literal["none", "gzip", "zstd"]


class Split(NamedTuple):
    """A byte range of an export's text, from one record to another; `line` is that at `start`."""

    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Export:
    """One traffic export, identified by its content.

    `checksum` is the SHA-256 of the file in hex, `size` its bytes, `records` what it holds without
    blank lines and header, `columns` the header of a CSV, else empty. `milestones` are digests of
    its beginnings, by which a later version is seen to differ, and where; `stamp` is what the file
    system said of it, empty if nobody asked. `ancestors` are the checksums of the exports that its
    records come from, if it is a sheet of the traffic desk. Its text is what `packing` holds, and
    `text_checksum` that text's SHA-256 if it is packed; offsets count in the text.
    """

    path: Path
    format: Format
    checksum: str
    size: int
    records: int
    splits: tuple[Split, ...]
    columns: tuple[str, ...] = ()
    milestones: bytes = b""
    stamp: tuple[int, ...] = ()
    ancestors: tuple[str, ...] = ()
    packing: Packing = "none"
    text_checksum: str = ""

    @property
    def key(self) -> str:
        """Name of the export's ledger folder: file name and the first digits of its checksum."""
        return f"{self.path.name}.{self.checksum[:KEY_DIGITS]}"


class Line(NamedTuple):
    """One record as it stands in the export: its bytes, and where they begin.

    `number` is the 1-based physical line, `offset` the byte offset. A record over the limit keeps
    only its head in `raw`; `length` is its true size in bytes, and `len(raw)` for all others.
    """

    raw: bytes
    number: int
    offset: int
    length: int


class Ancestor(NamedTuple):
    """The record of an earlier export that a record comes from, by way of the traffic desk.

    `checksum` is that export's SHA-256, `line` and `offset` say where the record stands in it, and
    `request_id` is its own; None if it never became a spot.
    """

    checksum: str
    line: int
    offset: int
    request_id: str | None


class Spot(NamedTuple):
    """A validated record. `duration` is in seconds; every string is exactly the export's.

    With the `request_id` of its `ancestor` it is that spot once more, else its heir.
    """

    line: int
    offset: int
    spot_id: str
    station: str
    airtime: str
    duration: int
    advertiser: str
    request_id: str
    raw: bytes
    ancestor: Ancestor | None = None


class Receipt(NamedTuple):
    """A delivered spot. `status` is the HTTP status, `delivered_at` UTC in ISO 8601.

    `raw` is not written down: it is there for the dead letter that a `duplicate` may turn into.
    """

    line: int
    offset: int
    spot_id: str
    station: str
    airtime: str
    request_id: str
    outcome: Literal["accepted", "duplicate"]
    status: int
    attempts: int
    delivered_at: str
    duration_sec: int
    advertiser: str
    raw: bytes
    ancestor: Ancestor | None = None


Reason = Literal[
    "not_json",
    "not_csv",
    "schema",
    "encoding",
    "line_too_long",
    "unchanged",
    "rejected",
    "conflicting_duplicate",
    "circuit_open",
    "retries_exhausted",
]
"""Why a record was not delivered; the first six are found before anything is sent."""

REJECTIONS: frozenset[Reason] = frozenset(get_args(Reason)[:6])
"""Reasons found in the export itself; all others came from the API."""


class DeadLetter(NamedTuple):
    """A record that was not delivered, with its original bytes and why.

    `detail` is for people; `redrivable` says that sending it again under the same request ID may
    succeed. `status` is the API's last HTTP status, None where it gave none.
    """

    line: int
    offset: int
    reason: Reason
    detail: str
    status: int | None
    redrivable: bool
    request_id: str | None
    attempts: int
    raw: bytes
    ancestor: Ancestor | None = None


class Span(NamedTuple):
    """Where a batch stands: `start` to `end` are byte offsets, `line` the physical line at `end`.

    `export` is the export's key, `checksum` its SHA-256.
    """

    export: str
    checksum: str
    lane: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Batch(Generic[T_co]):
    """Consecutive records of one export and one lane: what an epoch carries from step to step.

    Iterable, so `bytewax.operators.flatten` gives a stream of single records.
    """

    span: Span
    records: Sequence[T_co]

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)


class Tally(NamedTuple):
    """What validation made of one batch: `records` read, of them `valid` and `skipped`."""

    span: Span
    records: int
    valid: int
    skipped: int
