"""One attempt over TLS: whom we trust, and who we say we are, against servers that check."""

import asyncio
import gc
import socket
import ssl
import threading
from contextlib import closing, suppress
from datetime import datetime, timedelta, timezone

import pytest
import trustme
from aiohttp import web

from connectors.avstar.client import post_form
from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.outcome import Verdict, judge
from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken
from connectors.errors import HaltedError

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusting(authority, tmp_path):
    """Settings that trust our authority."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return {"ca_file": tmp_path / "ca.pem"}


@pytest.fixture
def showing(tmp_path):
    """Settings that show a certificate which an authority issued."""

    def showing(issuer):
        ours = issuer.issue_cert("client.example")
        ours.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
        ours.private_key_pem.write_to_path(tmp_path / "client.key")
        return {"client_cert": tmp_path / "client.pem", "client_key": tmp_path / "client.key"}

    return showing


@pytest.fixture
def api(serve):
    """Serve over TLS with this certificate; the requests that arrive are in `requests`."""

    class Api:
        def __init__(self):
            self.requests = []

        async def answer(self, request):
            self.requests.append(request)
            return web.Response(status=201)

        async def up(self, certificate):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            certificate.configure_cert(context)
            return await serve(self.answer, ssl_context=context)

    return Api()


async def test_a_server_that_our_ca_file_vouches_for_is_trusted(
    api, client, spot, authority, trusting
):
    one = await client(await api.up(authority.issue_cert("localhost")), **trusting)

    for _ in range(5):
        assert (await one.attempt([spot], "t")).status == 201
    assert len({request.transport for request in api.requests}) == 1


async def test_a_token_endpoint_is_trusted_for_the_same_ca_file(api, authority, trusting):
    url = await api.up(authority.issue_cert("localhost"))
    form, endpoint = {"grant_type": "client_credentials"}, f"{url}/ingest"

    known = await post_form(endpoint, form, {}, AvstarSettings(api_url=url, **trusting))
    unknown = await post_form(endpoint, form, {}, AvstarSettings(api_url=url))

    assert known.status == 201
    assert unknown.misconfigured
    assert len(api.requests) == 1


YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "options", "trusts", "words"),
    [
        ("localhost", {}, False, "unable to get local issuer certificate"),
        ("other.example", {}, True, "certificate is not valid for 'localhost'"),
        ("localhost", {"not_after": YESTERDAY}, True, "certificate has expired"),
    ],
    ids=["unknown authority", "other name", "expired"],
)
async def test_a_server_that_nobody_vouches_for_gets_no_token_and_halts_the_run(
    api, client, spot, authority, trusting, name, options, trusts, words
):
    url = await api.up(authority.issue_cert(name, **options))
    trust = trusting if trusts else {}

    answer = await (await client(url, **trust)).attempt([spot], "t")

    assert answer.detail.startswith("certificate not trusted: ")
    assert words in answer.detail
    assert judge(answer, proven=False) is Verdict.HALT
    assert judge(answer, proven=True) is Verdict.TRANSIENT
    settings = AvstarSettings(api_url=url, rate=Rate(10_000, 0.1), **trust)
    credentials = Credentials(StaticToken("t"), settings)
    with pytest.raises(
        HaltedError, match="check the certificates, the proxy and the API URL"
    ) as halt:
        await Delivery(settings, credentials).deliver([spot])
    assert words in str(halt.value)
    assert not api.requests, "the token must not reach a server that nobody vouches for"


async def test_plain_http_where_tls_is_expected_halts_the_run(client, spot):
    async def plain(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    answer = await (await client(url)).attempt([spot], "t")
    server.close()

    assert answer.detail == "TLS refused: wrong version number"
    assert judge(answer, proven=False) is Verdict.HALT


@pytest.fixture
def strict(authority):
    """Serve TLS that wants a certificate of our authority, and says why when it refuses.

    Blocking, for asyncio's own servers hang up without the alert that others send.
    """
    shown = []

    def talk(connection, context):
        with (
            suppress(OSError),
            closing(connection),
            closing(context.wrap_socket(connection, server_side=True)) as secured,
        ):
            shown.append(secured.getpeercert())
            secured.recv(1 << 16)
            secured.sendall(CREATED)
            secured.recv(1)  # until the client has read it

    def serve(listener, context):
        with suppress(OSError):
            while True:
                talk(listener.accept()[0], context)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def up(newest):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.maximum_version = newest
            context.verify_mode = ssl.CERT_REQUIRED
            authority.issue_cert("localhost").configure_cert(context)
            authority.configure_trust(context)
            threading.Thread(target=serve, args=(listener, context), daemon=True).start()
            return f"https://localhost:{listener.getsockname()[1]}", shown

        yield up
        listener.shutdown(socket.SHUT_RDWR)


VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@VERSIONS
async def test_a_server_that_asks_for_a_certificate_gets_ours(
    strict, client, spot, authority, trusting, showing, version
):
    url, shown = strict(version)

    one = await client(url, **trusting, **showing(authority))

    assert (await one.attempt([spot], "t")).status == 201
    assert "client.example" in str(shown[0]["subjectAltName"])


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")  # Python 3.10's mistake
@VERSIONS
@pytest.mark.parametrize("foreign", [False, True])
async def test_without_a_certificate_that_the_server_wants_the_run_halts(
    strict, client, spot, trusting, showing, version, foreign
):
    url, shown = strict(version)
    one = await client(url, **trusting, **(showing(trustme.CA()) if foreign else {}))

    for _ in range(300):
        answer = await one.attempt([spot], "t")
        if not answer.detail.startswith("connection failed: "):
            break
        await asyncio.sleep(0.03)  # the alert lost its race against the reset; a load passes

    assert answer.detail.startswith("TLS refused: ")
    assert "unknown ca" in answer.detail if foreign else True
    assert judge(answer, proven=False) is Verdict.HALT
    assert not shown
    gc.collect()  # within the filter


@pytest.mark.parametrize(
    "words",
    [
        "No required SSL certificate was sent",
        "The SSL certificate error",
        "The plain HTTP request was sent to HTTPS port",
    ],
)
async def test_a_400_about_the_connection_halts_the_run_at_any_time(serve, client, spot, words):
    async def handler(_):
        page = f"<html>\r\n<head><title>400 {words}</title></head>\r\n<body></body></html>"
        return web.Response(status=400, text=page, content_type="text/html")

    answer = await (await client(await serve(handler))).attempt([spot], "t")

    assert judge(answer, proven=False) is judge(answer, proven=True) is Verdict.HALT
    assert words in answer.detail
