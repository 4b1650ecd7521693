"""The order in which spots are sent, and which of them together."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from connectors.records import Spot

Turn = list[tuple[int, Spot]]
"""Spots of one request ID, to be sent one after the other, each with its place in the batch."""

Load = list[tuple[int, Spot]]
"""Spots to be sent together, of as many request IDs, each with its place in the batch."""


def turns(spots: Sequence[Spot]) -> list[Turn]:
    """Divide spots so that those of one request ID follow each other and all others do not wait.

    Sent at once, two rows of one request ID would race, and chance would say which the API keeps.
    """
    found: dict[str, Turn] = {}
    for i, spot in enumerate(spots):
        found.setdefault(spot.request_id, []).append((i, spot))
    return list(found.values())


def loads(found: Sequence[Turn], most: Callable[[], int]) -> Iterator[list[Load]]:
    """Divide turns into loads of at most `most` spots; those of one list follow each other."""
    rest = iter(found)
    while together := list(islice(rest, most())):
        if len(together) == 1:
            yield [[one] for one in together[0]]
        else:
            longest = max(map(len, together))
            yield [[turn[i] for turn in together if i < len(turn)] for i in range(longest)]
