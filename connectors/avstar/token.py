"""The bearer token: where it comes from, and one renewal for all who wait for it."""

import asyncio
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from connectors.errors import HaltedError, RefusedError


class TokenSource(Protocol):
    """Gives the bearer token; asked again after a 401."""

    async def fetch(self) -> str:
        """Return the token as it is now.

        Raises:
            HaltedError: There is none.
        """


class StaticToken:
    """A token that never changes."""

    def __init__(self, secret: str) -> None:
        self._secret = _usable(secret, "the token")

    async def fetch(self) -> str:
        """Return the token."""
        return self._secret

    @override
    def __repr__(self) -> str:
        return "StaticToken(***)"


class TokenFile:
    """A token in a file, read again after a 401: rotated secrets are mounted that way."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    async def fetch(self) -> str:
        """Read the file."""
        try:
            return _usable(self._path.read_text(), f"the token in {self._path}")
        except RefusedError as error:  # found in the middle of a run
            raise HaltedError(str(error)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise HaltedError(f"token file {self._path} cannot be read: {error}") from None

    @override
    def __repr__(self) -> str:
        return f"TokenFile({str(self._path)!r})"


def _usable(secret: str, what: str) -> str:
    secret = secret.strip()
    if not secret:
        raise RefusedError(f"{what} is empty")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise RefusedError(f"{what} holds characters that no bearer token has")
    return secret


class Credentials:
    """The token in use. A 401 renews it once, however many requests got one."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._token: str | None = None
        self._renewal = asyncio.Lock()

    async def token(self) -> str:
        """Return the token to send."""
        if self._token is None:
            return await self.renewed(None)
        return self._token

    async def renewed(self, refused: str | None) -> str:
        """Return a token fetched after `refused` was used."""
        async with self._renewal:
            if self._token == refused or self._token is None:
                self._token = await self._source.fetch()
            return self._token
