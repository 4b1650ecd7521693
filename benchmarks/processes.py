"""One command as a process, or as the processes of a cluster."""

import os
import random
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from benchmarks.sandbox import TOKEN

PORTS = range(15_000, 32_000)
"""Ports that no connection is given."""


def start(command: Sequence[str], count: int, **streams: object) -> list[subprocess.Popen]:
    """Start a command as so many processes, each with its index."""
    addresses = ";".join(_free_addresses(count))
    shared = {**os.environ, "AVSTAR_TOKEN": TOKEN, "BYTEWAX_ADDRESSES": addresses}
    return [
        subprocess.Popen(command, env={**shared, "BYTEWAX_PROCESS_ID": str(i)}, **streams)
        for i in range(count)
    ]


def _free_addresses(count: int) -> list[str]:
    held: list[socket.socket] = []
    while len(held) < count:
        with suppress(OSError):
            held.append(socket.create_server(("127.0.0.1", random.choice(PORTS))))
    addresses = ["{}:{}".format(*one.getsockname()) for one in held]
    for one in held:
        one.close()
    return addresses
