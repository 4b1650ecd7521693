"""The page: `/metrics`, `/ready` and `/live`, while a process lives and not just while it runs."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AddressFamily
from threading import Lock, Thread
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import override

from connectors.errors import RefusedError
from dataflows.audit import also_handle
from dataflows.cluster.cluster import split_address
from dataflows.metrics_page import on_metrics_page
from dataflows.page.course import Course
from dataflows.page.pulse import PATIENCE_SECONDS, Pulse
from dataflows.page.readiness import Knock, Readiness, ask
from dataflows.settings import Settings

log = logging.getLogger(__name__)

Reply = tuple[int, str, bytes]
"""Status, type and body."""

_POLL_SECONDS = 0.2
"""Longest wait for the page to close at the end."""

_TEXT = "text/plain; charset=utf-8"


@contextmanager
def serving(settings: Settings, course: Course) -> Iterator[None]:
    """Serve the page at `settings.page` while the body runs.

    Raises:
        RefusedError: It cannot be served there.
    """
    server = _listen(settings.page or "", _routes(settings, course))
    thread = Thread(
        target=server.serve_forever, args=(_POLL_SECONDS,), name="avstar-page", daemon=True
    )
    thread.start()
    try:
        with on_metrics_page(lambda: course.last), also_handle(_Marks(course)):
            yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _routes(settings: Settings, course: Course) -> Mapping[str, Callable[[], Reply]]:
    pulse = Pulse(PATIENCE_SECONDS + settings.rate.seconds, time.monotonic())
    sends = not settings.validate_only
    knock = Knock(partial(ask, settings) if sends else lambda: Readiness(True, "sends nothing"))
    guard = Lock()  # two may ask at once

    def live() -> Reply:
        with guard:
            waits = course.waits()
            flaw = pulse.flaw(course.mark(), waits, time.monotonic())
        return _told(not flaw, flaw or waits or ("idle" if course.idle else "at work"))

    def ready() -> Reply:
        return _told(*knock.look(course))

    return {
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest()),
        "/live": live,
        "/ready": ready,
    }


class _Marks(logging.Handler):
    """Takes every event of the audit log for a step: a token that is asked for again, for one."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._course = course

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._course.step()


def _told(well: bool, words: str) -> Reply:  # noqa: FBT001 - the answer itself
    return 200 if well else 503, _TEXT, f"{words}\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        log.warning("page", extra={"error": repr(sys.exc_info()[1])})


def _server(host: str) -> type[_Server]:
    class SixServer(_Server):
        address_family = AddressFamily.AF_INET6

    return SixServer if ":" in host else _Server


def _listen(address: str, routes: Mapping[str, Callable[[], Reply]]) -> _Server:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds for one who connects and says nothing

        def do_GET(self) -> None:
            route = routes.get(self.path.partition("?")[0])
            status, kind, body = route() if route else (404, _TEXT, b"/metrics /ready /live\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *_: Any) -> None:
            """Say nothing: probes come every few seconds."""

    host, port = split_address(address)
    try:
        return _server(host)((host, port), Handler)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise RefusedError(
            f"--page {address} cannot be served: {why}; give another host:port"
        ) from None
