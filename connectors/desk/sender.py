"""Messages by mail, webhook and chat, through Apprise."""

import logging
import time
from collections.abc import Callable

from connectors.desk.message import Message
from connectors.errors import RefusedError

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 2.0
"""Pause before the second attempt; it doubles, so that a mail server may restart meanwhile."""


def new_sender(
    attempts: int = ATTEMPTS, pause: Callable[[float], None] = time.sleep
) -> Callable[[str, Message], bool]:
    """Return what sends a message to an address and says whether that succeeded.

    Args:
        attempts: Tries for each message.
        pause: Waits for seconds between them.

    Raises:
        RefusedError: The extra `desk` is missing. The sender raises it for an address that is
            none; it never shows one, since it may hold a password.
    """
    try:
        import apprise  # noqa: PLC0415 - the extra `desk`
    except ImportError:
        raise RefusedError("alerts need the extra `desk`: avion-to-avstar[desk]") from None
    silence = logging.getLogger("apprise")  # it would name addresses
    silence.addHandler(logging.NullHandler())
    silence.propagate = False

    def send(address: str, message: Message) -> bool:
        receiver = apprise.Apprise()
        if not receiver.add(address):
            scheme = address.partition("://")[0] if "://" in address else "no scheme"
            raise RefusedError(
                f"an alert address ({scheme}) cannot be used; write it as Apprise has it, such as "
                "mailtos://user:password@mail.example?to=desk@example"
            )
        for attempt in range(attempts):
            if attempt:
                pause(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            if receiver.notify(
                body=message.body,
                title=message.title,
                notify_type=apprise.NotifyType.WARNING,
                body_format=apprise.NotifyFormat.TEXT,
            ):
                return True
        return False

    return send
