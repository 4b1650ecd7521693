"""How a parcel gets to the API and an answer back: token, gate, attempt, and what it teaches."""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial

from connectors.avstar.admission import Admission
from connectors.avstar.answer import Answer
from connectors.avstar.backoff import backoff, pause
from connectors.avstar.breaker import Breaker
from connectors.avstar.client import Client
from connectors.avstar.congestion import Congestion
from connectors.avstar.credentials import Credentials, Lease, Refusals
from connectors.avstar.events import log_repeated, log_retry, wrong
from connectors.avstar.gate import Gate
from connectors.avstar.limiter import WindowLimiter
from connectors.avstar.outcome import Verdict, judge_each
from connectors.avstar.parcel import Parcel
from connectors.avstar.repetition import Repetition
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.toll import Toll
from connectors.avstar.watch import Watch
from connectors.errors import HaltedError

log = logging.getLogger(__name__)


_UNWELL = frozenset({Verdict.THROTTLED, Verdict.TRANSIENT})
"""What an API says that is not well."""


class Courier:
    """Makes single attempts at parcels, each when the gate lets it. Lives on one event loop.

    `begun` says that a request was made since `open`, `toll` counts what held it up.
    """

    def __init__(self, settings: AvstarSettings, credentials: Credentials, watch: Watch) -> None:
        self.toll = Toll()
        self.begun = False
        self._settings = settings
        self._bulk = settings.records_per_request > 1
        self._bounds = {"base": settings.backoff_base, "most": settings.backoff_max}
        self._watch = watch
        self._credentials = credentials
        self._lease: Lease | None = None
        self._client = Client(settings)
        self._breaker = Breaker(settings.breaker_failures, settings.breaker_pause)
        self._gate = Gate(
            WindowLimiter(settings.rate, settings.concurrency, time.monotonic()),
            self._breaker,
            Congestion(settings.concurrency),
            toll=self.toll,
        )
        watch.opened(self._gate)

    async def open(self) -> None:
        """Be ready; connections are opened when they are needed."""
        self.begun = False
        await self._client.open()

    async def close(self) -> None:
        """Close the connections; `open` makes new ones possible."""
        await self._client.close()

    def enter_now(self, parcel: Parcel) -> Admission | None:
        """Let a parcel go at once; None if it has to wait, or is to be parked."""
        if self._credentials.held() is None:
            return None
        return self._gate.enter_now(parcel.openings)

    async def enter(self, parcel: Parcel) -> Admission | None:
        """Wait until an attempt may be made; None if the parcel is to be parked."""
        if self._credentials.held() is None:  # who waits for a token waits outside of the gate
            await parcel.waits("token", self._credentials.current())
        why = partial(self.toll.why, self.toll.held_up)
        return await parcel.waits(why, self._gate.enter(parcel.openings))

    async def attempt(self, parcel: Parcel, admission: Admission) -> Answer:
        """Send a parcel once, and give the admission back."""
        parcel.openings = None if admission.probe else admission.openings
        given_up = True
        try:
            parcel.lease = lease = self._credentials.held() or await self._credentials.current()
            self.toll.token_renewals += self._lease is not None and self._lease is not lease
            self._lease = lease
            self.begun = True
            named = parcel.sends(self._watch.keeps, bulk=self._bulk)
            answer = await self._client.attempt(parcel.spots, lease.secret, named)
            given_up = answer.given_up
        finally:
            self._gate.leave(given_up=given_up)
        parcel.answered(answer, self._watch)
        self._gate.told(admission, answer.announced)
        return answer

    def learn(
        self, answer: Answer, parcel: Parcel, admission: Admission, *, proven: bool
    ) -> Sequence[Verdict]:
        """Say what an answer means for each spot, and tell the gate what it says of the API.

        Raises:
            HaltedError: Credentials or URL are wrong.
        """
        self._gate.heard(admission, answered=answer.status is not None)
        verdicts = judge_each(answer, parcel.spots, proven=proven, bulk=self._bulk)
        found = set(verdicts)
        if Verdict.HALT in found:
            raise HaltedError(wrong(self._settings, answer.of(parcel.name)))
        if not found <= _UNWELL:
            self._gate.succeeded(admission)
        if Verdict.THROTTLED in found:
            parcel.throttled += 1
            wait = pause(parcel.name, parcel.throttled, answer.retry_after, **self._bounds)
            self._gate.throttled(admission, wait, refused=answer.each is None)
        elif Verdict.TRANSIENT in found and len(verdicts) == 1:  # of many, one may be why
            self._gate.failed(admission)
        return verdicts

    async def repeat(self, again: Repetition, admission: Admission, *, proven: bool) -> Verdict:
        """Probe with a spot that Avstar has; say what the answer means.

        Raises:
            HaltedError: Credentials or URL are wrong.
        """
        answer = await self.attempt(again, admission)
        (verdict,) = self.learn(answer, again, admission, proven=proven)
        log_repeated(again)
        if verdict not in _UNWELL:  # so that all in hand are tried, which may be bad
            self._breaker.forgive(self._settings.concurrency)
        if verdict is Verdict.UNAUTHORIZED:
            await self.renew(again, answer)
        return verdict

    async def renew(self, parcel: Parcel, answer: Answer) -> None:
        """Have the token renewed, once for all that were refused.

        Raises:
            HaltedError: It is refused still.
        """
        log.warning("token refused", extra={"request_id": parcel.name})
        parcel.refusals = parcel.refusals or Refusals()
        if not await self._credentials.replace(parcel.lease, parcel.refusals):
            raise HaltedError(wrong(self._settings, answer.of(parcel.name)))

    async def back_off(self, parcel: Parcel, admission: Admission) -> None:
        """Wait until a parcel that failed may be sent again; not with an open breaker."""
        if self._gate.opened_since(admission):
            return
        wait = backoff(parcel.name, parcel.failures, **self._bounds)
        log_retry(parcel, wait)
        await parcel.waits("backoff", asyncio.sleep(wait))

    def since_first(self) -> float:
        """Return the seconds since a parcel was let through that had not been sent before."""
        return self._gate.since_first()

    def pause_left(self) -> float:
        """Return the seconds that a stop need not wait: before anything was sent, all of them."""
        gate = self._gate.pause_left() if self.begun else self._gate.wait_left()
        return max(gate, self._credentials.pause_left())
