"""A terminal sink for those who want delivery and nothing after it."""

from collections.abc import Callable
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition
from typing_extensions import override

from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken, TokenSource
from connectors.avstar.watch import Watch
from connectors.errors import AvstarError
from connectors.loop import event_loop
from connectors.records import DeadLetter, Spot


class UndeliveredError(AvstarError):
    """A spot was not delivered and nobody was named to take its dead letter."""


def _raise(letter: DeadLetter) -> None:
    raise UndeliveredError(
        f"spot at line {letter.line} was not delivered: {letter.reason} ({letter.detail}); "
        "pass on_dead_letter to keep such spots and go on"
    )


class AvstarSink(DynamicSink[Spot]):
    """Posts spots to Avstar, with the quota, retries and breaker of `deliver`.

    What halts `deliver` halts the sink, whatever the handler: credentials or URL are wrong.

    Parallel: one partition a worker, each with its share of quota and concurrency and a breaker of
    its own.
    Delivery: at-least-once, and by the request ID scheduled at most once; after a crash the last
    epoch repeats, and what was refused in it goes to the handler again. A 409 counts as delivered:
    of two spots of one request ID and other content, where the API does not tell them apart, only
    the ledger (`connectors.ledger.record`, behind `deliver`) knows that the second is not there.

    Args:
        settings: Address, quota and patience, or just the API's URL.
        token: The bearer token, or where it comes from.
        on_dead_letter: Takes what could not be delivered: refused for good, parked by the breaker
            or out of attempts. By default that raises `UndeliveredError`, which stops the dataflow
            before the spot is lost.
        stopping: Asked while spots are delivered; True ends that within `drain_seconds`, and at
            once in a long pause, with a `StoppedError` that stops the dataflow.
        watch: Told of all that the partitions do, on the event loop's thread.
    """

    def __init__(
        self,
        settings: AvstarSettings | str,
        token: TokenSource | str,
        *,
        on_dead_letter: Callable[[DeadLetter], Any] = _raise,
        stopping: Callable[[], bool] = lambda: False,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._settings = AvstarSettings(api_url=settings) if isinstance(settings, str) else settings
        source = StaticToken(token) if isinstance(token, str) else token
        self._credentials = Credentials(source, self._settings)
        self._on_dead_letter = on_dead_letter
        self._stopping = stopping

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> "_Partition":
        mine = self._settings.shared(worker_count)

        def new_delivery() -> Delivery:
            return Delivery(mine, self._credentials, stopping=self._stopping, watch=self._watch)

        return _Partition(new_delivery, self._on_dead_letter)


class _Partition(StatelessSinkPartition[Spot]):
    def __init__(
        self,
        new_delivery: Callable[[], Delivery],
        on_dead_letter: Callable[[DeadLetter], Any],
    ) -> None:
        self._new_delivery = new_delivery
        self._on_dead_letter = on_dead_letter
        self._delivery: Delivery | None = None

    @override
    def write_batch(self, items: list[Spot]) -> None:
        for letter in event_loop().run(self._deliver(items)):
            self._on_dead_letter(letter)

    async def _deliver(self, spots: list[Spot]) -> list[DeadLetter]:
        if self._delivery is None:  # made here, since what it holds belongs to the event loop
            self._delivery = self._new_delivery()
        return [one for one in await self._delivery.deliver(spots) if isinstance(one, DeadLetter)]

    @override
    def close(self) -> None:
        if self._delivery is not None:
            event_loop().run(self._delivery.close())
