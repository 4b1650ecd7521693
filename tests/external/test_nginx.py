"""TLS by nginx, which checks our certificate, before the sandbox: whole uploads by the command."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_connection, create_server
from typing import Any

import pytest
import trustme

from dataflows.generate import Sample, generate

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
ROOT = Path(__file__).parents[2]
SECONDS = 60
TOKEN = "secret-3f9a"
RECORDS, VALID = 300, 290

pytestmark = pytest.mark.skipif(
    not NGINX, reason="nginx is not installed (nginx-light); .ci/run installs it"
)

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        ssl_client_certificate {folder}/ca.pem;
        ssl_verify_client on;
        keepalive_requests 50;
        location / {{ proxy_pass {api}; }}
    }}
}}
"""
"""A connection is closed after 50 requests, as load balancers do: none may be lost by it."""


@pytest.fixture
def api(sandbox_process: Callable[..., Any]) -> Any:
    return sandbox_process("--rate", "100000/1", "--token", TOKEN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the certificates of both sides, and one of an authority that nginx does not know."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for issuer, name, file in (
        (authority, "localhost", "server.pem"),
        (authority, "client.example", "client.pem"),
        (trustme.CA(), "client.example", "foreign.pem"),
    ):
        issuer.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(tmp_path / file)
    with (tmp_path / "day.ndjson").open("wb") as file:
        file.writelines(generate(Sample(RECORDS, bad=(RECORDS - VALID) / RECORDS)))
    return tmp_path


@pytest.fixture
def nginx(api: Any, folder: Path) -> Iterator[str]:
    """Start nginx before the sandbox and give the URL."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = CONFIGURATION.format(folder=folder, port=port, api=api.url)
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port, process)
            yield f"https://localhost:{port}"
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def upload(nginx: str, folder: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    def upload(**settings: Path) -> "subprocess.CompletedProcess[str]":
        words = ["run", folder / "day.ndjson", "--out", folder / "out", "--api-url", nginx]
        ours = {f"AVSTAR_{name.upper()}": str(value) for name, value in settings.items()}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AVSTAR_")}
        return subprocess.run(
            [sys.executable, "-m", "dataflows.cli", *map(str, words), "--rate", "100000/1"],
            cwd=ROOT,
            env={**inherited, "AVSTAR_TOKEN": TOKEN, **ours},
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    return upload


def test_with_both_certificates_every_spot_is_delivered_once(
    upload: Callable[..., Any], folder: Path, api: Any
) -> None:
    done = upload(ca_file=folder / "ca.pem", client_cert=folder / "client.pem")

    assert done.returncode == 0, done.stderr
    assert len(api.spots()) == VALID
    assert api.stats()["accepted"] == VALID


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ca_file": "ca.pem"}, "No required SSL certificate was sent"),
        ({"ca_file": "ca.pem", "client_cert": "foreign.pem"}, "The SSL certificate error"),
        ({"client_cert": "client.pem"}, "certificate not trusted: "),
    ],
    ids=["no certificate", "a foreign one", "an unknown authority"],
)
def test_a_certificate_that_is_wrong_halts_before_anything_is_dead_lettered(
    upload: Callable[..., Any], folder: Path, api: Any, given: dict[str, str], words: str
) -> None:
    halted = upload(**{name: folder / file for name, file in given.items()})

    assert halted.returncode == 1, halted.stderr
    assert halted.stderr.count("\n") == 1
    assert words in halted.stderr
    assert "check the certificates, the proxy and the API URL" in halted.stderr
    assert api.stats()["requests"] == 0
    letters = [file.read_bytes() for file in folder.glob("out/*/dead-letters.ndjson")]
    assert b"".join(letters).count(b'"rejected"') == 0

    mended = upload(ca_file=folder / "ca.pem", client_cert=folder / "client.pem")

    assert mended.returncode == 0, mended.stderr
    assert len(api.spots()) == VALID
