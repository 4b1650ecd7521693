"""One attempt through a forward proxy, for http and https targets."""

import asyncio
import re
import ssl
from base64 import b64encode
from contextlib import suppress

import pytest
import trustme
from aiohttp import web

from connectors.avstar.client import post_form
from connectors.avstar.outcome import Verdict, judge
from connectors.avstar.proxy import Proxy
from connectors.avstar.settings import AvstarSettings

LOGIN = "me:hu@sh/1"
IN_URL = "me:hu%40sh%2F1"


class ForwardProxy:
    """Tunnels for CONNECT, forwards the rest; wants the login, if there is one.

    `heads` are the requests it was sent, without their bodies; `refusal` is what it says instead
    of letting them through.
    """

    def __init__(self, login: str = "", refusal: str = "") -> None:
        self.heads: list[str] = []
        self.address = ""
        self._refusal = refusal
        self._wanted = f"Proxy-Authorization: Basic {b64encode(login.encode()).decode()}"
        self._login = login

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            if self._login and self._wanted not in head:
                writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 4\r\n\r\nwho?")
            elif self._refusal:
                writer.write(f"HTTP/1.1 {self._refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                await self._pass_on(head, reader, writer)
        writer.close()

    async def _pass_on(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target, _ = head.split(" ", 2)
        host, port = re.fullmatch(r"(?:http://)?([^:/]+):(\d+)(?:/.*)?", target).groups()
        there, back = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            back.write(head.replace(f"http://{host}:{port}", "").encode())
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
    writer.close()


@pytest.fixture
async def proxied():
    servers = []

    async def up(**options) -> ForwardProxy:
        proxy = ForwardProxy(**options)
        servers.append(await asyncio.start_server(proxy.talk, "127.0.0.1", 0))
        proxy.address = f"127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"
        return proxy

    yield up
    for server in servers:
        server.close()


@pytest.fixture
def seen():
    """Requests that arrive at the target."""
    return []


@pytest.fixture
def target(serve, seen, tmp_path):
    """Serve an API, plain or over TLS; give its URL and the settings to trust it."""

    async def target(scheme):
        if scheme == "http":
            return await serve(created), {}
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        return await serve(created, ssl_context=context), {"ca_file": tmp_path / "ca.pem"}

    async def created(request):
        seen.append(request)
        return web.Response(status=201)

    return target


SCHEMES = pytest.mark.parametrize("scheme", ["http", "https"])


@SCHEMES
@pytest.mark.parametrize("login", ["", LOGIN])
async def test_requests_go_through_the_proxy_over_one_connection(
    target, proxied, client, spots, scheme, login
):
    url, trust = await target(scheme)
    through = await proxied(login=login)
    user = f"{IN_URL}@" if login else ""
    one = await client(url, proxy=Proxy(f"http://{user}{through.address}"), **trust)

    for spot in spots(5):
        assert (await one.attempt([spot], "s3cret-token")).status == 201

    (head,) = through.heads
    assert head.startswith("CONNECT localhost:" if scheme == "https" else f"POST {url}/ingest ")
    assert ("s3cret-token" in head) == (scheme == "http"), "a tunnel tells the proxy nothing"


async def test_the_api_is_not_told_what_the_proxy_wants_to_know(
    target, proxied, client, spot, seen
):
    url, trust = await target("https")
    through = await proxied(login=LOGIN)
    one = await client(url, proxy=Proxy(f"http://{IN_URL}@{through.address}"), **trust)

    await one.attempt([spot], "s3cret-token")

    (request,) = seen
    assert request.headers["Authorization"] == "Bearer s3cret-token"
    assert "Proxy-Authorization" not in request.headers
    assert "Proxy-Authorization" in through.heads[0]


@SCHEMES
async def test_a_token_endpoint_is_asked_through_the_same_proxy(target, proxied, scheme):
    url, trust = await target(scheme)
    through = await proxied(login=LOGIN)
    for user, status in ((IN_URL, 201), ("me:wrong", 407)):
        proxy = Proxy(f"http://{user}@{through.address}")
        settings = AvstarSettings(api_url=url, proxy=proxy, **trust)

        reply = await post_form(f"{url}/ingest", {"scope": "a"}, {}, settings)

        assert reply.status == status
    assert len(through.heads) == 2


@SCHEMES
@pytest.mark.parametrize("user", ["", "me@", "me:wrong-hush@"])
@pytest.mark.parametrize("proven", [False, True])
async def test_a_proxy_that_wants_other_credentials_halts_the_run_at_any_time(
    target, proxied, client, spot, scheme, user, proven
):
    url, trust = await target(scheme)
    through = await proxied(login=LOGIN)
    one = await client(url, proxy=Proxy(f"http://{user}{through.address}"), **trust)

    answer = await one.attempt([spot], "t")

    assert judge(answer, proven=proven) is Verdict.HALT
    assert answer.status == 407
    assert answer.detail == f"the proxy http://{through.address} wants other credentials"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [("403 Forbidden", "forbids it"), ("401 Unauthorized", "wants other credentials")],
)
async def test_a_proxy_that_lets_nobody_through_halts_the_run(
    target, proxied, client, spot, refusal, words
):
    url, trust = await target("https")
    through = await proxied(refusal=refusal)

    answer = await (await client(url, proxy=Proxy(f"http://{through.address}"), **trust)).attempt(
        [spot], "t"
    )

    assert judge(answer, proven=True) is Verdict.HALT
    assert answer.detail == f"the proxy http://{through.address} {words}"


@pytest.mark.parametrize(
    ("refusal", "first"),
    [("502 Bad Gateway", Verdict.TRANSIENT), ("504 Gateway Timeout", Verdict.TRANSIENT),
     ("429 Too Many Requests", Verdict.TRANSIENT), ("405 Method Not Allowed", Verdict.HALT)],
)  # fmt: skip
async def test_another_answer_to_connect_is_none_of_the_apis(
    target, proxied, client, spot, refusal, first
):
    url, trust = await target("https")
    through = await proxied(refusal=refusal)

    one = await client(url, proxy=Proxy(f"http://{IN_URL}@{through.address}"), **trust)
    answer = await one.attempt([spot], "t")

    assert judge(answer, proven=False) is first
    assert judge(answer, proven=True) is Verdict.TRANSIENT
    assert answer.detail == (
        f"connection failed: the proxy http://{through.address} answered {refusal[:3]}"
    )


@SCHEMES
async def test_a_proxy_that_is_not_there_is_waited_for(target, client, spot, scheme):
    url, trust = await target(scheme)

    answer = await (
        await client(url, proxy=Proxy(f"http://{IN_URL}@127.0.0.1:1"), **trust)
    ).attempt([spot], "t")

    assert judge(answer, proven=False) is Verdict.TRANSIENT
    assert answer.detail.startswith("connection to the proxy failed: ")
    assert "127.0.0.1:1" in answer.detail
    assert "hu" not in answer.detail.replace("http", "")


async def test_variables_that_name_a_proxy_are_not_looked_at(serve, client, spot, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def created(_):
        return web.Response(status=201)

    assert (await (await client(await serve(created))).attempt([spot], "t")).status == 201


async def test_a_server_is_verified_through_the_proxy_too(target, proxied, client, spot):
    url, _ = await target("https")
    through = await proxied()

    answer = await (await client(url, proxy=Proxy(f"http://{through.address}"))).attempt(
        [spot], "t"
    )

    assert answer.detail.startswith("certificate not trusted: ")
