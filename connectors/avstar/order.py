"""The order in which spots are sent, and which of them together."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable

from connectors.records import Spot

Placed = tuple[int, Spot]
"""A spot with its place in the batch."""


class Order:
    """Hands out the spots of a batch, so that those of one request ID follow each other.

    Sent at once, two rows of one request ID would race, and chance would say which the API keeps.
    All others do not wait. Spots are asked for when they can be sent, and so are made while others
    are under way.

    Whoever takes spots says when they are settled, and then takes again: what waited for them comes
    first.

    Args:
        spots: The batch.
        most: Says how many spots may be sent together now.
    """

    def __init__(self, spots: Iterable[Spot], most: Callable[[], int]) -> None:
        self._rest = enumerate(spots)
        self._most = most
        self._under_way: set[str] = set()
        self._waiting: defaultdict[str, deque[Placed]] = defaultdict(deque)
        self._free: deque[Placed] = deque()

    def take(self) -> list[Placed]:
        """Return spots to be sent together, no two of one request ID; none if there are none now.

        What waits is left to those who have taken what it waits for.
        """
        most, under_way = self._most(), self._under_way
        taken = [self._free.popleft() for _ in range(min(most, len(self._free)))]
        if len(taken) == most:
            return taken
        for placed in self._rest:
            request_id = placed[1].request_id
            if request_id in under_way:
                self._waiting[request_id].append(placed)
                continue
            under_way.add(request_id)
            taken.append(placed)
            if len(taken) == most:
                break
        return taken

    def settled(self, taken: Iterable[Placed]) -> None:
        """Let go what waits for spots that were taken."""
        for _, spot in taken:
            if waiting := self._waiting.get(spot.request_id):
                self._free.append(waiting.popleft())
            else:
                self._waiting.pop(spot.request_id, None)
                self._under_way.remove(spot.request_id)
