"""An API that gives each spot the answers written for it, and remembers what it was asked."""

import socket
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from threading import Thread
from typing import NamedTuple

SLOW_SECONDS = 1.5
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
REUSED = b'{"type": "urn:avstar:problem:request-id-reused", "title": "Other content"}'

Step = Callable[["Handler"], None]


class Request(NamedTuple):
    """What the API saw: when, for which spot, under which request ID, with which token."""

    at: float
    spot_id: str
    request_id: str
    token: str


class Handler(BaseHTTPRequestHandler):
    """Takes the next step of the spot's script; without one the spot is scheduled."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits for a delayed ACK
    server: "Scripted"

    def do_POST(self) -> None:
        body = loads(self.rfile.read(int(self.headers["Content-Length"])))
        request_id = self.headers["X-Request-ID"]
        self.spot = (body["spot_id"], request_id)
        token = self.headers["Authorization"]
        self.server.requests.append(Request(time.monotonic(), *self.spot, token))
        steps = self.server.steps[body["spot_id"]]
        step = steps.pop(0) if steps else self.server.always or schedule
        step(self)

    def log_message(self, *_: object) -> None:
        pass

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self, words: bytes = b"") -> None:
        """Say something that is no answer, and reset the connection."""
        self.wfile.write(words)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.close_connection = True


def schedule(handler: Handler) -> None:
    handler.say(409 if handler.spot in handler.server.scheduled else 201)
    handler.server.scheduled.append(handler.spot)


def answer(status: int, body: bytes = b"", **headers: str) -> Step:
    return lambda handler: handler.say(status, body, **headers)


def conflict(handler: Handler) -> None:
    handler.say(422, REUSED, Content_Type="application/problem+json")


def retry_at_a_date(handler: Handler) -> None:
    """Ask to come back in two seconds, on a clock that is an hour fast."""
    handler.send_response_only(429)
    handler.send_header("Date", formatdate(time.time() + 3600, usegmt=True))
    handler.send_header("Retry-After", formatdate(time.time() + 3602, usegmt=True))
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def reset(handler: Handler) -> None:
    handler.cut()


def lost(handler: Handler) -> None:
    handler.server.scheduled.append(handler.spot)
    handler.cut()


def malformed(handler: Handler) -> None:
    handler.server.scheduled.append(handler.spot)
    handler.cut(b"HTTP/1.1 two hundred\r\n\r\n")


def malformed_chunk(handler: Handler) -> None:
    """Send half of a chunk and fall silent: only the client's own timeout ends that."""
    handler.server.scheduled.append(handler.spot)
    handler.wfile.write(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab")
    time.sleep(SLOW_SECONDS)
    handler.close_connection = True


def slow(handler: Handler) -> None:
    handler.server.scheduled.append(handler.spot)
    time.sleep(SLOW_SECONDS)
    handler.cut()


class Scripted(ThreadingHTTPServer):
    """Up inside `scripted_api`.

    `steps` are the answers still to be given, by spot ID; then comes what it does `always`, which
    is to schedule the spot unless told otherwise.
    """

    request_queue_size = 128  # with the usual 5, fifty connections at once wait for seconds

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.steps: defaultdict[str, list[Step]] = defaultdict(list)
        self.always: Step | None = None
        self.requests: list[Request] = []
        self.scheduled: list[tuple[str, str]] = []


@contextmanager
def scripted_api() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
