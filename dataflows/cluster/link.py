"""One connection between two processes of a cluster, over which they say single words."""

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

_PROBES = {
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 2,
    "TCP_USER_TIMEOUT": 15_000,
}
"""Socket options by which the system finds out in 15 s that the other machine has vanished."""

_WORD_BYTES = 1 << 24
"""More than any word takes; a stranger may send anything."""


class Link:
    """Says words to another process and hears its own; a word may come with values.

    A connection that is broken is found out by hearing: saying something to it does nothing.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _PROBES.items():
            if option := getattr(socket, name, None):
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
        self._socket = connection
        self._heard = b""

    def say(self, word: str, **values: Any) -> None:
        """Say a word."""
        try:
            self._socket.sendall(json.dumps({"word": word, **values}).encode() + b"\n")
        except OSError:
            return

    def hear(self, patience: float | None = None) -> Mapping[str, Any] | None:
        """Return the next word with its values, None if there will be no more.

        Args:
            patience: Seconds to wait, for ever if None.

        Raises:
            TimeoutError: Nothing was said in time.
        """
        try:
            self._socket.settimeout(patience)
            while b"\n" not in self._heard:
                said = self._socket.recv(1 << 16)
                if not said or len(self._heard) > _WORD_BYTES:
                    return None
                self._heard += said
            line, self._heard = self._heard.split(b"\n", 1)
            return dict(json.loads(line))
        except TimeoutError as error:
            if error.errno is None:  # otherwise it was the system that waited, for the machine
                raise
            return None
        except (OSError, ValueError, TypeError):  # broken, or none of ours
            return None

    @property
    def is_open(self) -> bool:
        """Tell whether the other end is there; it has nothing to say at that time."""
        try:
            return self.hear(0.001) is not None
        except TimeoutError:
            return True

    def close(self) -> None:
        """Close the connection, also for one who is hearing."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
