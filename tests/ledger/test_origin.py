from pathlib import Path

import pytest

from connectors.errors import HaltedError
from connectors.ledger import Checkpoint, begun, identity_of, read_checkpoint, write_origin
from connectors.ledger.book import BookState
from connectors.ledger.origin import resumed
from connectors.records import Export, Split

SPLITS = (Split(0, 200, 1), Split(200, 400, 3))
EXPORT = Export(Path("/in/day.ndjson"), "ndjson", "ab" * 32, 400, 4, SPLITS)
COUNTS = {"records": 2, "valid": 2, "accepted": 2, "duplicates": 0, "skipped": 0, "reasons": {}}
CHECKPOINT = Checkpoint(
    mode="upload",
    export="day.ndjson",
    checksum="ab" * 32,
    bytes=400,
    total_records=4,
    settled=2,
    counts=COUNTS,
    lanes={"lane-1": {"offset": 350, "line": 5}},
    receipts_bytes=250,
    dead_letters_bytes=90,
    started_at="then",
    updated_at="now",
)
ORIGIN = BookState(250, 90, COUNTS, {"lane-1": (350, 5)}, "then")


def test_without_an_origin_a_run_goes_on_at_its_snapshot_or_begins_anew(tmp_path: Path) -> None:
    CHECKPOINT.write(tmp_path)  # which alone means nothing
    assert resumed(tmp_path, None) is None
    assert resumed(tmp_path, ORIGIN) is ORIGIN
    assert begun(tmp_path, EXPORT) == EXPORT


def test_without_a_snapshot_a_run_goes_on_at_the_origin(tmp_path: Path) -> None:
    write_origin(tmp_path, CHECKPOINT)
    assert resumed(tmp_path, None) == ORIGIN
    assert begun(tmp_path, EXPORT).splits == (Split(0, 200, 1), Split(350, 400, 5))


def test_the_origin_stays_where_it_is_while_the_checkpoint_moves_on(tmp_path: Path) -> None:
    write_origin(tmp_path, CHECKPOINT)
    Checkpoint(**{**vars(CHECKPOINT), "settled": 4, "receipts_bytes": 500}).write(tmp_path)
    assert resumed(tmp_path, None) == ORIGIN
    found = read_checkpoint(tmp_path)
    assert found
    assert found.settled == 4


@pytest.mark.parametrize("lanes", [{"lane-1": (350, 5)}, {"lane-0": (9, 2), "lane-1": (360, 6)}])
def test_a_snapshot_behind_the_origin_counts(
    tmp_path: Path, lanes: dict[str, tuple[int, int]]
) -> None:
    write_origin(tmp_path, CHECKPOINT)
    state = ORIGIN._replace(lanes=lanes)
    assert resumed(tmp_path, state) is state


@pytest.mark.parametrize("lanes", [{}, {"lane-1": (340, 4)}, {"lane-0": (400, 9)}])
def test_a_snapshot_before_the_origin_is_not_mixed_with_it(
    tmp_path: Path, lanes: dict[str, tuple[int, int]]
) -> None:
    write_origin(tmp_path, CHECKPOINT)
    with pytest.raises(HaltedError, match=r"the state folder is older than .*; remove"):
        resumed(tmp_path, ORIGIN._replace(lanes=lanes))


def test_an_export_is_divided_as_it_was_when_its_upload_began(tmp_path: Path) -> None:
    identity_of(EXPORT, api_url="http://a", line_limit=9, stations=None).write(tmp_path)
    divided_otherwise = Export(
        EXPORT.path, "ndjson", EXPORT.checksum, 400, 4, (Split(0, 400, 1),), columns=("a",)
    )
    found = begun(tmp_path, divided_otherwise)
    assert found.splits == SPLITS
    assert found.columns == ("a",)
    write_origin(tmp_path, CHECKPOINT)
    assert begun(tmp_path, divided_otherwise).splits == (Split(0, 200, 1), Split(350, 400, 5))
