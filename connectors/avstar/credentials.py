"""The token in use, and one renewal for all who wait for it."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from uuid import uuid4

from connectors.avstar.backoff import backoff
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import Token, TokenSource, TokenUnavailableError

log = logging.getLogger(__name__)

_MARGIN_SECONDS = 60.0
_MARGIN_SHARE = 0.1
"""A token is renewed this long before it runs out, or this share of its life, if that is less."""

_MOST_REFUSALS = 10
"""401s in a row at one spot that are final, even if its token was replaced before each came."""


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """A token as it was fetched; times in seconds of the clock.

    `asked` is when it was asked for, `due` when it is to be renewed, `end` when it runs out.
    """

    secret: str = field(repr=False)
    asked: float
    due: float = inf
    end: float = inf

    @classmethod
    def of(cls, token: Token, asked: float) -> "Lease":
        """Say how long a token serves. Its life began, at the earliest, when it was asked for."""
        if token.lifetime is None:
            return cls(token.secret, asked)
        margin = min(_MARGIN_SECONDS, _MARGIN_SHARE * token.lifetime)
        end = asked + token.lifetime
        return cls(token.secret, asked, end - margin, end)


@dataclass(slots=True)
class Refusals:
    """401s in a row at one spot: how many, and when the first came."""

    count: int = 0
    since: float = inf


class Credentials:
    """The token in use, shared by all requests of a process.

    A renewal serves everybody who waits for it. It is repeated patiently while the source has no
    token: the night must not end because an identity provider restarts.

    Args:
        source: Where the token comes from.
        settings: How long to wait before it is asked again, if it does not say so itself.
        clock: Gives the time in seconds.
    """

    def __init__(
        self,
        source: TokenSource,
        settings: AvstarSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._lease: Lease | None = None
        self._renewal = asyncio.Lock()
        self._failures = 0
        self._paused_until = -inf
        self._chance = uuid4().hex  # so that the processes of a cluster do not ask all at once

    async def current(self) -> Lease:
        """Return the token to send.

        One that is about to run out is renewed by whoever comes first, while the others still
        send it; once it has run out, all wait for the next.
        """
        return self.held() or await self._newer(self._lease)

    def held(self) -> Lease | None:
        """Return the token to send if nobody has to wait for it."""
        held, now = self._lease, self._clock()
        return held if held and now < (held.end if self._renewal.locked() else held.due) else None

    async def renewed(self, refused: Lease) -> Lease:
        """Return another token than the one refused; from now on nobody sends that one."""
        if self._lease is refused:
            self._lease = None
        return await self._newer(refused)

    async def replace(self, refused: Lease, refusals: Refusals) -> bool:
        """Take note of a 401 and see to another token. False if the refusal is final.

        It is if the token is the one in use and was asked for after the spot's first refusal: a
        renewal that was under way then, or a token replaced meanwhile, says nothing of it.
        """
        refusals.count += 1
        final = refused is self._lease and refused.asked >= refusals.since
        if final or refusals.count > _MOST_REFUSALS:
            return False
        refusals.since = min(refusals.since, self._clock())
        await self.renewed(refused)
        return True

    def pause_left(self) -> float:
        """Return for how many seconds there may be no token to send, 0.0 if all is well.

        While the source is asked once more, that is the longest wait that follows if it has none.
        """
        now = self._clock()
        if not self._failures or (self._lease is not None and now < self._lease.end):
            return 0.0
        return max(self._settings.backoff_max, self._paused_until - now)

    async def _newer(self, old: Lease | None) -> Lease:
        async with self._renewal:
            if self._lease is None or self._lease is old:
                self._lease = await self._fetch()
            return self._lease

    async def _fetch(self) -> Lease:
        self._failures = 0
        while True:
            asked = self._clock()
            try:
                token = await self._source.fetch()
            except TokenUnavailableError as error:
                await self._wait(error)
            else:
                self._failures = 0
                log.info("token fetched", extra={"lifetime_seconds": token.lifetime})
                return Lease.of(token, asked)

    async def _wait(self, error: TokenUnavailableError) -> None:
        self._failures += 1
        wait = error.retry_after
        if wait is None:
            base, most = self._settings.backoff_base, self._settings.backoff_max
            wait = backoff(self._chance, self._failures, base=base, most=most)
        log.warning("no token", extra={"detail": str(error), "wait_seconds": round(wait, 3)})
        self._paused_until = self._clock() + wait
        await asyncio.sleep(wait)
