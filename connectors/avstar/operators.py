"""Operators that deliver spots."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Callable, NamedTuple  # noqa: UP035 - the engine takes the other for a class on 3.10

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream, StatefulBatchLogic
from typing_extensions import override

from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import TokenSource
from connectors.avstar.toll import Toll, efforts
from connectors.avstar.tries import Settled
from connectors.avstar.watch import Watch
from connectors.effort import Effort
from connectors.errors import HaltedError
from connectors.loop import event_loop
from connectors.records import Batch, DeadLetter, Receipt, Spot

STATE_VERSION = 1
"""Version of a delivery lane's snapshot, which is storage format."""

State = tuple[int, bool]
"""Snapshot of a delivery lane: the version, and whether the API ever accepted anything."""


@dataclass(frozen=True)
class DeliverOut:
    """Streams out of `deliver`; every spot leaves on just one of them.

    `receipts` are spots that Avstar has, `dead_letters` those it has not, or not for certain.
    `efforts` tell, for each batch, what that took.
    """

    receipts: Stream[Batch[Receipt]]
    dead_letters: Stream[Batch[DeadLetter]]
    efforts: Stream[Effort]


class _Sent(NamedTuple):
    settled: Batch[Settled]
    effort: Effort


@operator
def deliver(  # noqa: PLR0913 - keyword-only settings
    step_id: str,
    up: Stream[Batch[Spot]],
    *,
    settings: AvstarSettings,
    token: TokenSource,
    lanes: int = 1,
    stopping: Callable[[], bool] = lambda: False,
    watch: Watch | None = None,
    known: Callable[[], Iterable[Spot]] = tuple,
) -> DeliverOut:
    """Post every spot to Avstar and tell what became of it.

    The step blocks until a batch is settled: that is the backpressure, and so nothing is in flight
    at a snapshot.

    Parallel: one delivery lane by default, which owns the whole quota wherever in the cluster it
    runs; of several, each owns its share of quota and concurrency. Delivery: at-least-once, and by
    the request ID scheduled at most once. After a crash the last batch repeats; Avstar knows it by
    its request IDs.

    Args:
        step_id: Unique ID.
        up: Batches of spots, as from `connectors.avion.validate`.
        settings: Address, quota and patience.
        token: Where the bearer token comes from.
        lanes: Delivery lanes. One is right until the quota exceeds what one process can send.
        stopping: Asked while a batch is delivered; True ends it within `drain_seconds`.
        watch: Told of all that the lanes do, on the event loop's thread.
        known: Gives spots that Avstar has from before, asked by a lane whose breaker is open while
            it has delivered none itself.
    """
    credentials = Credentials(token, settings)  # one renewal for all lanes

    def new_lane(state: State | None) -> _DeliveryLane:
        mine, proven = settings.shared(lanes), _proven(state)
        return _DeliveryLane(
            lambda: Delivery(
                mine, credentials, proven=proven, stopping=stopping, watch=watch, known=known
            ),
            proven=proven,
        )

    keyed: KeyedStream[Batch[Spot]] = op.flat_map("lanes", up, lambda batch: _divide(batch, lanes))
    settled = op.stateful_batch("send", keyed, new_lane)
    sent = op.map("unkey", settled, lambda item: item[1])
    return DeliverOut(
        op.map("receipts", sent, lambda one: _only(one.settled, Receipt)),
        op.map("dead_letters", sent, lambda one: _only(one.settled, DeadLetter)),
        op.map("efforts", sent, lambda one: one.effort),
    )


def _divide(batch: Batch[Spot], lanes: int) -> Iterable[tuple[str, Batch[Spot]]]:
    if lanes == 1:
        return [("lane-0", batch)]
    shares: list[list[Spot]] = [[] for _ in range(lanes)]
    for spot in batch:
        shares[int(spot.request_id, 16) % lanes].append(spot)
    return [(f"lane-{i}", Batch(batch.span, spots)) for i, spots in enumerate(shares)]


def _together(batches: Sequence[Batch[Spot]]) -> Sequence[Spot]:
    """Return the spots of batches in one; those of a single one are made as they are sent."""
    if len(batches) == 1:
        return batches[0].records
    return [spot for batch in batches for spot in batch]


def _only(batch: Batch[Settled], kind: type[Any]) -> Batch[Any]:
    return Batch(batch.span, [one for one in batch if isinstance(one, kind)])


def _proven(state: Any) -> bool:
    if state is None:
        return False
    if not isinstance(state, tuple) or state[0] != STATE_VERSION:
        raise HaltedError(
            "the snapshot of a delivery lane was written by another version; finish the export "
            "with the version that began it, or move the state folder away to go on from the ledger"
        )
    return bool(state[1])


class _DeliveryLane(StatefulBatchLogic[Batch[Spot], _Sent, State]):
    def __init__(self, new_delivery: Callable[[], Delivery], *, proven: bool) -> None:
        self._new_delivery = new_delivery
        self._delivery: Delivery | None = None
        self._proven = proven

    @override
    def on_batch(self, values: list[Batch[Spot]]) -> tuple[list[_Sent], bool]:
        one_by_one, toll = event_loop().run(self._settle(values))
        settled = iter(one_by_one)
        batches = [Batch(batch.span, list(islice(settled, len(batch)))) for batch in values]
        return list(map(_Sent, batches, efforts(batches, toll))), StatefulBatchLogic.RETAIN

    async def _settle(self, batches: list[Batch[Spot]]) -> tuple[list[Settled], Toll]:
        if self._delivery is None:  # made here, since what it holds belongs to the event loop
            self._delivery = self._new_delivery()
        exports = [batch.span.export for batch in batches for _ in range(len(batch))]
        try:
            return await self._delivery.deliver(
                _together(batches), exports
            ), self._delivery.toll.take()
        finally:
            self._proven = self._delivery.proven

    @override
    def on_eof(self) -> tuple[list[_Sent], bool]:
        if self._delivery is not None:
            event_loop().run(self._delivery.close())
        return [], StatefulBatchLogic.RETAIN

    def __del__(self) -> None:
        """Let connections go that an abort leaves open: the engine tells nobody of it."""
        if self._delivery is not None and not sys.is_finalizing():
            event_loop().later(self._delivery.close())

    @override
    def snapshot(self) -> State:
        return STATE_VERSION, self._proven
