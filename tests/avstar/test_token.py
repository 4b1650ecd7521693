"""The bearer token and its renewal."""

import asyncio

import pytest

from connectors.avstar.token import Credentials, StaticToken, TokenFile
from connectors.errors import HaltedError, RefusedError

UNUSABLE = ["", "  \n", "two words", "tab\tin", "line\nin", "schlüssel", "nul\0", "bell\a"]


class Issuer:
    """Gives out other tokens each time, after letting everybody else run."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = iter(tokens)
        self.fetched = 0

    async def fetch(self) -> str:
        self.fetched += 1
        token = next(self._tokens)
        await asyncio.sleep(0)
        return token


async def test_a_static_token_is_given_without_white_space_around():
    assert await StaticToken(" s3cret\n").fetch() == "s3cret"


@pytest.mark.parametrize("secret", UNUSABLE)
def test_what_no_header_can_carry_is_refused(secret):
    with pytest.raises(RefusedError, match="the token") as refusal:
        StaticToken(secret)

    assert not secret.strip() or secret.strip() not in str(refusal.value)


def test_a_token_is_masked_where_it_is_shown():
    assert "s3cret" not in repr(StaticToken("s3cret"))
    assert "s3cret" not in str(StaticToken("s3cret"))


async def test_a_token_file_is_read_each_time(tmp_path):
    file = tmp_path / "token"
    source = TokenFile(file)
    file.write_text("first\n")

    assert await source.fetch() == "first"
    file.write_text("second\n")
    assert await source.fetch() == "second"
    assert "second" not in repr(source)


async def test_a_missing_token_file_halts_and_is_named(tmp_path):
    with pytest.raises(HaltedError, match="no-such-token cannot be read"):
        await TokenFile(tmp_path / "no-such-token").fetch()


async def test_a_token_file_that_is_no_text_halts(tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")

    with pytest.raises(HaltedError, match="token cannot be read"):
        await TokenFile(tmp_path / "token").fetch()


@pytest.mark.parametrize("content", UNUSABLE)
async def test_an_unusable_token_file_halts_since_the_run_has_begun(tmp_path, content):
    (tmp_path / "token").write_text(content)

    with pytest.raises(HaltedError, match="the token in"):
        await TokenFile(tmp_path / "token").fetch()


async def test_the_first_request_fetches_the_token_and_others_share_it():
    source = Issuer("a", "b")
    credentials = Credentials(source)

    assert await asyncio.gather(*(credentials.token() for _ in range(20))) == ["a"] * 20
    assert source.fetched == 1


async def test_many_refused_requests_renew_the_token_once():
    source = Issuer("a", "b", "c")
    credentials = Credentials(source)
    await credentials.token()

    assert await asyncio.gather(*(credentials.renewed("a") for _ in range(20))) == ["b"] * 20
    assert await credentials.token() == "b"
    assert source.fetched == 2


async def test_a_refusal_of_an_old_token_gives_the_new_one_without_a_fetch():
    source = Issuer("a", "b", "c")
    credentials = Credentials(source)
    await credentials.token()
    await credentials.renewed("a")

    assert await credentials.renewed("a") == "b"
    assert await credentials.renewed("b") == "c"


async def test_a_failed_fetch_is_everybodys_failure_and_may_be_tried_again(tmp_path):
    file = tmp_path / "token"
    credentials = Credentials(TokenFile(file))

    with pytest.raises(HaltedError):
        await credentials.token()
    file.write_text("there")
    assert await credentials.token() == "there"
