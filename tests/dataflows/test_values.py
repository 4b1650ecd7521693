"""Texts of the environment, read; what is none is refused in one line."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from connectors.avstar import Rate
from connectors.errors import RefusedError
from dataflows.values import Paths, Quota, Stations, Zone


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Paths, " a:/b/c.csv :", (Path("a"), Path("/b/c.csv"))),
        (Quota, "600/60", Rate(600, 60)),
        (Stations, "KABC, WXYZ,", ("KABC", "WXYZ")),
        (Zone, "Europe/Berlin", ZoneInfo("Europe/Berlin")),
    ],
)
def test_a_text_is_read_and_a_value_stays_as_it_is(kind, text, value):
    adapter = TypeAdapter(kind, config={"arbitrary_types_allowed": True})

    assert adapter.validate_python(text) == value
    assert adapter.validate_python(value) == value


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (Quota, "many", "such as 600/60"),
        (Stations, " ,", "leave it out to keep all"),
        (Zone, "Mars/Base", "as in America/New_York"),
    ],
)
def test_what_is_none_is_refused_in_one_line(kind, text, words):
    adapter = TypeAdapter(kind, config={"arbitrary_types_allowed": True})

    with pytest.raises(RefusedError, match=rf"^[^\n]*{words}[^\n]*$"):
        adapter.validate_python(text)
