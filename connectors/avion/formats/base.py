"""What a format must know."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from connectors.records import Format, Reason


class Malformed(NamedTuple):
    """A record that the format itself cannot read, with the reason and words for people."""

    reason: Reason
    detail: str


class RecordFormat(Protocol):
    """A format of exports; stateless. Add one by adding a module with such a class."""

    @property
    def name(self) -> Format:
        """What the format is called."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File names that it goes by, in lower case, with the dot."""

    def cut(self, data: bytes, *, last: bool, limit: int) -> tuple[list[bytes], bytes]:
        """Cut `data`, which begins at a record, into records without their line ends.

        `last` says that nothing follows. Returns the records and the unfinished rest.
        """

    def header(self, record: bytes | None) -> tuple[str, ...]:
        """Return the columns that the first record names; () where the format has no header.

        Raises:
            RefusedError: The header cannot be used.
        """

    def decode(self, raws: Sequence[bytes], columns: tuple[str, ...]) -> Sequence[Any]:
        """Turn records into what `schema(...)` checks, each alone, a `Malformed` among them."""

    def malformed(self, raw: bytes, columns: tuple[str, ...]) -> Malformed | None:
        """Say why a single record is none; None if only its fields are wrong."""
