"""The order in which spots are sent, and which of them together."""

from collections.abc import Callable, Iterable

from connectors.records import Spot

Load = list[tuple[int, Spot]]
"""Spots to be sent together, of as many request IDs, each with its place in the batch."""


class Order:
    """Hands out the spots of a batch, so that those of one request ID follow each other.

    Sent at once, two rows of one request ID would race, and chance would say which the API keeps.
    All others do not wait. Spots are asked for when they can be sent, and so are made while others
    are under way.

    Args:
        spots: The batch.
        most: Says how many spots the next load may hold.
    """

    def __init__(self, spots: Iterable[Spot], most: Callable[[], int]) -> None:
        self._rest = enumerate(spots)
        self._most = most
        self._behind: dict[str, Load] = {}

    def take(self) -> Load:
        """Return spots that wait for no other; none if all the others wait, or there are none."""
        load, behind, most = [], self._behind, self._most()
        for place in self._rest:
            request_id = place[1].request_id
            if request_id in behind:
                behind[request_id].append(place)
                continue
            behind[request_id] = []
            load.append(place)
            if len(load) >= most:
                break
        return load

    def settled(self, load: Load) -> Load:
        """Return what waited for the spots of a load, which are settled: to be sent next."""
        following = []
        for _, spot in load:
            if behind := self._behind[spot.request_id]:
                following.append(behind.pop(0))
            else:
                del self._behind[spot.request_id]
        return following
