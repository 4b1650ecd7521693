"""The token in use: one renewal for all, in time, and patient; all in virtual time."""

import asyncio
import logging
from collections.abc import Callable
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.credentials import Credentials, Lease, Refusals
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import Token, TokenFile, TokenUnavailableError
from connectors.errors import HaltedError

SETTINGS = AvstarSettings(api_url="http://localhost:1", backoff_base=1, backoff_max=30)


class Issuer:
    """Issues `t1`, `t2` and so on, each after `seconds`; what stands in `faults` comes first."""

    def __init__(self, *faults, lifetime=None, seconds=0.0):
        self.lifetime = lifetime
        self.seconds = seconds
        self.asked = []
        self.under_way = 0
        self._faults = list(faults)
        self._numbers = count(1)

    async def fetch(self):
        assert not self.under_way, "two renewals at once"
        self.under_way += 1
        self.asked.append(asyncio.get_running_loop().time())
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        if self._faults:
            raise self._faults.pop(0)
        return Token(f"t{next(self._numbers)}", self.lifetime)


def credentials_of(source):
    return Credentials(source, SETTINGS, asyncio.get_running_loop().time)


async def now_and_then(credentials, *moments):
    """Give the token that a request would send at each moment."""
    loop, sent = asyncio.get_running_loop(), []
    for moment in moments:
        await asyncio.sleep(moment - loop.time())
        sent.append((await credentials.current()).secret)
    return sent


def test_the_first_request_fetches_the_token_and_others_share_it(virtually):
    async def scene():
        source = Issuer(seconds=1)
        credentials = credentials_of(source)
        leases = await asyncio.gather(*(credentials.current() for _ in range(20)))
        assert {lease.secret for lease in leases} == {"t1"}
        assert source.asked == [0]

    virtually(scene())


def test_many_refused_requests_renew_the_token_once(virtually):
    async def scene():
        source = Issuer(seconds=1)
        credentials = credentials_of(source)
        old = await credentials.current()
        leases = await asyncio.gather(*(credentials.renewed(old) for _ in range(20)))
        assert {lease.secret for lease in leases} == {"t2"}
        assert await credentials.current() is leases[0]
        assert len(source.asked) == 2

    virtually(scene())


def test_a_refusal_of_an_old_token_gives_the_new_one_without_a_fetch(virtually):
    async def scene():
        source = Issuer()
        credentials = credentials_of(source)
        first = await credentials.current()
        second = await credentials.renewed(first)
        assert await credentials.renewed(first) is second
        assert (await credentials.renewed(second)).secret == "t3"
        assert len(source.asked) == 3

    virtually(scene())


def test_a_refused_token_is_sent_by_nobody_while_it_is_renewed(virtually):
    async def scene():
        source = Issuer(seconds=5)
        credentials = credentials_of(source)
        old = await credentials.current()
        renewal = asyncio.create_task(credentials.renewed(old))
        await asyncio.sleep(1)
        assert (await credentials.current()).secret == "t2"
        assert (await renewal).secret == "t2"
        assert len(source.asked) == 2

    virtually(scene())


@pytest.mark.parametrize(("lifetime", "margin"), [(3600, 60), (600, 60), (100, 10), (1, 0.1)])
def test_a_token_is_renewed_a_minute_or_a_tenth_of_its_life_before_it_runs_out(
    virtually, lifetime, margin
):
    async def scene():
        source = Issuer(lifetime=lifetime)
        due = lifetime - margin
        sent = await now_and_then(credentials_of(source), 0, due * 0.999, due * 1.001, due * 1.5)
        assert sent == ["t1", "t1", "t2", "t2"]
        assert source.asked == [0, pytest.approx(due * 1.001)]

    virtually(scene())


def test_a_token_without_a_lifetime_is_sent_until_it_is_refused(virtually):
    async def scene():
        assert await now_and_then(credentials_of(Issuer()), 0, 1000, 80_000) == ["t1"] * 3

    virtually(scene())


def test_the_life_of_a_token_begins_when_it_is_asked_for_not_when_it_comes(virtually):
    lease = Lease.of(Token("s3cret", 100), 1000)

    assert (lease.asked, lease.due, lease.end) == (1000, 1090, 1100)
    assert "s3cret" not in repr(lease)


