"""Tokens by client credentials, from the sandbox and from endpoints that misbehave on cue."""

import json
import ssl
from base64 import b64decode
from contextlib import AsyncExitStack, suppress
from urllib.parse import unquote_plus

import pytest
import trustme
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.answer import Answer
from connectors.avstar.oauth import OAuthToken, read_token
from connectors.avstar.reply import Reply
from connectors.avstar.sandbox import Faults
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import Token, TokenUnavailableError
from connectors.errors import AvstarError, HaltedError, RefusedError

SECRET = "hush: 100% s3cret+ünd/mehr=&"
PLACE = "https://id.example/token"


def source_of(url, client_id="sandbox", secret="sandbox", scope="", **settings):
    patience = AvstarSettings(api_url="http://localhost:1", **settings)
    return OAuthToken(url, client_id, secret, settings=patience, scope=scope)


@pytest.fixture
async def endpoint():
    """Serve a token endpoint with a handler on a free port, and give its URL."""
    async with AsyncExitStack() as stack:

        async def endpoint(handler, **options):
            application = web.Application()
            application.add_routes([web.post("/token", handler)])
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.05)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0, **options).start()
            scheme = "https" if options else "http"
            return f"{scheme}://localhost:{runner.addresses[0][1]}/token"

        yield endpoint


def reply(status=200, content_type="application/json", retry_after=None, **document):
    headers = {"Content-Type": content_type} | ({"Retry-After": retry_after} if retry_after else {})
    return Reply(status, headers, json.dumps(document).encode())


async def test_the_sandbox_issues_a_token_with_its_lifetime(sandbox):
    api = await sandbox(client_id="night", client_secret=SECRET, token_seconds=90)

    token = await source_of(f"{api.url}/oauth/token", "night", SECRET).fetch()

    assert token.lifetime == 90
    assert len(token.secret) == 32
    assert (await api.stats())["tokens_issued"] == 1


async def test_the_form_and_the_client_are_sent_as_the_standard_says(endpoint):
    seen = []

    async def handler(request):
        seen.append((request.headers, await request.text()))
        return web.json_response({"access_token": "t", "token_type": "bearer", "expires_in": 60})

    url = f"{await endpoint(handler)}?tenant=7"
    await source_of(url, "cli:ent", SECRET, scope="ingest read").fetch()
    await source_of(url, "cli:ent", SECRET).fetch()

    (headers, form), (_, short) = seen
    assert (form, short) == (
        "grant_type=client_credentials&scope=ingest+read",
        "grant_type=client_credentials",
    )
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept"] == "application/json"
    scheme, _, basic = headers["Authorization"].partition(" ")
    name, _, secret = b64decode(basic).decode().partition(":")
    assert (scheme, unquote_plus(name), unquote_plus(secret)) == ("Basic", "cli:ent", SECRET)


async def test_a_secret_in_a_file_is_read_each_time_and_followed_where_it_is_mounted(
    endpoint, tmp_path
):
    seen = []

    async def handler(request):
        seen.append(b64decode(request.headers["Authorization"].split()[1]).decode())
        return web.json_response({"access_token": "t", "token_type": "Bearer"})

    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_text(f"{name}\n")
    (tmp_path / "data").symlink_to("first")
    source = source_of(await endpoint(handler), "c", tmp_path / "data" / "secret")
    await source.fetch()
    (tmp_path / "tmp").symlink_to("second")
    (tmp_path / "tmp").rename(tmp_path / "data")
    await source.fetch()

    assert seen == ["c:first", "c:second"]


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (" \n", "is empty")])
async def test_a_file_without_a_secret_halts_and_is_named(tmp_path, content, words):
    file = tmp_path / "client-secret"
    if content is not None:
        file.write_text(content)

    with pytest.raises(HaltedError, match=rf"client secret file {file}.*{words}"):
        await source_of("http://localhost:1/token", secret=file).fetch()


async def test_a_client_that_is_not_known_halts_in_the_endpoints_own_words(sandbox):
    url = f"{(await sandbox()).url}/oauth/token"

    with pytest.raises(HaltedError) as halt:
        await source_of(url, secret="wr0ng-secret").fetch()
    assert str(halt.value) == (
        f"token endpoint {url} answered 401 (invalid_client: Send the client's ID and secret by "
        "HTTP Basic.); check the client's ID and secret, the scope and the token URL, then run "
        "again"
    )


