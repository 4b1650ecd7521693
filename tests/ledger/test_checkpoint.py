import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis.strategies import integers, sampled_from

from connectors.errors import RefusedError
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
    started_at="2026-11-23T23:00:00.000+00:00",
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
    assert json.loads(text)["version"] == 3
    assert json.loads(text)["lanes"] == {"lane-0": {"offset": 500, "line": 3}}


def test_the_last_checkpoint_counts(tmp_path: Path) -> None:
    for _ in range(2):
        CHECKPOINT.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".checkpoint"]


def test_a_checkpoint_says_where_each_lane_goes_on() -> None:
    assert CHECKPOINT.places == {"lane-0": (500, 3)}


def test_it_may_be_written_under_another_name(tmp_path: Path) -> None:
    CHECKPOINT.write(tmp_path, ".other")
    assert read_checkpoint(tmp_path) is None
    assert read_checkpoint(tmp_path, ".other") == CHECKPOINT


@pytest.mark.parametrize("version", [1, 2, None])
def test_one_of_another_version_is_refused_with_a_clear_word(
    tmp_path: Path, version: int | None
) -> None:
    (tmp_path / ".checkpoint").write_text(json.dumps({**vars(CHECKPOINT), "version": version}))
    with pytest.raises(RefusedError) as caught:
        read_checkpoint(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/.checkpoint was written by another version of avstar (its format is "
        f"{version}, ours 3); finish the export with that one"
    )


@given(place=integers(0, 2000), digit=sampled_from(b"0123456789"))
def test_one_in_which_a_digit_changed_is_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, digit: int
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    CHECKPOINT.write(folder)
    path = folder / ".checkpoint"
    content = bytearray(path.read_bytes())
    digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
    at = digits[place % len(digits)]
    assume(content[at] != digit)
    content[at] = digit
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"\.checkpoint (is damaged|was written by another)"):
        read_checkpoint(folder)
