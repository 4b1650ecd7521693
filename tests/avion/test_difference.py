import gzip
import hashlib
import os
from random import Random

import pytest

from connectors.avion import Former, difference, survey
from connectors.avion.milestones import FINE_SIZE, STEP

ROWS = b"".join(b'{"SpotID": "SP%06d"}\n' % number for number in range(3000))
"""69,000 bytes."""


@pytest.fixture
def path(write):
    return write("day.ndjson", ROWS)


@pytest.fixture
def former(path):
    export = survey(path)
    return Former(export.checksum, export.size, export.milestones)


def lines_before(at):
    return ROWS[:at].count(b"\n")


def test_the_same_content_does_not_differ_whatever_became_of_the_file(path, former, tmp_path):
    os.utime(path, (1, 1))
    assert difference(path, former) is None
    assert difference(path.rename(tmp_path / "other"), former) is None


@pytest.mark.parametrize("at", [0, 1, 4095, 4096, 4097, 30_000, 65_535, 65_536, 68_999])
def test_one_byte_is_found_within_the_milestones_around_it(path, former, at):
    changed = ROWS[:at] + bytes([ROWS[at] ^ 0x80]) + ROWS[at + 1 :]
    path.write_bytes(changed)
    found = difference(path, former)
    assert found.kind == "changed"
    assert found.start <= at < found.end <= len(ROWS)
    assert found.end - found.start <= 4096
    assert found.line == lines_before(found.start) + 1
    assert (found.checksum, found.size) == (hashlib.sha256(changed).hexdigest(), len(ROWS))


def test_of_several_differences_the_first_is_told(path, former):
    path.write_bytes(ROWS[:20_000] + b"?" + ROWS[20_001:50_000] + b"?" + ROWS[50_001:])
    assert difference(path, former).start == 16_384


@pytest.mark.parametrize("change", [b"", b"??"], ids=["removed", "inserted"])
def test_what_moves_the_rest_is_found_where_it_moves_it(path, former, change):
    path.write_bytes(ROWS[:40_000] + change + ROWS[40_001:])
    found = difference(path, former)
    assert (found.kind, found.start, found.end) == ("changed", 36_864, 40_960)
    assert f"from 69,000 to {69_000 - 1 + len(change):,} bytes" in str(found)


@pytest.mark.parametrize("size", [0, 4096, 5000, 40_000, 68_999])
def test_a_beginning_of_it_is_truncated(path, former, size):
    path.write_bytes(ROWS[:size])
    found = difference(path, former)
    assert (found.kind, found.size, found.start) == ("truncated", size, size // 4096 * 4096)
    assert str(found).startswith(f"is cut to {size:,} of its 69,000 bytes (SHA-256 was ")


@pytest.mark.parametrize("content", [b"x", b"x" * 5000, ROWS[:9000] + b"x" * 9000])
def test_something_shorter_that_is_no_beginning_of_it_has_changed(path, former, content):
    path.write_bytes(content)
    found = difference(path, former)
    assert (found.kind, found.size) == ("changed", len(content))
    assert found.start <= found.end <= len(content)


@pytest.mark.parametrize("more", [b"\n", ROWS, bytes(200_000)], ids=["line", "twice", "much"])
def test_it_and_more_has_grown(path, former, more):
    path.write_bytes(ROWS + more)
    found = difference(path, former)
    assert (found.kind, found.size) == ("grown", len(ROWS) + len(more))
    assert str(found).startswith(f"has grown by {len(more):,} bytes behind the 69,000 it had")


def test_something_longer_that_does_not_begin_with_all_of_it_has_changed(path, former):
    path.write_bytes(ROWS[:-1] + b" " + ROWS)
    found = difference(path, former)
    assert (found.kind, found.start, found.end) == ("changed", 65_536, 69_000)


def test_an_empty_export_can_only_grow(path, write):
    empty = survey(write("empty.ndjson", b""))
    former = Former(empty.checksum, empty.size, empty.milestones)
    assert difference(path, former).kind == "grown"
    path.write_bytes(b"")
    assert difference(path, former) is None


def test_without_milestones_the_difference_may_be_anywhere(path, former):
    path.write_bytes(ROWS[:60_000] + b"?" + ROWS[60_001:])
    found = difference(path, former._replace(milestones=b""))
    assert (found.kind, found.start, found.end) == ("changed", 0, len(ROWS))


def test_in_a_large_export_a_byte_is_found_within_128_kib(write):
    rows = ROWS * (FINE_SIZE // len(ROWS) + 2)
    path = write("large.ndjson", rows)
    export = survey(path)
    assert export.size > FINE_SIZE
    at = Random(1).randrange(export.size)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\0")
    found = difference(path, Former(export.checksum, export.size, export.milestones))
    assert found.start <= at < found.end
    assert found.end - found.start <= STEP
    assert found.line == rows[: found.start].count(b"\n") + 1


def test_the_words_give_both_digests(path, former):
    path.write_bytes(ROWS[:-2] + b" \n")
    found = difference(path, former)
    now = hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(found) == (
        "has changed: the first difference lies between byte 65,536 and 69,000, in line "
        f"{lines_before(65_536) + 1:,} or later (SHA-256 was {former.checksum}, is {now})"
    )


def test_a_file_that_is_not_there_cannot_be_compared(path, former):
    path.unlink()
    with pytest.raises(FileNotFoundError):
        difference(path, former)


def test_of_a_packed_file_no_line_is_told(write):
    path = write("day.ndjson.gz", gzip.compress(ROWS))
    export = survey(path)
    text = path.read_bytes()
    path.write_bytes(text[:-1] + b"?")
    found = difference(path, Former(export.checksum, export.size, export.milestones))
    assert (found.kind, found.line) == ("changed", 0)
    assert "line" not in str(found)
