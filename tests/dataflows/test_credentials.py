"""From settings to a token, or to the one line that says what is missing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.avstar import OAuthToken, StaticToken, TokenFile, TokenSource
from connectors.errors import RefusedError
from dataflows.credentials import check_token, token_source
from dataflows.settings import load_settings

OAUTH = {
    "api_url": "http://127.0.0.1:9",
    "oauth_url": "http://127.0.0.1:1/token",
    "oauth_client_id": "client",
    "oauth_client_secret": "hush-1234",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AVSTAR_")]:
        monkeypatch.delenv(name)


def source_of(**given: Any) -> TokenSource:
    return token_source(load_settings(**given))


def test_each_kind_of_token_has_its_settings(tmp_path: Path) -> None:
    assert isinstance(source_of(token="t"), StaticToken)
    assert isinstance(source_of(token_file=tmp_path / "token"), TokenFile)
    assert isinstance(source_of(**OAUTH), OAuthToken)
    assert isinstance(source_of(token="t", oauth_url=""), StaticToken)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "no token; set AVSTAR_TOKEN, AVSTAR_TOKEN_FILE or AVSTAR_OAUTH_URL"),
        ({"oauth_client_id": "c", "oauth_client_secret": "s"}, "no token; set"),
        ({"token": "t", "token_file": "/f"}, "AVSTAR_TOKEN and AVSTAR_TOKEN_FILE are set; keep"),
        ({"token": "t", **OAUTH}, "AVSTAR_TOKEN and AVSTAR_OAUTH_URL are set; keep one"),
        ({"token_file": "/f", **OAUTH}, "keep one"),
        ({**OAUTH, "oauth_client_id": None}, "set AVSTAR_OAUTH_CLIENT_ID"),
        ({**OAUTH, "oauth_client_id": ""}, "set AVSTAR_OAUTH_CLIENT_ID"),
        ({**OAUTH, "oauth_client_secret": None}, "set AVSTAR_OAUTH_CLIENT_SECRET or"),
        ({**OAUTH, "oauth_client_secret": ""}, "one of them is empty"),
        ({**OAUTH, "oauth_client_secret_file": "/f"}, "SECRET and AVSTAR.*_FILE are set; keep one"),
        ({**OAUTH, "oauth_url": "id.example/token"}, "token URL cannot be used"),
    ],
)
def test_a_token_given_twice_in_part_or_not_at_all_is_refused(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(RefusedError, match=words) as refusal:
        source_of(**given)
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "schlüssel"])
def test_a_token_that_is_none_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        source_of(token=token)
    assert "schlüssel" not in str(refusal.value)


def test_no_source_shows_its_secret(tmp_path: Path) -> None:
    sources = [source_of(token="hush-1234"), source_of(**OAUTH)]
    assert not [source for source in sources if "hush" in f"{source!r} {source}"]


def test_a_token_that_is_there_passes(tmp_path: Path, sandbox_process: Callable[..., Any]) -> None:
    api = sandbox_process("--client-id", "client", "--client-secret", "hush-1234")
    (tmp_path / "token").write_text("t\n")
    (tmp_path / "secret").write_text("hush-1234\n")
    oauth = {**OAUTH, "oauth_url": f"{api.url}/oauth/token"}
    in_file = {"oauth_client_secret": None, "oauth_client_secret_file": tmp_path / "secret"}
    check_token(source_of(token="t"))
    check_token(source_of(token_file=tmp_path / "token"))
    check_token(source_of(**oauth))
    check_token(source_of(**{**oauth, **in_file}, oauth_scope="ingest"))
    assert api.stats()["tokens_issued"] == 2


def test_an_endpoint_that_is_down_may_wait() -> None:
    check_token(source_of(**OAUTH))


@pytest.mark.parametrize("name", ["token_file", "oauth_client_secret_file"])
@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("\n", "is empty")])
def test_a_file_without_a_secret_is_refused_and_named(
    tmp_path: Path, name: str, content: str | None, words: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    oauth = {**OAUTH, "oauth_client_secret": None} if name.startswith("oauth") else {}
    with pytest.raises(RefusedError, match=f"{file}.*{words}|{file} {words}"):
        check_token(source_of(**oauth, **{name: file}))


def test_a_client_that_the_endpoint_does_not_know_is_refused_in_its_own_words(
    sandbox_process: Callable[..., Any],
) -> None:
    url = f"{sandbox_process().url}/oauth/token"
    with pytest.raises(RefusedError, match=r"answered 401 \(invalid_client: .*\); check") as told:
        check_token(source_of(**{**OAUTH, "oauth_url": url}))
    assert "hush" not in str(told.value)
