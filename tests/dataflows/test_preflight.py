from pathlib import Path
from typing import Any

import pytest

from connectors.errors import RefusedError
from dataflows.preflight import check_settings
from dataflows.settings import Settings, load_settings

OAUTH = {
    "oauth_url": "http://127.0.0.1:1/token",
    "oauth_client_id": "c",
    "oauth_client_secret": "s",
}


def settings(tmp_path: Path, **given: Any) -> Settings:
    usual = {"out": tmp_path / "out", "api_url": "http://127.0.0.1:9", "token": "t"}
    return load_settings(**{**usual, **given})


def test_settings_that_can_work_pass_and_nothing_is_written(tmp_path: Path) -> None:
    check_settings(settings(tmp_path, out=tmp_path / "a" / "b"))
    assert not list(tmp_path.iterdir())


def test_an_api_that_is_down_is_waited_for(tmp_path: Path) -> None:
    check_settings(settings(tmp_path, api_url="http://127.0.0.1:1"))


def test_a_token_endpoint_that_is_down_is_waited_for(tmp_path: Path) -> None:
    check_settings(settings(tmp_path, token=None, **OAUTH))


@pytest.mark.parametrize("name", ["file", "file/out"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="cannot be made"):
        check_settings(settings(tmp_path, out=tmp_path / name))


def test_a_check_needs_neither_api_nor_token(tmp_path: Path) -> None:
    check_settings(load_settings(out=tmp_path, validate_only=True))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"api_url": None}, "no API URL"),
        (
            {"records_per_request": 101, "checkpoint_records": 100},
            "--records-per-request 101 is more than a batch holds",
        ),
        ({"api_url": "http://"}, "cannot be used"),
        ({"api_url": "http://name.invalid"}, "name.invalid is unknown"),
        ({"api_url": "http://a..b"}, "a..b"),
        ({"api_url": f"http://{'a' * 64}.example"}, "a.example"),
        ({"token": None}, "no token"),
        ({"token": ""}, "the token is empty"),
        ({"token": None, "token_file": "/gone"}, "/gone cannot be read"),
        ({"token": None, **OAUTH, "oauth_url": "http://name.invalid"}, "name.invalid.*oauth-url"),
        ({"rate": "2/1", "delivery_lanes": 3}, "use fewer"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"ca_file": "/gone"}, "CA file /gone cannot be read"),
        ({"client_cert": __file__}, "holds no certificate"),
        ({"proxy": "http://name.invalid:1"}, "the proxy's host name.invalid is unknown"),
    ],
)
def test_what_could_not_end_well_is_refused(
    tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        check_settings(settings(tmp_path, **given))


def test_a_host_that_only_the_proxy_knows_is_left_to_the_proxy(tmp_path: Path) -> None:
    check_settings(settings(tmp_path, api_url="http://name.invalid", proxy="http://127.0.0.1:1"))
