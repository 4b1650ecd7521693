"""The order in which spots are sent."""

from collections.abc import Iterator, Sequence

from connectors.records import Spot

Turn = list[tuple[int, Spot]]
"""Spots to be sent one after the other, each with its place in the batch."""


def turns(spots: Sequence[Spot]) -> Iterator[Turn]:
    """Divide spots so that those of one request ID follow each other and all others do not wait.

    Sent at once, two rows of one request ID would race, and chance would say which the API keeps.
    """
    found: dict[str, Turn] = {}
    for i, spot in enumerate(spots):
        found.setdefault(spot.request_id, []).append((i, spot))
    return iter(found.values())
