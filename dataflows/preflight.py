"""What is looked at before anything is read or sent."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from connectors.errors import RefusedError
from connectors.ledger import Signer
from dataflows.credentials import check_token, token_source
from dataflows.settings import Settings


def check_settings(settings: Settings, *, is_first: bool = True) -> None:
    """Refuse a run that could not end well, before it begins.

    Args:
        settings: Those of the run.
        is_first: Of several processes the first alone moves what arrives in a landing folder.

    Raises:
        RefusedError: A setting is missing or out of range, the ledgers' or landing folder cannot
            be written, a certificate cannot be used, a host has no address, or there is no token to
            be had.
    """
    _check_out(settings.out_folder, "--archive" if settings.follow else "--out")
    landing = settings.follow if is_first else None
    if landing and landing.is_dir() and not _writable(landing):
        raise RefusedError(
            f"{landing} cannot be written, and what is taken is moved away from there; let "
            "this user write there, or give --follow another folder"
        )
    if settings.sign_key:
        Signer(settings.sign_key)
    if settings.validate_only:
        return
    delivery = settings.delivery()
    if settings.records_per_request > settings.checkpoint_records:
        raise RefusedError(
            f"--records-per-request {settings.records_per_request} is more than a batch holds "
            f"(--checkpoint-records {settings.checkpoint_records}), so no request would be full; "
            "lower the one or raise the other"
        )
    delivery.shared(settings.delivery_lanes)
    delivery.tls.context()
    source = token_source(settings)
    if delivery.proxy:  # which looks the others up for us
        _check_host(str(delivery.proxy), "the proxy's host", "--proxy")
    else:
        _check_host(delivery.api_url, "the API's host", "--api-url")
        if settings.oauth_url:
            _check_host(settings.oauth_url, "the token endpoint's host", "--oauth-url")
    check_token(source)


def _check_out(folder: Path, option: str) -> None:
    """Refuse a folder that cannot be made or written; whoever writes it makes it."""
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
    except OSError as error:
        raise RefusedError(f"{folder} cannot be made: {error.strerror}; choose another") from None
    if not there.is_dir():
        raise RefusedError(f"{folder} cannot be made: {there} is a file; choose another")
    if not _writable(there):
        raise RefusedError(f"{folder} cannot be written; choose another folder for {option}")


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _check_host(url: str, whose: str, option: str) -> None:
    """Look the host up. A server that is down is waited for; a name that does not exist is not."""
    host = urlsplit(url).hostname
    try:
        socket.getaddrinfo(host, None)
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, UnicodeError) or error.errno == socket.EAI_NONAME:
            raise RefusedError(f"{whose} {host} is unknown; check {option}") from None
