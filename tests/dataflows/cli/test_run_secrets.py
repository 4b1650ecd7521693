"""No secret leaves the process, whatever happens and whatever a server repeats of it."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from aiohttp import web

from tests.dataflows.front import Front, problem

New = Callable[..., Any]

TOKEN = "tok-5d1f90aa"
SECRET = "hush 4b1d+%ü/"
SANDBOX = ("--token", TOKEN, "--client-id", "night", "--client-secret", SECRET)
FAULTY = ("--fault", "500=0.05", "--fault", "lost=0.05", "--fault", "expired=0.05")

KINDS = ("token", "file", "oauth", "oauth-file")


def variables_of(kind: str, url: str, folder: Path) -> dict[str, str | None]:
    """Name a token of this kind."""
    for name, content in (("token", TOKEN), ("secret", SECRET)):
        (folder / name).write_text(f"{content}\n")
    oauth = {"AVSTAR_OAUTH_URL": f"{url}/oauth/token", "AVSTAR_OAUTH_CLIENT_ID": "night"}
    kinds = {
        "token": {"AVSTAR_TOKEN": TOKEN},
        "file": {"AVSTAR_TOKEN_FILE": str(folder / "token")},
        "oauth": {**oauth, "AVSTAR_OAUTH_CLIENT_SECRET": SECRET},
        "oauth-file": {**oauth, "AVSTAR_OAUTH_CLIENT_SECRET_FILE": str(folder / "secret")},
    }
    return {"AVSTAR_TOKEN": None, **kinds[kind]}


def repeat(request: web.Request, status: int) -> web.Response:
    """Answer with all that was shown: header, token, client, and what is encoded in it."""
    shown = request.headers["Authorization"]
    encoded = shown.partition(" ")[2]
    clear = b64decode(encoded).decode() if shown.startswith("Basic ") else ""
    words = f"{shown} {clear} {SECRET if clear else ''} is wrong"
    if request.path == "/oauth/token":
        document = {"error": "invalid_client", "error_description": words}
        return web.json_response(document, status=status)
    return problem(status, words, Location=f"https://other/?token={encoded}")


FAILURES = {
    "403": (1, lambda request, _: repeat(request, 403) if request.path == "/ingest" else None),
    "401": (1, lambda request, _: repeat(request, 401) if request.path == "/ingest" else None),
    "302": (1, lambda request, _: repeat(request, 302) if request.path == "/ingest" else None),
    "422": (0, lambda request, _: repeat(request, 422) if request.path == "/ingest" else None),
    "client refused": (
        2,
        lambda request, _: repeat(request, 401) if request.path == "/oauth/token" else None,
    ),
}


@pytest.fixture
def new_front(sandbox_process: New) -> Iterator[Callable[..., Front]]:
    with ExitStack() as stack:

        def new_front(*options: str) -> Front:
            api = sandbox_process("--rate", "100000/1", *SANDBOX, *options)
            return stack.enter_context(Front(api).serving())

        yield new_front


def assert_nothing_shows(front: Front, upload: Any, done: Any) -> None:
    """Look for everything secret in everything that was written."""
    secrets = front.credentials | {TOKEN, SECRET, quote_plus(SECRET)}
    secrets |= {b64encode(secret.encode()).decode() for secret in secrets}
    written = [path for path in upload.out.rglob("*") if path.is_file()]
    texts = {"stdout": done.out.encode(), "stderr": done.err.encode()}
    texts |= {str(path.relative_to(upload.out)): path.read_bytes() for path in written}
    assert done.err + done.out
    assert len(front.credentials) >= 1
    for place, text in texts.items():
        assert not [one for one in secrets if one.encode() in text], place


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_under_faults_leaves_no_secret_behind(
    kind: str, new_front: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    front = new_front(*FAULTY)
    upload = new_upload(front, new_export(200))

    done = upload("--log-json", "--backoff-base", "0.01", **variables_of(kind, front.url, tmp_path))

    assert done.code == 0
    assert {"retry", "token refused", "token fetched"} <= events(done)
    upload.assert_exact(190)
    state = [path for path in upload.out.rglob("*.sqlite3*") if path.is_file()]
    assert state
    assert_nothing_shows(front, upload, done)


@pytest.mark.parametrize("log", [(), ("--log-json",)])
@pytest.mark.parametrize(
    ("kind", "failure"),
    [*(("token", name) for name in ("401", "422")), *(("oauth", name) for name in FAILURES)],
)
def test_a_server_that_repeats_what_it_was_shown_gives_nothing_away(
    kind: str,
    failure: str,
    log: tuple[str, ...],
    new_front: New,
    new_export: New,
    new_upload: New,
    tmp_path: Path,
) -> None:
    code, judge = FAILURES[failure]
    front = new_front()
    upload = new_upload(front, new_export(20, bad=0))
    front.judge = judge

    done = upload(*log, **variables_of(kind, front.url, tmp_path))

    assert done.code == code
    told = done.err if code else (upload.ledger() / "dead-letters.ndjson").read_text()
    assert "***" in told
    assert_nothing_shows(front, upload, done)


def events(done: Any) -> set[str]:
    return {line.partition('"event": "')[2].partition('"')[0] for line in done.err.splitlines()}
