"""The way of a spot to the API: the order of the layers, written once."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus as Http
from itertools import chain
from typing import Callable  # noqa: UP035 - an operator's setting, see there

from connectors.avstar.admission import Admission
from connectors.avstar.answer import Answer
from connectors.avstar.courier import Courier
from connectors.avstar.credentials import Credentials, Refusals
from connectors.avstar.drain import Drain
from connectors.avstar.events import log_divided, log_undelivered
from connectors.avstar.order import Load, loads, turns
from connectors.avstar.outcome import Verdict
from connectors.avstar.parcel import Parcel
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.toll import Toll
from connectors.avstar.tries import Settled, Tries
from connectors.avstar.watch import Watch
from connectors.records import DeadLetter, Receipt, Spot


class Delivery:
    """Delivers spots, each at least once; by its request ID each is scheduled at most once.

    Lives on one event loop. `proven` says that the API has accepted something of ours before, so
    that a 404 means a bad spot and no longer a wrong URL.
    """

    def __init__(
        self,
        settings: AvstarSettings,
        credentials: Credentials,
        *,
        proven: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        watch: Watch | None = None,
    ) -> None:
        self.proven = proven
        self._settings = settings
        self._watch = watch or Watch()
        self._courier = Courier(settings, credentials, self._watch)
        self._most = settings.records_per_request
        self._in_hand = 0
        self._exports: Sequence[str] = ()
        self._drain = Drain(stopping, settings.drain_seconds, self._courier.pause_left)

    @property
    def toll(self) -> Toll:
        """What held it up."""
        return self._courier.toll

    async def deliver(self, spots: Sequence[Spot], exports: Sequence[str] = ()) -> list[Settled]:
        """Settle every spot, in the order given; nothing is in flight when it returns.

        `exports` names the export of each spot to those who look on.

        Raises:
            HaltedError: Credentials or URL are wrong.
            StoppedError: It was asked to stop and the spots could not be settled in time.
        """
        settled: dict[int, Settled] = {}
        found, self._exports = turns(spots), exports
        todo = loads(found, lambda: self._most)
        requests = -(-len(found) // self._most)
        self._in_hand = lanes = min(self._settings.concurrency, requests)
        try:
            await self._courier.open()
            await self._drain.run([self._work(todo, settled) for _ in range(lanes)])
        except BaseException:
            await self.close()
            raise
        self.toll.tail_seconds += self._courier.since_first()
        return [settled[i] for i in range(len(spots))]

    async def close(self) -> None:
        """Close the connections; a later delivery opens new ones."""
        await self._courier.close()

    async def _work(self, todo: Iterator[list[Load]], settled: dict[int, Settled]) -> None:
        for load in chain.from_iterable(todo):
            left = [self._parcel(load)]
            try:
                while left:  # in turns, so that the good half shows the API well where one is bad
                    left = [*left[1:], *await self._advance(left[0], settled)]
            except BaseException as error:
                for tries in chain.from_iterable(parcel.tries for parcel in left):
                    self._watch.left(tries.trail, error)
                raise
        self._in_hand -= 1

    def _parcel(self, load: Load) -> Parcel:
        exports = self._exports
        return Parcel([Tries(spot, exports[i] if exports else "", i) for i, spot in load])

    async def _advance(self, parcel: Parcel, settled: dict[int, Settled]) -> list[Parcel]:
        """Make one attempt at a parcel; return what of it is to be sent yet."""
        admission = await self._courier.enter(parcel)
        if not admission:
            for tries in parcel.tries:
                self._settle(tries, tries.dead_letter("circuit_open"), settled)
            return []
        answer = await self._courier.attempt(parcel, admission)
        verdicts = self._courier.learn(answer, parcel, admission, proven=self.proven)
        if Verdict.UNAUTHORIZED in verdicts:
            await self._courier.renew(parcel, answer)
            return [parcel]
        parcel.refusals = Refusals()
        if answer.each is None and len(parcel) > 1 and Verdict.THROTTLED not in verdicts:
            left = self._divide(parcel, answer)
        else:
            left = self._sort(parcel, verdicts, admission, settled)
        if left and Verdict.TRANSIENT in verdicts:
            await self._courier.back_off(parcel, answer, admission)
        return left

    def _divide(self, parcel: Parcel, answer: Answer) -> list[Parcel]:
        """Halve what was refused, or failed, as a whole: so one bad spot costs one spot."""
        if answer.status == Http.REQUEST_ENTITY_TOO_LARGE:
            self._most = min(self._most, (len(parcel) + 1) // 2)
        log_divided(parcel, answer)
        return parcel.halves()

    def _sort(
        self,
        parcel: Parcel,
        verdicts: Sequence[Verdict],
        admission: Admission,
        settled: dict[int, Settled],
    ) -> list[Parcel]:
        """Settle the spots that are decided; return the rest, if there is one."""
        counts, most = self._counts(admission), self._settings.max_attempts
        left: list[Tries] = []
        for tries, verdict in zip(parcel.tries, verdicts, strict=True):
            one = tries.settled(verdict, counts=counts, most=most)
            if one is None:
                left.append(tries)
                continue
            self.proven = self.proven or isinstance(one, Receipt)
            self._settle(tries, one, settled)
        parcel.tries = left
        return [parcel] if left else []

    def _settle(self, tries: Tries, one: Settled, settled: dict[int, Settled]) -> None:
        settled[tries.place] = one
        if isinstance(one, DeadLetter):
            log_undelivered(one, tries.trail)
        self._watch.settled(tries.trail, one)

    def _counts(self, admission: Admission) -> bool:
        """Tell whether a failure uses up an attempt at its spot.

        That of a probe does not, or a night's outage would end as dead letters: the spot stays in
        hand and the next one probes. With no more requests in hand than it takes to open the
        breaker it does, since then they may all be bad and would hold up the others for ever.
        """
        return not admission.probe or self._in_hand <= self._settings.breaker_failures