def test_who_comes_first_renews_and_the_others_go_on_with_a_token_that_is_still_good(virtually):
    async def scene():
        source = Issuer(lifetime=100, seconds=5)
        credentials = credentials_of(source)
        await credentials.current()
        await asyncio.sleep(86)  # at 91: due at 90, good until 100
        first = asyncio.create_task(credentials.current())
        await asyncio.sleep(1)
        assert (await credentials.current()).secret == "t1"
        assert (await first).secret == "t2"
        assert len(source.asked) == 2

    virtually(scene())


def test_once_the_token_has_run_out_all_wait_for_the_next(virtually):
    async def scene():
        source = Issuer(lifetime=100)
        credentials = credentials_of(source)
        await credentials.current()
        source.seconds = 20
        await asyncio.sleep(91)
        first = asyncio.create_task(credentials.current())
        await asyncio.sleep(10)
        leases = await asyncio.gather(first, *(credentials.current() for _ in range(19)))
        assert {lease.secret for lease in leases} == {"t2"}
        assert asyncio.get_running_loop().time() == 111
        assert len(source.asked) == 2

    virtually(scene())


def test_a_token_that_is_old_when_it_comes_still_serves_those_who_wait(virtually):
    async def scene():
        credentials = credentials_of(Issuer(lifetime=1, seconds=3))
        leases = await asyncio.gather(*(credentials.current() for _ in range(5)))
        assert {lease.secret for lease in leases} == {"t1"}

    virtually(scene())


def test_a_source_without_a_token_is_asked_again_patiently_all_night(virtually, caplog):
    async def scene():
        faults = [TokenUnavailableError("down") for _ in range(2000)]
        source = Issuer(*faults)
        assert (await credentials_of(source).current()).secret == "t1"
        waits = [b - a for a, b in zip(source.asked, source.asked[1:], strict=False)]
        assert max(waits[:3]) <= 4
        assert 20 < max(waits) <= 30
        assert source.asked[-1] > 5 * 3600
        told = [r for r in caplog.records if r.message == "no token"]
        assert (len(told), told[0].detail) == (2000, "down")

    caplog.set_level(logging.INFO)
    virtually(scene())


def test_the_source_is_asked_again_when_it_says_and_not_before(virtually):
    async def scene():
        source = Issuer(TokenUnavailableError("busy", 3600), TokenUnavailableError("busy", 0))
        await credentials_of(source).current()
        assert source.asked == [0, 3600, 3600]

    virtually(scene())


def test_processes_of_a_cluster_do_not_all_ask_at_once(virtually):
    async def scene():
        sources = [Issuer(*(TokenUnavailableError("down") for _ in range(5))) for _ in range(5)]
        await asyncio.gather(*(credentials_of(source).current() for source in sources))
        assert len({source.asked[-1] for source in sources}) == 5

    virtually(scene())


def test_one_loss_of_patience_is_shared_by_all_who_wait(virtually):
    async def scene():
        source = Issuer(*(TokenUnavailableError("down", 7) for _ in range(3)))
        credentials = credentials_of(source)
        await asyncio.gather(*(credentials.current() for _ in range(20)))
        assert source.asked == [0, 7, 14, 21]

    virtually(scene())


def test_the_pause_left_is_the_time_until_the_source_is_asked_again(virtually):
    async def scene():
        source = Issuer(TokenUnavailableError("down", 100), lifetime=1000)
        credentials = credentials_of(source)
        assert credentials.pause_left() == 0
        waiting = asyncio.create_task(credentials.current())
        await asyncio.sleep(30)
        assert credentials.pause_left() == 70
        await waiting
        assert credentials.pause_left() == 0

    virtually(scene())


def test_while_a_source_in_trouble_is_asked_once_more_the_longest_wait_may_follow(virtually):
    async def scene():
        source = Issuer(*(TokenUnavailableError("down", 1) for _ in range(5)), seconds=10)
        credentials = credentials_of(source)
        waiting = asyncio.create_task(credentials.current())
        await asyncio.sleep(5)
        assert credentials.pause_left() == 0, "the first time it may well have one"
        for moment in (10.5, 15, 21.5):
            await asyncio.sleep(moment - asyncio.get_running_loop().time())
            assert credentials.pause_left() == 30
        await waiting

    virtually(scene())


