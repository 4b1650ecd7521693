"""Ports for servers that cannot be told to take any."""

import random
from socket import create_server


def free_port() -> int:
    """Find one that nobody uses, below those that the system gives to clients meanwhile."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        try:
            create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
