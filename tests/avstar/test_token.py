"""The bearer token and the places it comes from."""

import pytest

from connectors.avstar.token import StaticToken, Token, TokenFile
from connectors.errors import HaltedError, RefusedError

UNUSABLE = ["", "  \n", "two words", "tab\tin", "line\nin", "schlüssel", "nul\0", "bell\a"]


async def test_a_static_token_is_given_without_white_space_around():
    assert await StaticToken(" s3cret\n").fetch() == Token("s3cret")


@pytest.mark.parametrize("secret", UNUSABLE)
def test_what_no_header_can_carry_is_refused(secret):
    with pytest.raises(RefusedError, match="the token") as refusal:
        StaticToken(secret)

    assert not secret.strip() or secret.strip() not in str(refusal.value)


def test_a_token_is_masked_where_it_is_shown():
    for shown in (StaticToken("s3cret"), Token("s3cret", 60)):
        assert "s3cret" not in repr(shown)
        assert "s3cret" not in str(shown)


async def test_a_token_file_is_read_each_time(tmp_path):
    file = tmp_path / "token"
    source = TokenFile(file)
    file.write_text("first\n")

    assert await source.fetch() == Token("first")
    file.write_text("second\n")
    assert await source.fetch() == Token("second")
    assert "second" not in repr(source)


class Mounted:
    """A secret as Kubernetes mounts it: `token` leads to `..data/token`, `..data` to a folder."""

    def __init__(self, place):
        self.place = place
        self.file = place / "token"
        self.rotate("first", 1)
        self.file.symlink_to("..data/token")

    def rotate(self, secret, number):
        """Write a folder with the new secret, then lead `..data` there in one step."""
        folder = self.place / f"..2026_11_25_0{number}"
        folder.mkdir()
        (folder / "token").write_text(secret)
        (self.place / "..data_tmp").symlink_to(folder.name)
        (self.place / "..data_tmp").rename(self.place / "..data")


async def test_a_mounted_secret_is_followed_to_where_it_was_rotated(tmp_path):
    mounted = Mounted(tmp_path)
    source = TokenFile(mounted.file)
    assert (await source.fetch()).secret == "first"

    mounted.rotate("second", 2)

    assert (await source.fetch()).secret == "second"
    assert str(mounted.file.readlink()) == "..data/token"


async def test_a_missing_token_file_halts_and_is_named(tmp_path):
    with pytest.raises(HaltedError, match=r"no-such-token cannot be read: No such file"):
        await TokenFile(tmp_path / "no-such-token").fetch()


async def test_a_token_file_that_is_no_text_halts(tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")

    with pytest.raises(HaltedError, match="token cannot be read: it is no text") as halt:
        await TokenFile(tmp_path / "token").fetch()
    assert "0xff" not in str(halt.value)


@pytest.mark.parametrize("content", UNUSABLE)
async def test_an_unusable_token_file_halts_since_the_run_has_begun(tmp_path, content):
    (tmp_path / "token").write_text(content)

    with pytest.raises(HaltedError, match="the token in"):
        await TokenFile(tmp_path / "token").fetch()
