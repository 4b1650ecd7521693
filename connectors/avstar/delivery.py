"""The way of a spot to the API: the order of the layers, written once."""

from collections.abc import Collection, Iterable, Sequence
from typing import Callable  # noqa: UP035 - an operator's setting, see there

from connectors.avstar.admission import Admission
from connectors.avstar.answer import UNANSWERED
from connectors.avstar.courier import Courier
from connectors.avstar.credentials import Credentials
from connectors.avstar.drain import Drain
from connectors.avstar.events import log_divided, log_undelivered
from connectors.avstar.known import Known
from connectors.avstar.order import Order, Placed
from connectors.avstar.outcome import Verdict, divides
from connectors.avstar.parcel import Parcel
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.size import Size
from connectors.avstar.together import together
from connectors.avstar.toll import Toll
from connectors.avstar.tries import Settled, Tries
from connectors.avstar.watch import Watch
from connectors.records import DeadLetter, Receipt, Spot


class Delivery:
    """Delivers spots, each at least once; by its request ID each is scheduled at most once.

    Lives on one event loop. `proven` says that the API has accepted something of ours before, so
    that a 404 means a bad spot and no longer a wrong URL.
    """

    def __init__(  # noqa: PLR0913 - keyword-only settings
        self,
        settings: AvstarSettings,
        credentials: Credentials,
        *,
        proven: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        watch: Watch | None = None,
        known: Callable[[], Iterable[Spot]] = tuple,
    ) -> None:
        self.proven = proven
        self._known = Known(known)
        self._settings = settings
        self._watch = watch or Watch()
        self._courier = Courier(settings, credentials, self._watch)
        self._size = Size(settings.records_per_request)
        self._untried = 0
        self._in_hand: dict[int, Tries] = {}
        self._exports: Sequence[str] = ()
        self._drain = Drain(stopping, settings.drain_seconds, self._courier.pause_left)

    @property
    def toll(self) -> Toll:
        """What held it up."""
        return self._courier.toll

    async def deliver(self, spots: Collection[Spot], exports: Sequence[str] = ()) -> list[Settled]:
        """Settle every spot, in the order given; nothing is in flight when it returns.

        Spots are iterated over once, while others are under way. `exports` names the export of
        each to those who look on.

        Raises:
            HaltedError: Credentials or URL are wrong.
            StoppedError: It was asked to stop and the spots could not be settled in time.
        """
        settled: dict[int, Settled] = {}
        self._untried, self._exports = len(spots), exports
        order = Order(spots, self._size)
        lanes = min(self._settings.concurrency, len(spots))
        try:
            await self._courier.open()
            await self._drain.run([self._work(order, settled) for _ in range(lanes)])
        except BaseException as error:
            self._leave(error)
            await self.close()
            raise
        self.toll.tail_seconds += self._courier.since_first()
        return [settled[i] for i in range(len(spots))]

    async def close(self) -> None:
        """Close the connections; a later delivery opens new ones."""
        await self._courier.close()

    async def _work(self, order: Order, settled: dict[int, Settled]) -> None:
        """Send what there is to take, until there is no more."""
        while taken := order.take():
            await self._send(self._parcel(taken), settled)
            order.settled(taken)

    async def _send(self, parcel: Parcel, settled: dict[int, Settled]) -> None:
        """Send a parcel, whole or in pieces, until all its spots are settled."""
        left = [parcel]
        while len(left) == 1:
            left = await self._advance(left[0], settled)
        if left:
            await together([self._send(piece, settled) for piece in left])

    def _parcel(self, taken: Iterable[Placed]) -> Parcel:
        exports, every = self._exports, []
        for i, spot in taken:
            self._in_hand[i] = tries = Tries(spot, exports[i] if exports else "", i)
            every.append(tries)
        return Parcel(every)

    async def _advance(self, parcel: Parcel, settled: dict[int, Settled]) -> list[Parcel]:
        """Make one attempt at a parcel; return what of it is to be sent yet."""
        courier = self._courier
        admission = courier.enter_now(parcel) or await courier.enter(parcel)
        if not admission:
            for tries in parcel.tries:
                self._settle(tries, tries.dead_letter("circuit_open"), settled)
            return []
        if admission.probe and (again := self._known.repetition()):
            self._known.told(await courier.repeat(again, admission, proven=self.proven))
            return [parcel]
        rest = parcel.others() if admission.probe else []
        for tries in parcel.tries:
            self._untried -= not tries.attempts
        answer = await courier.attempt(parcel, admission)
        verdicts = courier.learn(answer, parcel, admission, proven=self.proven)
        self._size.heard(answer, len(verdicts))
        if admission.probe and verdicts[0] is Verdict.TRANSIENT:
            self._known.doubt()
        if len(verdicts) > 1 and divides(answer, verdicts):
            log_divided(parcel)
            left = parcel.divided()
        else:
            left = self._sort(parcel, verdicts, admission, settled)
        if Verdict.UNAUTHORIZED in verdicts:
            await courier.renew(parcel, answer)
        else:
            parcel.refusals = None
        if left and Verdict.TRANSIENT in verdicts:
            await courier.back_off(parcel, admission)
        return [*left, *rest]

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
            # What an answer to others leaves out was not tried; it says something of each alone.
            mine = counts and tries.answer is not UNANSWERED
            one = tries.settled(verdict, counts=mine, most=most)
            if one is None:
                left.append(tries)
                continue
            if isinstance(one, Receipt):
                self.proven = True
                self._known.delivered(tries)
            self._settle(tries, one, settled)
        if not left:
            return []
        parcel.keep(left)
        return [parcel]

    def _settle(self, tries: Tries, one: Settled, settled: dict[int, Settled]) -> None:
        settled[tries.place] = one
        del self._in_hand[tries.place]
        if isinstance(one, DeadLetter):
            log_undelivered(one, tries.trail)
        self._watch.settled(tries.trail, one)

    def _leave(self, error: BaseException) -> None:
        for tries in self._in_hand.values():
            self._watch.left(tries.trail, error)
        self._in_hand.clear()

    def _counts(self, admission: Admission) -> bool:
        """Tell whether a failure uses up an attempt at its spot.

        That of a probe does not, or a night's outage would end as dead letters: the spot stays in
        hand and the next one probes. While no spot is known that Avstar has, it does where no more
        spots are in hand than it takes to open the breaker, and where every spot of the batch has
        been tried: they may all be bad themselves, and would hold up the others, or probe for ever.
        """
        if not admission.probe:
            return True
        few = len(self._in_hand) <= self._settings.breaker_failures
        return (few or not self._untried) and not self._known
