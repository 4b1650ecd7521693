import gzip
import os
from importlib import import_module

import aiofiles
import pytest

from connectors.avion.blocks import Blocks
from connectors.avion.packed_text import PackedText
from connectors.avion.unpacker import DamagedError, Unpacker
from connectors.errors import HaltedError

TEXT = bytes(i * i % 251 for i in range(30_000))


async def read(path):
    async with aiofiles.open(path, "rb") as file:
        text, found = PackedText(file, Unpacker("gzip")), []
        while piece := await text.read(1):
            found.append(piece)
        assert await text.read(1) == b""
        return found


async def test_a_packed_file_is_read_as_its_text(write, small_blocks):
    found = await read(write("a.gz", gzip.compress(TEXT)))
    assert b"".join(found) == TEXT
    assert all(small_blocks <= len(piece) < 2 * small_blocks for piece in found[:-1])


async def test_a_cut_file_is_damaged(write):
    with pytest.raises(DamagedError, match="is cut"):
        await read(write("a.gz", gzip.compress(TEXT)[:-3]))


@pytest.mark.parametrize(("start", "end"), [(0, 30_000), (0, 0), (9, 9), (1, 2), (700, 29_000)])
def test_blocks_of_a_packed_file_are_its_text_from_start_to_end(write, small_blocks, start, end):
    blocks = Blocks(write("a.gz", gzip.compress(TEXT)), start, end, packing="gzip")
    assert b"".join(blocks) == TEXT[start:end]
    blocks.close()


@pytest.mark.parametrize("block", [7, 100, 1 << 20])
@pytest.mark.parametrize("start", [0, 1, 512, 513, 29_999, 30_000])
def test_what_nobody_wants_is_passed_by(write, small_blocks, monkeypatch, block, start):
    monkeypatch.setattr(import_module("connectors.avion.packed_text"), "_PASSED_BLOCK", block)
    blocks = Blocks(write("a.gz", gzip.compress(TEXT)), start, len(TEXT), packing="gzip")
    assert b"".join(blocks) == TEXT[start:]
    blocks.close()


def test_a_file_cut_before_the_place_is_told(write, small_blocks):
    blocks = Blocks(write("a.gz", gzip.compress(TEXT[:900])), 1000, 2000, packing="gzip")
    with pytest.raises(HaltedError, match="ended 1000 bytes early"):
        list(blocks)
    blocks.close()


def test_closing_on_the_way_to_the_beginning_does_not_read_on(write, monkeypatch):
    monkeypatch.setattr(import_module("connectors.avion.packed_text"), "_PASSED_BLOCK", 16)
    path = write("a.gz", gzip.compress(os.urandom(3_000_000)))
    blocks = Blocks(path, 2_999_999, 3_000_000, packing="gzip")
    blocks.close()
    assert blocks._queue.qsize() == 1  # the end, and nothing else


def test_a_packed_file_damaged_since_its_survey_halts_the_run(write):
    path = write("a.gz", gzip.compress(TEXT)[:-20])
    blocks = Blocks(path, 0, len(TEXT), packing="gzip")
    with pytest.raises(HaltedError, match=f"{path} is cut: its gzip ends in the middle"):
        list(blocks)
    blocks.close()