def test_there_is_no_pause_while_the_old_token_is_good(virtually):
    async def scene():
        source = Issuer(lifetime=1000)
        credentials = credentials_of(source)
        await credentials.current()
        source._faults.append(TokenUnavailableError("down", 500))
        await asyncio.sleep(950)
        waiting = asyncio.create_task(credentials.current())
        await asyncio.sleep(10)
        assert credentials.pause_left() == 0
        await asyncio.sleep(90)
        assert credentials.pause_left() == 400
        await waiting

    virtually(scene())


def test_who_gives_up_while_it_renews_leaves_the_renewal_to_the_next(virtually):
    async def scene():
        source = Issuer(TokenUnavailableError("down", 3600))
        credentials = credentials_of(source)
        first, second = (asyncio.create_task(credentials.current()) for _ in range(2))
        await asyncio.sleep(10)
        first.cancel()
        assert (await second).secret == "t1"
        assert source.asked == [0, 10]

    virtually(scene())


async def test_a_failed_fetch_is_everybodys_failure_and_may_be_tried_again(tmp_path):
    file = tmp_path / "token"
    credentials = Credentials(TokenFile(file), SETTINGS)

    for done in await asyncio.gather(
        *(credentials.current() for _ in range(3)), return_exceptions=True
    ):
        assert isinstance(done, HaltedError)
    file.write_text("there")
    assert (await credentials.current()).secret == "there"


def test_a_refusal_is_final_for_a_token_asked_for_after_the_first_refusal(virtually):
    async def scene():
        credentials, refusals = credentials_of(Issuer()), Refusals()
        assert await credentials.replace(await credentials.current(), refusals)
        assert not await credentials.replace(await credentials.current(), refusals)

    virtually(scene())


def test_a_token_that_was_asked_for_before_the_refusal_gets_another_chance(virtually):
    async def scene():
        credentials, refusals = credentials_of(Issuer(seconds=2)), Refusals()
        first = await credentials.current()
        renewal = asyncio.create_task(credentials.replace(first, Refusals()))  # another spot's
        await asyncio.sleep(1)
        assert await credentials.replace(first, refusals)  # while it is under way
        assert await renewal
        second = await credentials.current()
        assert await credentials.replace(second, refusals)
        assert [lease.secret for lease in (second, await credentials.current())] == ["t2", "t3"]
        assert not await credentials.replace(await credentials.current(), refusals)

    virtually(scene())


def test_a_token_that_was_replaced_meanwhile_says_nothing(virtually):
    async def scene():
        source, refusals = Issuer(), Refusals()
        credentials = credentials_of(source)
        assert await credentials.replace(await credentials.current(), refusals)
        second = await credentials.current()
        third = await credentials.renewed(second)
        assert await credentials.replace(second, refusals)
        assert await credentials.current() is third
        assert len(source.asked) == 3
        assert not await credentials.replace(third, refusals)

    virtually(scene())


def test_ten_refusals_in_a_row_are_all_that_any_spot_gets(virtually):
    async def scene():
        credentials, refusals = credentials_of(Issuer()), Refusals()
        for _ in range(10):
            old = await credentials.current()
            await credentials.renewed(old)  # replaced before its refusal comes
            assert await credentials.replace(old, refusals)
        assert not await credentials.replace(old, refusals)

    virtually(scene())


@given(
    lifetime=st.none() | st.floats(0.5, 100),
    seconds=st.floats(0, 5),
    failures=st.integers(0, 5),
    seed=st.integers(0, 1 << 16),
)
def test_whatever_happens_each_request_has_a_token_that_was_good_and_the_source_is_spared(
    lifetime: float | None,
    seconds: float,
    failures: int,
    seed: int,
    virtually: Callable[..., None],
):
    chance = Random(seed)

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        source = Issuer(
            *(TokenUnavailableError("down") for _ in range(failures)),
            lifetime=lifetime,
            seconds=seconds,
        )
        credentials, refusals, sent = credentials_of(source), 0, []

        async def request() -> None:
            nonlocal refusals
            await asyncio.sleep(chance.uniform(0, 200))
            lease = await credentials.current()
            sent.append(lease)
            assert loop.time() <= max(lease.end, lease.asked + seconds)
            await asyncio.sleep(chance.uniform(0, 5))
            if chance.random() < 0.2:
                refusals += 1
                assert await credentials.renewed(lease) is not lease

        await asyncio.gather(*(request() for _ in range(30)))
        lives = 1 if lifetime is None else 1 + len({lease.secret for lease in sent})
        assert len(source.asked) <= failures + lives + refusals

    virtually(scene())
