"""A token by OAuth 2.0 client credentials (RFC 6749, section 4.4).

Written out: a form of two fields and an answer of three are less than what a library for all of
OAuth wants to be told, and the waiting and the words for people would still be ours.
"""

from base64 import b64encode
from collections.abc import Sequence
from http import HTTPStatus as Http
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlsplit

from pydantic_core import from_json
from typing_extensions import override

from connectors.avstar.answer import Answer, in_short, read_answer
from connectors.avstar.client import post_form
from connectors.avstar.reply import Reply
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import Token, TokenUnavailableError, read_secret, usable
from connectors.errors import AvstarError, HaltedError, RefusedError

_LATER = frozenset({Http.REQUEST_TIMEOUT, Http.TOO_EARLY, Http.TOO_MANY_REQUESTS})
_LATER_CODES = frozenset({"temporarily_unavailable", "server_error"})
_WORDS = ("error", "error_description")


class OAuthToken:
    """A token that an OAuth 2.0 token endpoint issues to a client.

    The client authenticates by HTTP Basic, which every endpoint knows.

    Args:
        url: The token endpoint.
        client_id: The client's ID.
        secret: The client's secret, or the file that holds it, read each time.
        settings: Timeouts and connections, as to the API.
        scope: What the token is asked to allow, separated by spaces; empty leaves it to the
            endpoint.

    Raises:
        RefusedError: The URL cannot be used, or ID or secret are empty.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        secret: str | Path,
        *,
        settings: AvstarSettings,
        scope: str = "",
    ) -> None:
        self._url = url
        self._place = _place(url)
        if not client_id or not secret:
            raise RefusedError("an OAuth client needs an ID and a secret; one of them is empty")
        self._client_id = client_id
        self._secret = secret
        self._settings = settings
        self._form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})

    async def fetch(self) -> Token:
        """Ask the endpoint once."""
        name, secret = quote_plus(self._client_id), self._read_secret()
        basic = b64encode(f"{name}:{quote_plus(secret)}".encode()).decode()
        sent = {"Authorization": f"Basic {basic}", "Accept": "application/json"}
        reply = await post_form(self._url, self._form, sent, self._settings)
        return read_token(reply, self._place, secrets=[basic, quote_plus(secret), secret])

    def _read_secret(self) -> str:
        if isinstance(self._secret, str):
            return self._secret
        if secret := read_secret(self._secret, "client secret"):
            return secret
        raise HaltedError(f"client secret file {self._secret} is empty")

    @override
    def __repr__(self) -> str:
        return f"OAuthToken({self._place!r}, {self._client_id!r}, ***)"


def read_token(reply: Reply | Answer, place: str, secrets: Sequence[str] = ()) -> Token:
    """Read the answer of a token endpoint; `place` is its address, `secrets` are not repeated.

    Raises:
        TokenUnavailableError: The endpoint has none now.
        HaltedError: It refuses the client, or is no token endpoint.
    """
    if isinstance(reply, Answer):
        if reply.misconfigured:
            raise HaltedError(f"token endpoint {place} cannot be used: {reply.detail}")
        raise TokenUnavailableError(f"token endpoint {place}: {reply.detail}")
    document = _document(reply.body)
    if Http.OK <= reply.status < Http.MULTIPLE_CHOICES:
        return _issued(document, place)
    raise _refusal(reply, document, place, secrets)


def _issued(document: dict[str, Any], place: str) -> Token:
    secret, kind = document.get("access_token"), document.get("token_type", "Bearer")
    if not isinstance(secret, str) or str(kind).lower() != "bearer":
        raise HaltedError(
            f"token endpoint {place} answered without a bearer token; check the token URL"
        )
    try:
        return Token(usable(secret, f"the token from {place}"), _seconds(document))
    except RefusedError as error:
        raise HaltedError(str(error)) from None


def _refusal(
    reply: Reply, document: dict[str, Any], place: str, secrets: Sequence[str]
) -> AvstarError:
    answer = read_answer(reply.status, reply.headers, reply.body, secrets=secrets)
    words = ": ".join(str(document[key]) for key in _WORDS if document.get(key))
    said = (
        f"answered {reply.status} ({in_short(words, secrets) or answer.detail or 'no explanation'})"
    )
    later = reply.status in _LATER or reply.status >= Http.INTERNAL_SERVER_ERROR
    if later or document.get("error") in _LATER_CODES:
        return TokenUnavailableError(f"token endpoint {place} {said}", answer.retry_after)
    return HaltedError(
        f"token endpoint {place} {said}; check the client's ID and secret, the scope and the "
        "token URL, then run again"
    )


def _seconds(document: dict[str, Any]) -> float | None:
    """Read the lifetime, a number that some endpoints write as text; without one nobody knows."""
    value = document.get("expires_in")
    try:
        seconds = float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return None
    return seconds if isfinite(seconds) and seconds > 0 else None


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = from_json(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _place(url: str) -> str:
    """Return the endpoint's address without its query, which may hold what nobody is to see."""
    try:
        parts = urlsplit(url)
        usable_url = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable_url = False
    if not usable_url or "@" in parts.netloc or "#" in url:
        raise RefusedError(
            "the token URL cannot be used; write http(s)://host[:port]/path, without credentials "
            "or fragment"
        )
    return parts._replace(query="").geturl()
