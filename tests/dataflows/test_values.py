"""Texts of the environment, read; what is none is refused in one line."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ConfigDict, create_model

from connectors.avstar import Proxy, Rate
from connectors.errors import RefusedError
from dataflows.values import Address, Paths, ProxyUrl, Quota, Stations, Zone


def read(kind, value):
    config = ConfigDict(arbitrary_types_allowed=True)
    return create_model("Held", __config__=config, held=(kind, ...))(held=value).held


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Address, "0.0.0.0:3030", "0.0.0.0:3030"),
        (Address, "[::]:3030", "[::]:3030"),
        (Paths, " a:/b/c.csv :", (Path("a"), Path("/b/c.csv"))),
        (ProxyUrl, "http://proxy:3128", Proxy("http://proxy:3128")),
        (Quota, "600/60", Rate(600, 60)),
        (Stations, "KABC, WXYZ,", ("KABC", "WXYZ")),
        (Zone, "Europe/Berlin", ZoneInfo("Europe/Berlin")),
    ],
)
def test_a_text_is_read_and_a_value_stays_as_it_is(kind, text, value):
    assert read(kind, text) == value
    assert read(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (Address, "3030", "write host:port, such as"),
        (Address, ":3030", "write host:port, such as"),
        (ProxyUrl, "proxy:3128", "the proxy's URL cannot be used"),
        (Quota, "many", "such as 600/60"),
        (Stations, " ,", "leave it out to keep all"),
        (Zone, "Mars/Base", "as in America/New_York"),
    ],
)
def test_what_is_none_is_refused_in_one_line(kind, text, words):
    with pytest.raises(RefusedError, match=rf"^[^\n]*{words}[^\n]*$"):
        read(kind, text)
