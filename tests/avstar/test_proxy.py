"""The address of a proxy, whose credentials nobody sees."""

import pickle
from dataclasses import FrozenInstanceError

import pytest

from connectors.avstar.proxy import Proxy
from connectors.avstar.settings import AvstarSettings
from connectors.errors import RefusedError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://proxy", "http://proxy"),
        ("http://proxy:3128/", "http://proxy:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("http://me@proxy:3128", "http://proxy:3128"),
        ("http://me:hush@proxy:3128", "http://proxy:3128"),
        ("http://me:hu%40sh:@proxy", "http://proxy"),
        ("http://me:hu@sh@proxy", "http://proxy"),
    ],
)
def test_it_is_shown_without_its_credentials(url, shown):
    proxy = Proxy(url)

    assert (proxy.url, str(proxy), repr(proxy)) == (url, shown, f"Proxy({shown!r})")
    assert "hush" not in repr(AvstarSettings(api_url="http://api", proxy=proxy))


@pytest.mark.parametrize(
    "url",
    ["", "proxy", "proxy:3128", "https://hush@proxy", "socks5://hush@proxy", "http://",
     "http://me:hush@", "http://me:hush@proxy:0", "http://me:hush@proxy:port",
     "http://me:hush@proxy:99999", "http://me:hush@proxy/path", "http://me:hush@proxy?a",
     "http://me:hush@proxy#a", "http://me:hush@[::1"],
)  # fmt: skip
def test_what_is_none_is_refused_and_not_repeated(url):
    with pytest.raises(RefusedError, match=r"write http://\[user:password@\]host\[:port\]$") as no:
        Proxy(url)

    assert "hush" not in str(no.value)


def test_it_is_a_value():
    proxy = Proxy("http://proxy")

    assert proxy == Proxy("http://proxy") == pickle.loads(pickle.dumps(proxy))
    assert hash(proxy) == hash(Proxy("http://proxy"))
    with pytest.raises(FrozenInstanceError):
        proxy.url = "http://other"
