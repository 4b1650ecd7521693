import gzip
import os
import tracemalloc
from contextlib import suppress
from importlib import import_module
from itertools import pairwise

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.avion.unpacker import PIECE, DamagedError, Unpacker, behind, unpacked

unpacker = import_module("connectors.avion.unpacker")
PACK = {"gzip": gzip.compress, "zstd": zstd.compress}
SKIPPABLE = b"\x50\x2a\x4d\x18\3\0\0\0abc"

packings = st.sampled_from(["gzip", "zstd"])
members = st.lists(st.binary(max_size=300), min_size=1, max_size=6)
places = st.lists(st.integers(0, 1 << 16), max_size=12)

both = pytest.mark.parametrize("packing", ["gzip", "zstd"])


def divide(data, places):
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def text_of(data, packing, block=1000):
    blocks = [data[at : at + block] for at in range(0, len(data), block)]
    return b"".join(unpacked(blocks, packing))


@given(packing=packings, texts=members, places=places, piece=st.integers(1, 400))
def test_members_behind_one_another_are_one_text_wherever_the_blocks_end(
    packing, texts, places, piece
):
    data = b"".join(map(PACK[packing], texts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unpacker, "PIECE", piece)
        pieces = list(unpacked(divide(data, places), packing))
    assert b"".join(pieces) == b"".join(texts)
    assert all(piece <= len(one) < 2 * piece for one in pieces[:-1])


@given(packing=packings, texts=members, places=places, data=st.data())
def test_a_file_cut_anywhere_within_a_member_is_told_to_be_cut(packing, texts, places, data):
    packed = list(map(PACK[packing], texts))
    whole = b"".join(packed)
    ends = {len(b"".join(packed[:count])) for count in range(len(packed) + 1)}
    cut = data.draw(st.integers(0, len(whole)).filter(lambda at: at not in ends))
    with pytest.raises(DamagedError, match=f"is cut: its {packing} ends in the middle"):
        list(unpacked(divide(whole[:cut], places), packing))


@settings(max_examples=200)
@given(packing=packings, at=st.integers(0, 1 << 16), bit=st.integers(0, 7))
def test_a_flipped_bit_gives_the_same_text_or_is_found(packing, at, bit):
    text = bytes(range(256)) * 20
    if packing == "gzip":
        data = bytearray(gzip.compress(text))
    else:
        data = bytearray(zstd.compress(text, options={zstd.CompressionParameter.checksum_flag: 1}))
    data[at % len(data)] ^= 1 << bit
    with suppress(DamagedError):
        assert text_of(bytes(data), packing) == text  # a date or an operating system in the header


@both
def test_what_is_no_member_behind_one_is_damage(packing):
    with pytest.raises(DamagedError, match=f"is damaged {packing}: "):
        text_of(PACK[packing](b"text") + b"garbage", packing)


def test_gzip_may_be_filled_up_with_nul_as_tapes_do():
    data = gzip.compress(b"a") + bytes(3000) + gzip.compress(b"b") + bytes(512)
    assert text_of(data, "gzip", block=7) == b"ab"


def test_frames_of_zstd_without_text_are_passed_over():
    assert text_of(SKIPPABLE + zstd.compress(b"a") + SKIPPABLE, "zstd", block=3) == b"a"


def test_a_zstd_frame_that_asks_for_more_memory_than_its_own_tool_gives_is_refused():
    options = {
        zstd.CompressionParameter.window_log: 28,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    compressor = zstd.ZstdCompressor(options=options)
    data = compressor.compress(b"x" * 1000) + compressor.flush()
    with pytest.raises(DamagedError, match="too much memory"):
        text_of(data, "zstd")


@both
def test_a_file_that_unpacks_to_a_thousand_times_its_size_takes_no_more_memory(packing):
    one = PACK[packing](bytes(16 << 20))
    unpack = Unpacker(packing)
    tracemalloc.start()
    size = sum(len(piece) for _ in range(4) for piece in unpack.feed(one))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size + sum(map(len, unpack.close())) == 64 << 20
    assert peak < 5 * PIECE


@both
def test_many_small_members_come_in_pieces_of_the_usual_size(packing):
    data = PACK[packing](os.urandom(1000)) * 1500
    sizes = [len(piece) for piece in unpacked([data], packing)]
    assert sizes == [525_000, 525_000, 450_000]


def test_what_is_not_packed_is_the_text_itself():
    assert list(unpacked([b"a", b"b"], "none")) == [b"a", b"b"]


@given(text=st.binary(max_size=50), places=places, start=st.integers(0, 60))
def test_a_text_from_an_offset_on_is_its_rest(text, places, start):
    assert b"".join(behind(divide(text, places), start)) == text[start:]
