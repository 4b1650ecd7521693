import asyncio
import os
from itertools import islice
from pathlib import Path

import pytest

from connectors.avion.blocks import AHEAD, BLOCK, Blocks
from connectors.errors import ChangedError, HaltedError
from connectors.loop import event_loop


@pytest.fixture
def large(tmp_path):
    """An export of ten blocks, which takes no room on the disk."""
    path = tmp_path / "large.ndjson"
    path.touch()
    os.truncate(path, 10 * BLOCK)
    return path


@pytest.fixture
def blocks():
    """Open blocks that are closed with the test."""
    opened = []

    def open_blocks(path, start, end):
        opened.append(Blocks(path, start, end))
        return opened[-1]

    yield open_blocks
    for one in opened:
        one.close()


def read_ahead(blocks):
    """Let the reader get as far as it will without being asked."""

    async def until_full():
        while not blocks._queue.full():
            await asyncio.sleep(0.001)
        for _ in range(10):
            await asyncio.sleep(0.001)  # a reader that went on would do so now

    event_loop().run(until_full())


def position(path):
    """How far this process has read `path`, as the kernel knows; None if it is not open."""
    for link in Path("/proc/self/fd").iterdir():
        if os.path.realpath(link) == str(path):
            info = Path("/proc/self/fdinfo", link.name).read_text()
            return int(info.split()[1])
    return None


@pytest.mark.parametrize(
    ("start", "end"), [(0, 3000), (0, 0), (5, 5), (1, 2), (700, 1700), (2999, 3000), (256, 768)]
)
def test_the_blocks_together_are_the_bytes_from_start_to_end(
    write, blocks, small_blocks, start, end
):
    data = bytes(i % 251 for i in range(3000))
    found = list(blocks(write("a", data), start, end))
    assert b"".join(found) == data[start:end]
    assert all(len(block) == small_blocks for block in found[:-1])


def test_what_stands_behind_the_end_is_not_read(write, blocks):
    path = write("a", b"x" * 100)
    whole = blocks(path, 0, 50)
    assert list(whole) == [b"x" * 50]


def test_no_more_is_read_ahead_than_allowed(large, blocks):
    reader = blocks(large, 0, 10 * BLOCK)
    read_ahead(reader)
    assert reader._queue.qsize() == AHEAD
    assert position(large) <= (AHEAD + 1) * BLOCK  # and one in the hand
    blocks_taken = iter(reader)
    next(blocks_taken)
    next(blocks_taken)
    read_ahead(reader)
    assert position(large) <= (2 + AHEAD + 1) * BLOCK


def test_closing_in_the_middle_closes_the_file(large, blocks):
    reader = blocks(large, 0, 10 * BLOCK)
    read_ahead(reader)
    assert position(large) is not None
    reader.close()
    assert position(large) is None


@pytest.mark.parametrize("taken", [0, 1])
def test_closing_at_any_moment_closes_the_file(write, taken):
    path = write("a", b"x" * 100)
    for _ in range(300):
        reader = Blocks(path, 0, 100)
        for _block in islice(reader, taken):
            pass
        reader.close()
        assert position(path) is None


def test_reading_to_the_end_closes_the_file(write, blocks):
    path = write("a", b"x")
    reader = blocks(path, 0, 1)
    assert list(reader) == [b"x"]
    reader.close()
    reader.close()
    assert position(path) is None


def test_a_file_cut_while_it_is_read_halts_the_run(large, blocks):
    reader = blocks(large, 0, 10 * BLOCK)
    read_ahead(reader)
    os.truncate(large, 6 * BLOCK)
    with pytest.raises(HaltedError) as caught:
        list(reader)
    assert str(caught.value) == (
        f"{large} ended {4 * BLOCK} bytes early: it was cut while it was read"
    )


def test_what_was_there_before_the_cut_still_comes(write, blocks):
    reader = iter(blocks(write("a", b"x" * 100), 0, 150))
    assert next(reader) == b"x" * 100
    with pytest.raises(ChangedError, match="ended 50 bytes early"):
        next(reader)


def test_a_file_that_is_gone_halts_the_run(tmp_path, blocks):
    with pytest.raises(ChangedError) as caught:
        list(blocks(tmp_path / "a", 0, 5))
    words = str(caught.value)
    assert words.startswith(f"{tmp_path / 'a'} cannot be read any more: No such file or directory")


def test_a_fault_while_reading_halts_the_run_and_is_not_the_export_s(blocks):
    with pytest.raises(HaltedError, match="mem cannot be read any more: Input/output") as caught:
        list(blocks(Path("/proc/self/mem"), 0, 5))
    assert not isinstance(caught.value, ChangedError)
