"""Which token the settings mean, and whether it can be had."""

import asyncio
import logging
from pathlib import Path

from connectors.avstar import (
    OAuthToken,
    StaticToken,
    TokenFile,
    TokenSource,
    TokenUnavailableError,
)
from connectors.errors import HaltedError, RefusedError
from dataflows.settings import Settings

log = logging.getLogger(__name__)

_SECRETS = ("AVSTAR_OAUTH_CLIENT_SECRET", "AVSTAR_OAUTH_CLIENT_SECRET_FILE")


def token_source(settings: Settings) -> TokenSource:
    """Return where the token comes from; nothing is read or asked yet.

    Raises:
        RefusedError: It was not given, twice, or in part.
    """
    kinds = {
        "AVSTAR_TOKEN": settings.token,
        "AVSTAR_TOKEN_FILE": settings.token_file,
        "AVSTAR_OAUTH_URL": settings.oauth_url or None,
    }
    given = [name for name, kind in kinds.items() if kind is not None]
    if not given:
        raise RefusedError("no token; set AVSTAR_TOKEN, AVSTAR_TOKEN_FILE or AVSTAR_OAUTH_URL")
    if len(given) > 1:
        raise RefusedError(f"{' and '.join(given)} are set; keep one")
    if settings.token is not None:
        return StaticToken(settings.token.get_secret_value())
    if settings.token_file is not None:
        return TokenFile(settings.token_file)
    return _oauth(settings)


def check_token(source: TokenSource) -> None:
    """Fetch a token now rather than in the middle of the night; an endpoint that is down may wait.

    Raises:
        RefusedError: There is none and there will be none.
    """
    try:
        asyncio.run(source.fetch())
    except TokenUnavailableError as error:
        log.warning("no token yet", extra={"detail": str(error)})
    except HaltedError as error:
        raise RefusedError(str(error)) from None


def _oauth(settings: Settings) -> OAuthToken:
    if not settings.oauth_client_id:
        raise RefusedError("AVSTAR_OAUTH_URL is set, but no client; set AVSTAR_OAUTH_CLIENT_ID")
    return OAuthToken(
        settings.oauth_url or "",
        settings.oauth_client_id,
        _client_secret(settings),
        settings=settings.delivery(),
        scope=settings.oauth_scope,
    )


def _client_secret(settings: Settings) -> str | Path:
    secret, file = settings.oauth_client_secret, settings.oauth_client_secret_file
    if secret is not None and file is not None:
        raise RefusedError(f"{' and '.join(_SECRETS)} are set; keep one")
    if file is not None:
        return file
    if secret is None:
        raise RefusedError(f"an OAuth client without a secret; set {' or '.join(_SECRETS)}")
    return secret.get_secret_value()
