"""Values in a file with a digest of them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import RefusedError
from connectors.ledger.digested import read_digested, write_digested

VALUES = {"version": 1, "name": "day", "bytes": 400, "address": "http://a"}
PLAIN = st.none() | st.integers() | st.text() | st.lists(st.integers() | st.text())


@given(st.dictionaries(st.from_regex("[a-z]{1,9}", fullmatch=True), PLAIN))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, found: dict) -> None:
    path, values = tmp_path_factory.mktemp("digested") / "values", {**found, "version": 1}
    values.pop("sha256", None)
    write_digested(path, values)

    assert read_digested(path, dict, 1) == values


@pytest.mark.parametrize(
    "change",
    [{"name": "night"}, {"bytes": "400"}, {"more": 1}, {"address": "http://b"}, {"sha256": ""}],
)
def test_what_was_changed_is_damaged(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "values"
    write_digested(path, VALUES)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    with pytest.raises(RefusedError, match="values is damaged"):
        read_digested(path, dict, 1)


def test_what_may_be_edited_is_taken_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "values"
    write_digested(path, VALUES, editable="address")
    path.write_text(path.read_text().replace("http://a", "http://b"))

    assert read_digested(path, dict, 1, editable="address") == {**VALUES, "address": "http://b"}


def test_another_version_is_said_to_be_that(tmp_path: Path) -> None:
    write_digested(tmp_path / "values", VALUES)

    with pytest.raises(RefusedError, match="another version of avstar"):
        read_digested(tmp_path / "values", dict, 2)


def test_where_there_is_no_file_there_is_nothing(tmp_path: Path) -> None:
    assert read_digested(tmp_path / "values", dict, 1) is None
