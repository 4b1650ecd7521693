"""A spot that Avstar has, sent once more."""

from collections.abc import Callable

from typing_extensions import override

from connectors.avstar.parcel import Parcel
from connectors.avstar.request import Named
from connectors.avstar.watch import Watch
from connectors.trail import Attempt, Trail


class Repetition(Parcel):
    """A delivered spot that is sent again to see whether the API is well.

    It is the request that a resume after a crash would make: the same request ID and content, so
    it schedules nothing. Its receipt stands, and knows nothing of it. Its span hangs below that of
    the delivery, if that was exported.
    """

    __slots__ = ()

    @override
    def sends(self, keeps: Callable[[Trail], bool], *, bulk: bool) -> Named:
        return super().sends(lambda trail: trail.kept, bulk=bulk)

    @override
    def _tell(self, watch: Watch, trail: Trail, attempt: Attempt) -> None:
        watch.repeated(trail, attempt)
