import json
from pathlib import Path

from connectors.ledger import Checkpoint, read_checkpoint

CHECKPOINT = Checkpoint(
    mode="upload",
    export="day.ndjson",
    checksum="ab" * 32,
    bytes=1000,
    total_records=4,
    settled=2,
    counts={"records": 2, "valid": 1, "reasons": {"schema": 1}},
    lanes={"lane-0": {"offset": 500, "line": 3}},
    receipts_bytes=250,
    dead_letters_bytes=90,
    updated_at="2026-11-24T00:00:00.000+00:00",
)


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    CHECKPOINT.write(tmp_path)
    assert read_checkpoint(tmp_path) == CHECKPOINT


def test_a_ledger_without_a_checkpoint_has_none(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None
    assert read_checkpoint(tmp_path / "gone") is None


def test_a_checkpoint_is_a_json_file_that_says_its_version(tmp_path: Path) -> None:
    CHECKPOINT.write(tmp_path)
    text = (tmp_path / ".checkpoint").read_text()
    assert text.endswith("}\n")
    assert json.loads(text)["version"] == 1
    assert json.loads(text)["lanes"] == {"lane-0": {"offset": 500, "line": 3}}


def test_the_last_checkpoint_counts(tmp_path: Path) -> None:
    for _ in range(2):
        CHECKPOINT.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".checkpoint"]
