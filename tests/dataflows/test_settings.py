import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.avstar import AvstarSettings, Proxy, Rate
from connectors.errors import RefusedError
from dataflows.settings import Settings, fixed_settings, load_settings

URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AVSTAR_")]:
        monkeypatch.delenv(name)


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = load_settings()
    assert settings.exports == ()
    assert settings.rate == Rate(600, 60)
    assert (settings.concurrency, settings.workers, settings.delivery_lanes) == (20, 1, 1)
    assert (settings.checkpoint_records, settings.checkpoint_seconds) == (5000, 5)
    assert (settings.backoff_base, settings.backoff_max, settings.max_attempts) == (0.5, 30, 8)
    assert (settings.breaker_failures, settings.breaker_pause) == (5, 60)
    assert settings.drain_seconds == 30
    assert (settings.validate_only, settings.strict, settings.log_json) == (False, False, False)


def test_the_defaults_are_those_of_the_connector() -> None:
    assert load_settings(api_url=URL).delivery() == AvstarSettings(api_url=URL)


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("AVSTAR_EXPORTS", "/a.csv:b.ndjson", "exports", (Path("/a.csv"), Path("b.ndjson"))),
        ("AVSTAR_OUT", "/out", "out", Path("/out")),
        ("AVSTAR_RATE", "100/1.5", "rate", Rate(100, 1.5)),
        ("AVSTAR_CHECKPOINT_SECONDS", "0.5", "checkpoint_seconds", 0.5),
        ("AVSTAR_CA_FILE", "/ca.pem", "ca_file", Path("/ca.pem")),
        ("AVSTAR_PROXY", "http://me:a@proxy", "proxy", Proxy("http://me:a@proxy")),
        ("AVSTAR_TIMEZONE", "Europe/Berlin", "timezone", ZoneInfo("Europe/Berlin")),
        ("AVSTAR_STATIONS", "KABC,WXYZ", "stations", ("KABC", "WXYZ")),
        ("AVSTAR_STATIONS", "KABC, WXYZ ,", "stations", ("KABC", "WXYZ")),
        ("AVSTAR_VALIDATE_ONLY", "true", "validate_only", True),
        ("AVSTAR_STRICT", "0", "strict", False),
    ],
)
def test_a_variable_sets_what_it_is_named_after(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, name: str, value: Any
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(load_settings(), name) == value


@pytest.mark.parametrize("text", [" ", ","])
def test_a_list_of_no_stations_never_skips_a_whole_night(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AVSTAR_STATIONS", text)
    with pytest.raises(RefusedError, match="AVSTAR_STATIONS"):
        load_settings()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_variable_that_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"AVSTAR_{name.upper()}", "")
    assert load_settings().model_dump() == fixed_settings().model_dump()


def test_what_is_given_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVSTAR_RATE", "1/1")
    monkeypatch.setenv("AVSTAR_WORKERS", "2")
    settings = load_settings(rate="5/1", workers=None)
    assert (settings.rate, settings.workers) == (Rate(5, 1), 2)


def test_variables_of_others_are_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVSTAR_SANDBOX_PORT", "1")
    assert not hasattr(load_settings(), "sandbox_port")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("workers", ["0", "257", "many", "1.5"]),
        ("delivery_lanes", ["0", "257"]),
        ("checkpoint_records", ["0", "5001"]),
        ("checkpoint_seconds", ["0", "-1", "3601", "nan", "inf"]),
        ("line_limit", ["1023", str((1 << 26) + 1)]),
        ("validate_only", ["perhaps"]),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_names(
    monkeypatch: pytest.MonkeyPatch, name: str, values: list[str]
) -> None:
    for value in values:
        monkeypatch.setenv(f"AVSTAR_{name.upper()}", value)
        with pytest.raises(RefusedError) as caught:
            load_settings()
        option = name.replace("_", "-")
        assert str(caught.value).startswith(f"AVSTAR_{name.upper()} (--{option}): ")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("concurrency", ["0", "10001"]),
        ("connect_timeout", ["0", "601", "nan"]),
        ("request_timeout", ["0", "3601"]),
        ("backoff_base", ["-1", "31"]),
        ("backoff_max", ["-1", "3601", "0.1"]),
        ("max_attempts", ["0", "1001"]),
        ("breaker_failures", ["0"]),
        ("breaker_pause", ["-1", "86401"]),
        ("drain_seconds", ["-1", "86401"]),
        ("client_key", ["/key"]),
        ("api_url", ["ftp://a", "http://", "http://a:99999", "http://[::1", "http://u:p@a"]),
    ],
)
def test_what_no_delivery_can_work_with_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, values: list[str]
) -> None:
    monkeypatch.setenv("AVSTAR_API_URL", URL)
    for value in values:
        monkeypatch.setenv(f"AVSTAR_{name.upper()}", value)
        with pytest.raises(RefusedError, match=r"^[^\n]+$"):
            load_settings().delivery()


@pytest.mark.parametrize("rate", ["600", "0/60", "600/0", "a/b", "", "-1/60", "1/1/1"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(RefusedError, match="such as 600/60"):
        load_settings(rate=rate)


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "/etc/passwd", "America", "a\0b"])
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(RefusedError, match="as in America/New_York"):
        load_settings(timezone=zone)


def test_the_state_lies_in_the_folder_of_the_ledgers_unless_told_otherwise() -> None:
    assert load_settings(out="/out").state_folder == Path("/out/.state")
    assert load_settings(out="/out", state="/state").state_folder == Path("/state")
    with pytest.raises(RefusedError, match="AVSTAR_OUT"):
        _ = load_settings().state_folder


def test_no_secret_is_ever_shown() -> None:
    settings = load_settings(
        token="hush-1234",
        oauth_client_secret="hush-5678",
        api_url=URL,
        proxy="http://me:hush@proxy",
    )
    shown = [repr(settings), str(settings), settings.model_dump_json(), repr(settings.delivery())]
    assert not [text for text in shown if "hush" in text]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().workers = 3


def test_every_setting_of_a_delivery_can_be_set() -> None:
    assert set(AvstarSettings.__dataclass_fields__) <= set(Settings.model_fields)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
