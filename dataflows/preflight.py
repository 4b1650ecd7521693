"""What is looked at before anything is read or sent."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from connectors.errors import RefusedError
from dataflows.settings import Settings


def check_settings(settings: Settings) -> None:
    """Refuse a run that could not end well, before it begins.

    Raises:
        RefusedError: A setting is missing or out of range, the ledgers' folder cannot be written,
            a certificate cannot be used, or the API's host or the proxy's has no address.
    """
    _check_out(settings.out_folder)
    if settings.validate_only:
        return
    delivery = settings.delivery()
    delivery.rate.share(settings.delivery_lanes)
    settings.token_source()
    delivery.tls.context()
    if delivery.proxy:  # which looks the API's host up for us
        _check_host(str(delivery.proxy), "the proxy's host", "--proxy")
    else:
        _check_host(delivery.api_url, "the API's host", "--api-url")


def _check_out(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(f"{folder} cannot be made: {error.strerror}; choose another") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RefusedError(f"{folder} cannot be written; choose another folder for --out")


def _check_host(url: str, whose: str, option: str) -> None:
    """Look the host up. A server that is down is waited for; a name that does not exist is not."""
    host = urlsplit(url).hostname
    try:
        socket.getaddrinfo(host, None)
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, UnicodeError) or error.errno == socket.EAI_NONAME:
            raise RefusedError(f"{whose} {host} is unknown; check {option}") from None
