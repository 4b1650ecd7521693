"""The one way to the API: quota, pauses and breaker in one place, for all requests of a lane."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from connectors.avstar.admission import Admission
from connectors.avstar.announced import Announced
from connectors.avstar.breaker import Breaker, State
from connectors.avstar.congestion import Congestion
from connectors.avstar.limiter import WindowLimiter
from connectors.avstar.toll import Toll

log = logging.getLogger(__name__)

_LONG = 3600.0
"""Seconds until it is looked again in any case."""


class Gate:
    """Lets attempts through, first come first served, and learns from their answers.

    Every admission must be given back with `leave` and then be `heard` of, and be `succeeded`,
    `throttled` or `failed` if its answer says something about the API's health.
    """

    def __init__(
        self,
        limiter: WindowLimiter,
        breaker: Breaker,
        congestion: Congestion,
        clock: Callable[[], float] = time.monotonic,
        toll: Toll | None = None,
    ) -> None:
        self._limiter = limiter
        self._breaker = breaker
        self._congestion = congestion
        self._in_flight = self._waiting = 0
        self._clock = clock
        self._toll = toll or Toll()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._paused_from = self._paused_until = self._first = clock()

    @property
    def openings(self) -> int:
        """How often the breaker has opened."""
        return self._breaker.openings

    @property
    def requests_in_flight(self) -> int:
        """Requests in flight."""
        return self._in_flight

    @property
    def state(self) -> State:
        """The breaker's state."""
        return self._breaker.state(self._clock())

    def pause_left(self) -> float:
        """Return the seconds for which nothing may be sent: told by the API, or breaker open."""
        now = self._clock()
        return max(0.0, self._paused_until - now, self._breaker.remaining(now))

    def wait_left(self) -> float:
        """Return the seconds until anything may be sent, as far as that is known."""
        return max(self.pause_left(), self._limiter.wait(self._clock()))

    def since_first(self) -> float:
        """Return the seconds since a spot was let through that had not been sent before."""
        return self._clock() - self._first

    def quota_used(self) -> float:
        """Return the share of the quota in use, from 0 to 1."""
        return self._limiter.used(self._clock())

    def opened_since(self, admission: Admission) -> bool:
        """Tell whether the breaker opened after an admission."""
        return admission.openings != self.openings

    async def enter(self, tried_at: int | None) -> Admission | None:
        """Wait until an attempt may start; None if the spot is to be parked.

        Args:
            tried_at: The breaker's openings at the attempt before: with one since, it is parked.
                None if it had none, or a probe, whose failure speaks of the API.
        """
        if self._parks(tried_at):
            return None  # at once: whoever has the turn may wait for the whole pause
        self._waiting += 1
        try:
            async with self._turn:
                while not self._parks(tried_at):
                    now = self._clock()
                    state = self._breaker.state(now)
                    wait = self._wait(now, state)
                    if wait <= 0:
                        return self._admit(now, state, tried_at)
                    await self._sleep(wait, now)
        finally:
            self._waiting -= 1
        return None

    def enter_now(self, tried_at: int | None) -> Admission | None:
        """Let an attempt through at once, as `enter` would; None if it has to wait or is parked."""
        if self._waiting or self._parks(tried_at):
            return None
        now = self._clock()
        state = self._breaker.state(now)
        return None if self._wait(now, state) > 0 else self._admit(now, state, tried_at)

    def leave(self, *, given_up: bool = False) -> None:
        """Give an admission back: its answer is there, will never be, or is no longer waited for.

        Args:
            given_up: Nobody waits any longer, and the API may see the request yet.
        """
        note = self._limiter.give_up if given_up else self._limiter.finish
        note(self._clock())
        self._in_flight -= 1
        self._changed.set()

    def told(self, admission: Admission, announced: Sequence[Announced]) -> None:
        """Learn what an answer says of the quota."""
        if announced:
            self._limiter.learn(announced, admission.at, admission.left, self._clock())

    def heard(self, admission: Admission, *, answered: bool) -> None:
        """Learn whether an answer came, whatever it says, or the connection failed."""
        congestion = self._congestion
        if answered and congestion.succeeded(admission.falls):
            log.warning("in-flight limit restored", extra={"limit": congestion.limit})
        elif not answered and congestion.failed(admission.falls):
            log.warning("in-flight limit lowered", extra={"limit": congestion.limit})

    def succeeded(self, admission: Admission) -> None:
        """Learn from an answer that shows the API in good health."""
        if not self.opened_since(admission) and self._breaker.succeeded():
            self._changed.set()
            log.warning("breaker closed", extra={"openings": self.openings})

    def throttled(self, admission: Admission, seconds: float, *, refused: bool = True) -> None:
        """Pause the lane, once for all that was under way; a `refused` request cost no quota."""
        now = self._clock()
        if refused:
            self._limiter.refuse(now)
        self._toll.throttled += 1
        probing = self._breaker.state(now) is State.PROBING  # its answer must count
        under_way = admission.at < self._paused_from and not probing
        if self._paused_until <= now:
            self._paused_from = now
        self._paused_until = max(self._paused_until, now + seconds)
        log.warning("throttled", extra={"wait_seconds": round(seconds, 3)})
        if not under_way:
            self.failed(admission)

    def failed(self, admission: Admission) -> None:
        """Learn from an answer that shows the API in bad health."""
        if not self.opened_since(admission) and self._breaker.failed(self._clock()):
            self._changed.set()
            self._toll.breaker_openings += 1
            seconds = round(self.pause_left(), 3)
            log.error("breaker open", extra={"openings": self.openings, "pause_seconds": seconds})

    def _admit(self, now: float, state: State, tried_at: int | None) -> Admission:
        self._first = self._first if tried_at is not None else now
        probe = state is State.HALF_OPEN
        if probe:
            self._breaker.probe()
            log.warning("breaker half open", extra={"openings": self.openings})
        self._in_flight += 1
        falls, left = self._congestion.falls, self._limiter.start(now)
        return Admission(now, self.openings, falls, left, probe)

    def _parks(self, tried_at: int | None) -> bool:
        return tried_at is not None and tried_at != self.openings

    def _wait(self, now: float, state: State) -> float:
        if state is State.PROBING or self._in_flight >= self._congestion.limit:
            return float("inf")
        if state is State.OPEN:
            return self._breaker.remaining(now)
        if self._paused_until > now:
            return self._paused_until - now
        return self._limiter.wait(now)

    async def _sleep(self, seconds: float, now: float) -> None:
        broken = self._breaker.state(now) in {State.OPEN, State.PROBING}
        paused = self._paused_until > now
        self._changed.clear()
        alarm = asyncio.get_running_loop().call_later(min(seconds, _LONG), self._changed.set)
        try:
            await self._changed.wait()  # an answer may bring a place, or better news of the quota
        finally:
            alarm.cancel()
        if broken:
            self._toll.breaker_seconds += self._clock() - now
        elif paused:
            self._toll.paused_seconds += self._clock() - now
