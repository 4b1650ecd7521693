"""The bearer token, and where it comes from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from typing_extensions import override

from connectors.errors import AvstarError, HaltedError, RefusedError


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; nothing shows its text.

    `lifetime` is for how many seconds it is good from when it was asked for, None if nobody says.
    """

    secret: str = field(repr=False)
    lifetime: float | None = None


class TokenUnavailableError(AvstarError):
    """There is no token now, but there may be one soon.

    `retry_after` is in how many seconds it is to be asked for again, None if nobody says.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TokenSource(Protocol):
    """Gives the bearer token; asked again when it runs out and after a 401."""

    async def fetch(self) -> Token:
        """Return the token as it is now.

        Raises:
            TokenUnavailableError: There is none yet; it is asked again, patiently.
            HaltedError: There is none and there will be none.
        """


class StaticToken:
    """A token that never changes."""

    def __init__(self, secret: str) -> None:
        self._token = Token(usable(secret, "the token"))

    async def fetch(self) -> Token:
        """Return the token."""
        return self._token

    @override
    def __repr__(self) -> str:
        return "StaticToken(***)"


class TokenFile:
    """A token in a file, read again after a 401: rotated secrets are mounted that way."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    async def fetch(self) -> Token:
        """Read the file."""
        try:
            return Token(usable(read_secret(self._path, "token"), f"the token in {self._path}"))
        except RefusedError as error:  # found in the middle of a run
            raise HaltedError(str(error)) from None

    @override
    def __repr__(self) -> str:
        return f"TokenFile({str(self._path)!r})"


def usable(secret: str, what: str) -> str:
    """Return a token without white space around it.

    Raises:
        RefusedError: No header can carry it; `what` names it.
    """
    secret = secret.strip()
    if not secret:
        raise RefusedError(f"{what} is empty")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise RefusedError(f"{what} holds characters that no bearer token has")
    return secret


def read_secret(path: Path, what: str) -> str:
    """Read a secret from its file, without white space around it.

    Raises:
        HaltedError: The file cannot be read.
    """
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise HaltedError(f"{what} file {path} cannot be read: {reason}") from None
