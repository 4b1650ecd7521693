"""The export that an upload was begun with, kept beside its ledger."""

import base64
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from connectors.ledger.digested import read_digested, write_digested
from connectors.records import Export, Split
from connectors.surveyed import Surveyed

IDENTITY = ".export"
VERSION = 2

_ADDRESS = "api_url"
"""What may be edited, should the API move."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Content of an export, where its spots go, and how it was divided into records.

    `splits` are start, end and line of what each lane reads: they belong to the snapshots of the
    run that began it. `milestones` are the survey's, in base64. `ancestors` are the SHA-256 of the
    exports that the rows of a sheet come from. `text_checksum` is the SHA-256 of what is in a
    packed export, empty for others. The file has a digest of all that, `sha256`, but for `api_url`,
    which may be edited.
    """

    version: int = VERSION
    export: str
    checksum: str
    bytes: int
    total_records: int
    api_url: str
    line_limit: int
    stations: list[str] | None
    splits: list[list[int]]
    milestones: str
    ancestors: list[str] = field(default_factory=list)
    text_checksum: str = ""

    def write(self, folder: Path) -> None:
        """Write `.export` in one step, and the ledger's folder with it."""
        folder.mkdir(parents=True, exist_ok=True)
        write_digested(folder / IDENTITY, asdict(self), editable=_ADDRESS)

    def divided(self) -> tuple[Split, ...]:
        """Return the splits."""
        return tuple(Split(*split) for split in self.splits)

    @property
    def surveyed(self) -> Surveyed:
        """What the survey found."""
        return Surveyed(
            self.checksum,
            self.bytes,
            self.line_limit,
            self.total_records,
            self.divided(),
            self.text_checksum,
        )

    def is_of(self, export: Export) -> bool:
        """Tell whether the splits leave nothing of an export out, and have nothing twice."""
        splits = self.divided()
        starts = [split.start for split in splits]
        ends = [split.end for split in splits]
        first, last = export.splits[0].start, export.splits[-1].end
        return starts == [first, *ends[:-1]] and ends[-1:] == [last]


def identity_of(
    export: Export, *, api_url: str, line_limit: int, stations: Iterable[str] | None
) -> Identity:
    """Return what is kept of an export."""
    return Identity(
        export=export.path.name,
        checksum=export.checksum,
        bytes=export.size,
        total_records=export.records,
        api_url=api_url,
        line_limit=line_limit,
        stations=None if stations is None else sorted(stations),
        splits=[list(split) for split in export.splits],
        milestones=base64.b64encode(export.milestones).decode(),
        ancestors=list(export.ancestors),
        text_checksum=export.text_checksum,
    )


def read_identity(folder: Path) -> Identity | None:
    """Return what an upload was begun with, None if none was.

    Raises:
        RefusedError: It is damaged, or of another version.
    """
    return read_digested(folder / IDENTITY, Identity, VERSION, editable=_ADDRESS)