@pytest.mark.parametrize("fault", ["500", "reset", "lost", "throttle"])
async def test_an_endpoint_in_trouble_has_no_token_now(sandbox, fault):
    api = await sandbox(oauth_faults=Faults({fault: 1.0}))

    with pytest.raises(TokenUnavailableError) as trouble:
        await source_of(f"{api.url}/oauth/token").fetch()
    assert trouble.value.retry_after == (1 if fault == "throttle" else None)
    assert f"token endpoint {api.url}/oauth/token" in str(trouble.value)


async def test_an_endpoint_that_is_slow_or_not_there_has_no_token_now(sandbox):
    api = await sandbox(oauth_faults=Faults({"slow": 1.0}, slow_seconds=5))

    with pytest.raises(TokenUnavailableError, match="no answer in time"):
        await source_of(f"{api.url}/oauth/token", request_timeout=0.05).fetch()
    with pytest.raises(TokenUnavailableError, match="connection failed"):
        await source_of("http://localhost:1/token").fetch()


async def test_a_certificate_that_nobody_vouches_for_halts_before_the_secret_is_sent(endpoint):
    requests = []

    async def handler(request):
        requests.append(request)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)

    with pytest.raises(HaltedError, match="certificate not trusted"):
        await source_of(await endpoint(handler, ssl_context=context)).fetch()
    assert not requests


async def test_a_redirect_is_not_followed_since_the_secret_would_go_with_it(endpoint):
    requests = []

    async def handler(request):
        requests.append(request.path)
        raise web.HTTPTemporaryRedirect("/token")

    with pytest.raises(HaltedError, match="answered 307"):
        await source_of(await endpoint(handler)).fetch()
    assert requests == ["/token"]


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_no_error_repeats_the_secret_in_any_form(endpoint, status):
    async def handler(request):
        basic = request.headers["Authorization"].split()[1]
        clear = b64decode(basic).decode()
        words = f"{basic} {clear} {unquote_plus(clear)} are wrong"
        return web.json_response({"error": "e", "error_description": words}, status=status)

    with pytest.raises(AvstarError) as trouble:
        await source_of(await endpoint(handler), "client", "pass w0rd+1").fetch()
    assert "(e: *** client:*** client:*** are wrong)" in str(trouble.value)


@pytest.mark.parametrize(
    ("document", "token"),
    [
        ({"access_token": "t", "token_type": "Bearer", "expires_in": 60}, Token("t", 60)),
        ({"access_token": "t", "token_type": "BEARER", "expires_in": "3599"}, Token("t", 3599)),
        ({"access_token": "t", "token_type": "bearer", "expires_in": 0.5}, Token("t", 0.5)),
        ({"access_token": "t"}, Token("t")),
        ({"access_token": " t ", "scope": "x", "refresh_token": "y"}, Token("t")),
        *(
            ({"access_token": "t", "token_type": "bearer", "expires_in": odd}, Token("t"))
            for odd in (0, -1, "soon", "", None, [], {}, "nan", "inf", 10**400)
        ),
    ],
)
def test_a_token_is_read_with_the_lifetime_it_has_if_it_has_one(document, token):
    assert read_token(reply(**document), PLACE) == token


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"token_type": "Bearer"},
        {"access_token": None, "token_type": "Bearer"},
        {"access_token": 7, "token_type": "Bearer"},
        {"access_token": "s3cret", "token_type": "mac"},
        {"access_token": "s3cret", "token_type": None},
        {"access_token": "", "token_type": "Bearer"},
        {"access_token": "s3cret in words", "token_type": "Bearer"},
    ],
)
def test_an_answer_without_a_bearer_token_halts_and_shows_nothing_of_it(document):
    with pytest.raises(HaltedError, match=PLACE) as halt:
        read_token(reply(**document), PLACE)
    assert "s3cret" not in str(halt.value)


