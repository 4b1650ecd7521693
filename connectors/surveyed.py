"""What is kept of a survey, so that the same bytes need not be unpacked for it again."""

from typing import NamedTuple

from connectors.records import Split


class Surveyed(NamedTuple):
    """What a survey found in an export.

    `line_limit` is the one that it was divided with; the others are what `Export` says they are.
    """

    checksum: str
    size: int
    line_limit: int
    records: int
    splits: tuple[Split, ...]
    text_checksum: str
