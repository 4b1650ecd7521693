import base64
import json
from pathlib import Path

import pytest

from connectors.errors import RefusedError
from connectors.ledger import identity_of, read_identity
from connectors.records import Export, Split

SPLITS = (Split(0, 200, 1), Split(200, 400, 3))
EXPORT = Export(
    Path("/in/day.ndjson"), "ndjson", "ab" * 32, 400, 4, SPLITS, milestones=b"\0\xff\xfe\xfd"
)


def test_it_is_read_as_it_was_written_and_makes_the_folder(tmp_path: Path) -> None:
    identity = identity_of(EXPORT, api_url="http://a", line_limit=9, stations=("WXYZ", "KABC"))
    identity.write(tmp_path / "ledger")
    assert read_identity(tmp_path / "ledger") == identity
    assert (identity.export, identity.checksum, identity.bytes, identity.total_records) == (
        "day.ndjson",
        "ab" * 32,
        400,
        4,
    )
    assert (identity.line_limit, identity.stations) == (9, ["KABC", "WXYZ"])


def test_splits_and_milestones_come_back_as_they_were(tmp_path: Path) -> None:
    identity_of(EXPORT, api_url="http://a", line_limit=9, stations=None).write(tmp_path)
    found = read_identity(tmp_path)
    assert found
    assert found.divided() == SPLITS
    assert base64.b64decode(found.milestones) == EXPORT.milestones
    assert found.stations is None


def test_where_no_upload_began_there_is_none(tmp_path: Path) -> None:
    assert read_identity(tmp_path) is None
    assert read_identity(tmp_path / "gone") is None


def test_it_says_its_version_and_another_is_refused(tmp_path: Path) -> None:
    identity_of(EXPORT, api_url="http://a", line_limit=9, stations=None).write(tmp_path)
    path = tmp_path / ".export"
    values = json.loads(path.read_text())
    assert values["version"] == 2
    path.write_text(json.dumps({**values, "version": 3, "more": True}))
    with pytest.raises(RefusedError, match=r"\.export was written by another version of avstar"):
        read_identity(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"version": 2}', "null"])
def test_a_damaged_one_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / ".export").write_text(content)
    with pytest.raises(RefusedError, match=r"\.export is damaged"):
        read_identity(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("checksum", "cd" * 32),
        ("bytes", 401),
        ("total_records", 3),
        ("line_limit", 10),
        ("splits", [[0, 200, 1], [200, 399, 3]]),
        ("splits", [[0, 400]]),
        ("splits", 5),
        ("text_checksum", "ef" * 32),
        ("ancestors", ["ab" * 32]),
        ("milestones", ""),
        ("stations", ["KABC"]),
        ("export", "night.ndjson"),
        ("sha256", ""),
    ],
)
def test_one_that_was_changed_is_damaged(tmp_path: Path, name: str, value: object) -> None:
    identity_of(EXPORT, api_url="http://a", line_limit=9, stations=None).write(tmp_path)
    path = tmp_path / ".export"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(RefusedError, match=r"\.export is damaged"):
        read_identity(tmp_path)


def test_where_its_spots_go_may_be_edited(tmp_path: Path) -> None:
    identity_of(EXPORT, api_url="http://a", line_limit=9, stations=None).write(tmp_path)
    path = tmp_path / ".export"
    path.write_text(path.read_text().replace("http://a", "http://b"))
    found = read_identity(tmp_path)
    assert found
    assert found.api_url == "http://b"
    assert found.surveyed == (EXPORT.checksum, 400, 9, 4, SPLITS, "")