@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"[]", b'"t"', b"\xff", b"null"])
def test_a_page_that_is_no_token_endpoint_halts(body):
    with pytest.raises(HaltedError, match="without a bearer token; check the token URL"):
        read_token(Reply(200, {"Content-Type": "text/html"}, body), PLACE)


@pytest.mark.parametrize(
    "answer",
    [
        *(reply(status, error="x") for status in (408, 425, 429, 500, 502, 503, 504)),
        reply(400, error="temporarily_unavailable"),
        reply(400, error="server_error"),
        Answer(None, "connection failed"),
    ],
)
def test_trouble_that_passes_is_waited_for(answer):
    with pytest.raises(TokenUnavailableError):
        read_token(answer, PLACE)


@pytest.mark.parametrize(
    "answer",
    [
        *(
            reply(400, error=code)
            for code in ("invalid_request", "invalid_client", "invalid_grant", "invalid_scope")
        ),
        reply(400, error="unauthorized_client"),
        reply(400, error="unsupported_grant_type"),
        reply(401, error="invalid_client"),
        *(reply(status) for status in (302, 400, 401, 403, 404, 405, 410, 415)),
        Answer(None, "certificate not trusted", misconfigured=True),
    ],
)
def test_a_refusal_halts(answer):
    with pytest.raises(HaltedError, match=PLACE):
        read_token(answer, PLACE)


@pytest.mark.parametrize("status", [429, 503, 500])
def test_an_endpoint_that_says_when_to_come_back_is_obeyed(status):
    with pytest.raises(TokenUnavailableError) as trouble:
        read_token(reply(status, retry_after="900"), PLACE)
    assert trouble.value.retry_after == 900


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(400, error="invalid_scope", error_description="no\nsuch  scope"),
         "answered 400 (invalid_scope: no such scope); check"),
        (reply(400, error="invalid_scope"), "answered 400 (invalid_scope); check"),
        (reply(403, "application/problem+json", title="Off", detail="hours"),
         "answered 403 (Off: hours)"),
        (Reply(404, {}, b"404 page not found\n"), "answered 404 (404 page not found)"),
        (Reply(403, {}, b""), "answered 403 (no explanation)"),
    ],
)  # fmt: skip
def test_the_endpoints_own_words_are_told_in_one_line(answer, words):
    with pytest.raises(HaltedError) as halt:
        read_token(answer, PLACE)
    assert words in str(halt.value)
    assert "\n" not in str(halt.value)


def test_words_without_end_are_cut_off():
    with pytest.raises(HaltedError) as halt:
        read_token(reply(400, error="e", error_description="x" * 10_000), PLACE)
    assert len(str(halt.value)) < 700


@given(
    status=st.integers(200, 599),
    body=st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from(["access_token", "token_type", "expires_in", "error", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    ).map(lambda document: json.dumps(document).encode()),
)
def test_every_answer_is_a_token_or_an_error_that_we_know_in_one_line(status, body):
    answer = Reply(status, {}, body)
    if status >= 300:
        with pytest.raises((TokenUnavailableError, HaltedError), match=r"^[^\n]+$"):
            read_token(answer, PLACE)
        return
    with suppress(HaltedError):
        token = read_token(answer, PLACE)
        assert token.secret.strip()
        assert token.lifetime is None or token.lifetime > 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "id.example/token",
        "ftp://id.example/token",
        "https://",
        "https://u:hush@id.example/token",
        "https://id.example/token#hush",
        "https://id.example:99999/token",
        "https://[::1",
    ],
)
def test_a_url_that_is_none_is_refused_without_being_shown(url):
    with pytest.raises(RefusedError, match="token URL cannot be used") as refusal:
        source_of(url)
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(("client_id", "secret"), [("", "s"), ("c", "")])
def test_a_client_without_id_or_secret_is_refused(client_id, secret):
    with pytest.raises(RefusedError, match="one of them is empty"):
        source_of(PLACE, client_id, secret)


def test_neither_the_secret_nor_what_the_url_asks_is_shown():
    source = source_of(f"{PLACE}?key=hush1234", "client", "hush1234")

    assert repr(source) == f"OAuthToken({PLACE!r}, 'client', ***)"
    assert "hush" not in str(source)
