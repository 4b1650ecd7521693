from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from connectors.desk import Message, new_sender
from connectors.errors import RefusedError

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # Apprise's own

MESSAGE = Message("title", "body")


@pytest.fixture
def refusing():
    """A webhook that always fails, and the requests that it was sent."""
    posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"json://127.0.0.1:{server.server_port}/x", posts
        server.shutdown()
        thread.join()


def test_a_receiver_that_fails_is_tried_so_often_with_growing_pauses(refusing) -> None:
    address, posts = refusing
    pauses: list[float] = []
    assert new_sender(attempts=4, pause=pauses.append)(address, MESSAGE) is False
    assert (len(posts), pauses) == (4, [2.0, 4.0, 8.0])


@pytest.mark.parametrize("address", ["nosuch://user:hunter2@x", "hunter2", ""])
def test_an_address_that_is_none_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(RefusedError, match="cannot be used; write it as Apprise has it") as refused:
        new_sender()(address, MESSAGE)
    assert "hunter2" not in str(refused.value)
