"""How to deliver, checked as a whole."""

from dataclasses import FrozenInstanceError, fields

import pytest

from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.errors import RefusedError

URL = "https://avstar.example"


def test_lanes_keep_quota_and_concurrency_together():
    one = AvstarSettings(api_url=URL, rate=Rate(600, 60), concurrency=20).shared(3)
    assert (one.rate, one.concurrency) == (Rate(200, 60), 6)


@pytest.mark.parametrize(("rate", "concurrency"), [(Rate(2, 1), 20), (Rate(600, 60), 2)])
def test_more_lanes_than_there_is_to_share_are_refused(rate, concurrency):
    with pytest.raises(RefusedError, match="shared by 3 lanes; use fewer"):
        AvstarSettings(api_url=URL, rate=rate, concurrency=concurrency).shared(3)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://API.example:8443/v1/", True),
        ("http://api.example/v1", True),
        ("https://api.example/v2", False),
        ("https://staging.example/v1", False),
        (None, False),
    ],
)
def test_an_api_is_known_by_host_and_path(url, same):
    assert AvstarSettings(api_url="https://api.example/v1").is_at(url) is same


def test_a_url_with_credentials_is_refused_without_showing_them():
    with pytest.raises(RefusedError) as caught:
        AvstarSettings(api_url="htps://user:hunter22@host")
    assert "hunter22" not in str(caught.value)


def test_the_url_is_all_that_must_be_set():
    settings = AvstarSettings(api_url=URL)

    assert {field.name: getattr(settings, field.name) for field in fields(settings)} == {
        "api_url": URL,
        "rate": Rate(600, 60),
        "concurrency": 20,
        "records_per_request": 1,
        "connect_timeout": 10,
        "request_timeout": 30,
        "ca_file": None,
        "client_cert": None,
        "client_key": None,
        "proxy": None,
        "backoff_base": 0.5,
        "backoff_max": 30,
        "max_attempts": 8,
        "breaker_failures": 5,
        "breaker_pause": 60,
        "drain_seconds": 30,
    }


def test_settings_never_change():
    with pytest.raises(FrozenInstanceError):
        AvstarSettings(api_url=URL).concurrency = 1


@pytest.mark.parametrize(
    ("url", "ingest_url"),
    [
        ("http://localhost:8080", "http://localhost:8080/ingest"),
        ("https://avstar.example/", "https://avstar.example/ingest"),
        ("https://avstar.example/api/v2//", "https://avstar.example/api/v2/ingest"),
        ("http://[::1]:8080", "http://[::1]:8080/ingest"),
    ],
)
def test_spots_go_to_ingest_below_the_url(url, ingest_url):
    assert AvstarSettings(api_url=url).ingest_url == ingest_url


@pytest.mark.parametrize(
    "url",
    ["", "avstar.example", "//avstar.example", "ftp://avstar.example", "http://", "http:///x",
     "http://h:0", "http://h:99999", "http://h:port", "http://[::1", "http://a..b",
     f"http://{'a' * 64}.example", "http://a b", "http://a\tb", "http://h/\nx"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(RefusedError, match=r"write http\(s\)://host"):
        AvstarSettings(api_url=url)


@pytest.mark.parametrize(
    "url", ["http://me@h", "http://me:secret@h", "http://:secret@h", "http://h?a=b", "http://h/#x"]
)
def test_credentials_query_and_fragment_are_refused_and_not_repeated(url):
    with pytest.raises(RefusedError, match="no credentials, query or fragment") as refusal:
        AvstarSettings(api_url=url)

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("url", ["http://h/?", "http://h#"])
def test_an_empty_query_or_fragment_does_not_swallow_the_path(url):
    with pytest.raises(RefusedError):
        AvstarSettings(api_url=url)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("concurrency", 1, 10_000),
        ("connect_timeout", 0.01, 600),
        ("request_timeout", 0.01, 3600),
        ("backoff_max", 0.5, 3600),
        ("max_attempts", 1, 1000),
        ("breaker_failures", 1, 10_000),
        ("breaker_pause", 0, 86_400),
        ("drain_seconds", 0, 86_400),
    ],
)
def test_a_figure_out_of_range_is_refused_by_name(name, least, most):
    for value in (least, most):
        assert getattr(AvstarSettings(api_url=URL, **{name: value}), name) == value
    for value in (least - 0.001, most + 1, -1, float("nan"), float("inf")):
        with pytest.raises(RefusedError, match=name):
            AvstarSettings(api_url=URL, **{name: value})


def test_the_longest_backoff_is_no_less_than_the_first():
    with pytest.raises(RefusedError, match=r"backoff_max \(1 s\) is less than backoff_base \(2 s"):
        AvstarSettings(api_url=URL, backoff_base=2, backoff_max=1)


@pytest.mark.parametrize("rate", [Rate(0, 60), Rate(-1, 60), Rate(1, 0), Rate(1, float("nan"))])
def test_a_quota_of_nothing_is_refused(rate):
    with pytest.raises(RefusedError):
        AvstarSettings(api_url=URL, rate=rate)
