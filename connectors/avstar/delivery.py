"""The way of a spot to the API: the order of the layers, written once."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Callable  # noqa: UP035 - an operator's setting, see there

from connectors.avstar.admission import Admission
from connectors.avstar.backoff import backoff, pause
from connectors.avstar.breaker import Breaker
from connectors.avstar.client import Client
from connectors.avstar.congestion import Congestion
from connectors.avstar.credentials import Credentials, Lease, Refusals
from connectors.avstar.drain import Drain
from connectors.avstar.events import log_retry, log_undelivered, wrong
from connectors.avstar.gate import Gate
from connectors.avstar.limiter import WindowLimiter
from connectors.avstar.order import Turn, turns
from connectors.avstar.outcome import Verdict, judge
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.toll import Toll
from connectors.avstar.tries import Tries
from connectors.avstar.watch import Watch
from connectors.errors import HaltedError
from connectors.records import DeadLetter, Receipt, Spot

log = logging.getLogger(__name__)

Settled = Receipt | DeadLetter


class Delivery:
    """Delivers spots, each at least once; by its request ID each is scheduled at most once.

    Lives on one event loop. `proven` says that the API has accepted something of ours before, so
    that a 404 means a bad spot and no longer a wrong URL. `toll` counts what holds it up.
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
        self._bounds = {"base": settings.backoff_base, "most": settings.backoff_max}
        self._watch = watch or Watch()
        self.toll = Toll()
        self._credentials = credentials
        self._lease: Lease | None = None
        self._client = Client(settings)
        self._gate = Gate(
            WindowLimiter(settings.rate, settings.concurrency, time.monotonic()),
            Breaker(settings.breaker_failures, settings.breaker_pause),
            Congestion(settings.concurrency),
            toll=self.toll,
        )
        self._watch.opened(self._gate)
        self._in_hand = 0
        self._begun = False
        self._exports: Sequence[str] = ()
        self._drain = Drain(stopping, settings.drain_seconds, self._pause_left)

    async def deliver(self, spots: Sequence[Spot], exports: Sequence[str] = ()) -> list[Settled]:
        """Settle every spot, in the order given; nothing is in flight when it returns.

        `exports` names the export of each spot to those who look on.

        Raises:
            HaltedError: Credentials or URL are wrong.
            StoppedError: It was asked to stop and the spots could not be settled in time.
        """
        settled: dict[int, Settled] = {}
        todo, self._exports = turns(spots), exports
        self._in_hand = lanes = min(self._settings.concurrency, len(spots))
        self._begun = False
        try:
            await self._client.open()
            await self._drain.run([self._work(todo, settled) for _ in range(lanes)])
        except BaseException:
            await self.close()
            raise
        self.toll.tail_seconds += self._gate.since_first()
        return [settled[i] for i in range(len(spots))]

    async def close(self) -> None:
        """Close the connections; a later delivery opens new ones."""
        await self._client.close()

    async def _work(self, todo: Iterator[Turn], settled: dict[int, Settled]) -> None:
        for i, spot in chain.from_iterable(todo):
            tries = Tries(spot, self._exports[i] if self._exports else "")
            try:
                settled[i] = one = await self._settle(tries)
            except BaseException as error:
                self._watch.left(tries.trail, error)
                raise
            if isinstance(one, DeadLetter):
                log_undelivered(one, tries.trail)
            self._watch.settled(tries.trail, one)
        self._in_hand -= 1

    async def _settle(self, tries: Tries) -> Settled:
        while admission := await self._enter(tries):
            tries.openings = None if admission.probe else admission.openings
            verdict = await self._attempt(tries, admission)
            if settled := self._learn(verdict, tries, admission):
                return settled
            if verdict is Verdict.UNAUTHORIZED:
                await self._renew(tries)
                continue
            tries.refusals = Refusals()
            if verdict is Verdict.TRANSIENT and not self._gate.opened_since(admission):
                await self._back_off(tries)
        return tries.dead_letter("circuit_open")

    async def _enter(self, tries: Tries) -> Admission | None:
        if self._credentials.held() is None:  # who waits for a token waits outside of the gate
            await tries.waits("token", self._credentials.current())
        if admission := self._gate.enter_now(tries.openings):
            return admission
        why = partial(self.toll.why, self.toll.held_up)
        return await tries.waits(why, self._gate.enter(tries.openings))

    async def _attempt(self, tries: Tries, admission: Admission) -> Verdict:
        given_up = True
        try:
            tries.lease = lease = self._credentials.held() or await self._credentials.current()
            self.toll.token_renewals += self._lease is not None and self._lease is not lease
            self._lease = lease
            self._begun = True
            named = tries.sends(sampled=self._watch.keeps(tries.trail))
            tries.answer = await self._client.attempt(tries.spot, lease.secret, named)
            given_up = tries.answer.given_up
        finally:
            self._gate.leave(given_up=given_up)
        self._watch.attempted(tries.trail, tries.answered())
        self._gate.told(admission, tries.answer.announced)
        return judge(tries.answer, proven=self.proven)

    def _learn(self, verdict: Verdict, tries: Tries, admission: Admission) -> Settled | None:
        """Tell the gate what the answer says of the API, and settle the spot if it is decided."""
        self._gate.heard(admission, answered=tries.answer.status is not None)
        if verdict is Verdict.HALT:
            raise HaltedError(wrong(self._settings.ingest_url, tries.answer))
        if verdict is Verdict.THROTTLED:
            tries.throttled += 1
            self._gate.throttled(admission, self._pause(tries))
            return None
        if verdict is Verdict.TRANSIENT:
            tries.failures += self._counts(admission)
            self._gate.failed(admission)
            exhausted = tries.failures >= self._settings.max_attempts
            return tries.dead_letter("retries_exhausted") if exhausted else None
        self._gate.succeeded(admission)
        if verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE):
            self.proven = True
            return tries.receipt(duplicate=verdict is Verdict.DUPLICATE)
        if verdict is Verdict.UNAUTHORIZED:
            return None
        return tries.dead_letter(
            "conflicting_duplicate" if verdict is Verdict.CONFLICT else "rejected"
        )

    def _counts(self, admission: Admission) -> bool:
        """Tell whether a failure uses up an attempt at its spot.

        That of a probe does not, or a night's outage would end as dead letters: the spot stays in
        hand and the next one probes. With no more spots in hand than it takes to open the breaker
        it does, since then they may all be bad themselves and would hold up the others for ever.
        """
        return not admission.probe or self._in_hand <= self._settings.breaker_failures

    async def _renew(self, tries: Tries) -> None:
        """Have the token renewed, once for all that were refused; refused still, the run halts."""
        log.warning("token refused", extra={"request_id": tries.spot.request_id})
        if not await self._credentials.replace(tries.lease, tries.refusals):
            raise HaltedError(wrong(self._settings.ingest_url, tries.answer))

    async def _back_off(self, tries: Tries) -> None:
        wait = backoff(tries.spot.request_id, tries.failures, **self._bounds)
        log_retry(tries, wait)
        await tries.waits("backoff", asyncio.sleep(wait))

    def _pause_left(self) -> float:
        """Return the seconds that a stop need not wait: before a batch has begun, all of them."""
        gate = self._gate.pause_left() if self._begun else self._gate.wait_left()
        return max(gate, self._credentials.pause_left())

    def _pause(self, tries: Tries) -> float:
        told = tries.answer.retry_after
        return pause(tries.spot.request_id, tries.throttled, told, **self._bounds)
