"""The command against an API over TLS that asks for a certificate."""

import ssl
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

RECORDS = 30


class Api:
    """An API over TLS that accepts what comes with a certificate of its authority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        ours = authority.issue_cert("client.example")
        ours.cert_chain_pems[0].write_to_path(folder / "client.pem")
        ours.private_key_pem.write_to_path(folder / "client.key")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_REQUIRED
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # refuses within the handshake: no race
        authority.configure_trust(context)
        authority.issue_cert("localhost").configure_cert(context)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://localhost:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                requests.append(self.headers["X-Request-ID"])
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    api = Api(tmp_path)
    monkeypatch.setattr(api.server, "handle_error", lambda *_: None)
    with api.server:
        thread = Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield api
        api.server.shutdown()
        thread.join()


def test_files_of_certificates_are_all_that_an_upload_over_tls_needs(
    secured: Api, new_export: Callable[..., Path], new_upload: Callable[..., Any]
) -> None:
    upload = new_upload(secured, new_export(RECORDS, bad=0))
    trusting = ("--ca-file", secured.folder / "ca.pem")
    showing = ("--client-cert", secured.folder / "client.pem")

    unknown = upload()
    assert unknown.code == 1
    assert "cannot be used (certificate not trusted: " in unknown.refusal
    nobody = upload(*trusting)
    assert nobody.code == 1
    assert "cannot be used (TLS refused: " in nobody.refusal
    assert "handshake failure" in nobody.refusal
    assert "check the certificates" in nobody.refusal
    keyless = upload(*trusting, *showing)
    assert keyless.code == 2
    assert "client.pem holds no private key" in keyless.refusal
    assert secured.requests == []

    key = ("--client-key", secured.folder / "client.key")
    assert upload(*trusting, *showing, *key).code == 0
    assert len(secured.requests) == len(set(secured.requests)) == RECORDS
    assert upload.rows("dead-letters") == []
