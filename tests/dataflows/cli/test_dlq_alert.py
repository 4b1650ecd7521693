"""Alerts that arrive, at real servers, once."""

import json
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from connectors.ledger import read_manifest
from connectors.ledger.files import sha256_of

New = Callable[..., Any]


class Mailbox:
    """What a mail server took in."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class Receiver(ThreadingHTTPServer):
    """A webhook that answers as told, and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts: list[Any] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"json://user:hunter2@127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.posts.append(json.loads(body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:  # the controller takes no port 0
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, f"mailto://127.0.0.1:{port}?from=avstar@tv.example&to=desk@tv.example&mode=insecure"
    controller.stop()


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


@pytest.fixture
def night(api: New, new_export: New, new_upload: New) -> Any:
    upload = new_upload(api(), new_export(200))
    assert upload().code == 0
    return upload


def test_the_desk_is_told_once_by_mail_and_webhook(
    night: Any, avstar: Any, mail: tuple[Mailbox, str], hook: Receiver
) -> None:
    box, address = mail
    words = ("dlq", "alert", night.out)
    done = avstar(*words, AVSTAR_ALERT_URLS=f"{address} {hook.url}")
    assert (done.code, done.out, done.err) == (0, "2 of 2 messages sent\n", "")
    [post] = hook.posts
    [letter] = box.mails
    title = "Avstar: 10 spots of day.ndjson need the traffic desk"
    assert (post["title"], letter["Subject"], letter["To"]) == (title, title, "desk@tv.example")
    text = letter.get_body(("plain",)).get_content()
    manifest = read_manifest(night.ledger())
    assert manifest
    digest = sha256_of(night.ledger() / "manifest.json")
    for told in ("10 of 200 records were not delivered", "correct the field that is named", digest):
        assert told in post["message"]
        assert told in text
    again = avstar(*words, AVSTAR_ALERT_URLS=f"{address} {hook.url}")
    assert (again.code, again.out) == (0, "nothing new to tell\n")
    assert (len(box.mails), len(hook.posts)) == (1, 1)


def test_an_address_that_is_none_keeps_no_other_from_being_told(
    night: Any, avstar: Any, hook: Receiver
) -> None:
    words = ("dlq", "alert", night.out)
    done = avstar(*words, AVSTAR_ALERT_URLS=f"nosuch://user:hunter2@x {hook.url}")
    assert (done.code, len(hook.posts)) == (1, 1)
    assert "an alert address (nosuch) cannot be used" in done.refusal
    assert "1 others were told" in done.refusal
    assert "hunter2" not in done.refusal
    assert avstar(*words, AVSTAR_ALERT_URLS=hook.url).out == "nothing new to tell\n"


def test_another_night_is_told_alone(
    night: Any, new_export: New, new_upload: New, avstar: Any, hook: Receiver
) -> None:
    words = ("dlq", "alert", night.out)
    assert avstar(*words, AVSTAR_ALERT_URLS=hook.url).code == 0
    assert new_upload(night.api, new_export(50, "next.ndjson", seed=2))().code == 0
    assert avstar(*words, AVSTAR_ALERT_URLS=hook.url).code == 0
    assert hook.posts[1]["title"] == "Avstar: 10 spots of next.ndjson need the traffic desk"
    assert "day.ndjson" not in hook.posts[1]["message"]


def test_a_night_that_was_only_checked_is_told_when_it_was_uploaded(
    api: New, new_export: New, new_upload: New, avstar: Any, hook: Receiver
) -> None:
    upload = new_upload(api(), new_export(200))
    words = ("dlq", "alert", upload.out)
    assert upload("--validate-only").code == 0
    assert "holds no sealed ledger" in avstar(*words, AVSTAR_ALERT_URLS=hook.url).refusal
    assert upload().code == 0
    assert avstar(*words, AVSTAR_ALERT_URLS=hook.url).code == 0
    assert len(hook.posts) == 1


def test_a_receiver_that_fails_is_tried_again(night: Any, avstar: Any, hook: Receiver) -> None:
    hook.statuses = [503]
    assert avstar("dlq", "alert", night.out, AVSTAR_ALERT_URLS=hook.url).code == 0
    assert len(hook.posts) == 1


def test_who_was_not_reached_is_told_the_next_time_and_nobody_else(
    night: Any, avstar: Any, mail: tuple[Mailbox, str], hook: Receiver, tmp_path: Path
) -> None:
    box, address = mail
    hook.statuses = [500] * 4
    receivers = tmp_path / "receivers"
    receivers.write_text(f"{address}\n{hook.url}\n")
    words = ("dlq", "alert", night.out)
    failed = avstar(*words, AVSTAR_ALERT_URLS_FILE=str(receivers))
    assert (failed.code, failed.out) == (1, "1 of 2 messages sent\n")
    assert "hunter2" not in failed.out + failed.err
    again = avstar(*words, AVSTAR_ALERT_URLS_FILE=str(receivers))
    assert (again.code, again.out) == (0, "1 of 1 messages sent\n")
    assert (len(box.mails), len(hook.posts)) == (1, 1)
    assert "hunter2" not in (night.out / ".alerted").read_text()


def test_a_night_without_dead_letters_is_no_news(
    api: New, new_export: New, new_upload: New, avstar: Any, hook: Receiver
) -> None:
    upload = new_upload(api(), new_export(50, bad=0))
    assert upload().code == 0
    done = avstar("dlq", "alert", upload.out, AVSTAR_ALERT_URLS=hook.url)
    assert (done.code, done.out, hook.posts) == (0, "nothing new to tell\n", [])


def test_what_was_sent_again_is_the_same_night(
    api: New, new_export: New, new_upload: New, avstar: Any, hook: Receiver
) -> None:
    failing = {"AVSTAR_MAX_ATTEMPTS": "1", "AVSTAR_BREAKER_FAILURES": "1000"}
    upload = new_upload(api("--fault", "500=0.5"), new_export(100, bad=0))
    assert upload(**failing).code == 0
    words = ("dlq", "alert", upload.out)
    assert avstar(*words, AVSTAR_ALERT_URLS=hook.url).code == 0
    address = ("--api-url", upload.api.url, "--rate", "10000/0.1")
    assert avstar("dlq", "redrive", upload.out, *address, **failing).code == 3
    assert avstar(*words, AVSTAR_ALERT_URLS=hook.url).out == "nothing new to tell\n"
    assert len(hook.posts) == 1


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        (None, "nobody to tell; set AVSTAR_ALERT_URLS"),
        ("nosuch://user:hunter2@x", "an alert address (nosuch) cannot be used"),
        ("hunter2", "an alert address (no scheme) cannot be used"),
    ],
)
def test_an_address_that_is_none_is_refused_and_never_shown(
    night: Any, avstar: Any, urls: str | None, words: str
) -> None:
    done = avstar("dlq", "alert", night.out, AVSTAR_ALERT_URLS=urls)
    assert (done.code, words in done.refusal, "hunter2" in done.err) == (2, True, False)


def test_a_damaged_note_is_refused(night: Any, avstar: Any, hook: Receiver) -> None:
    (night.out / ".alerted").write_text("{")
    done = avstar("dlq", "alert", night.out, AVSTAR_ALERT_URLS=hook.url)
    assert ".alerted is damaged; remove it" in done.refusal
    assert "is one ledger" in avstar("dlq", "alert", night.ledger(), AVSTAR_ALERT_URLS="x").refusal
