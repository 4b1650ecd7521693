import gzip
from pathlib import Path

import pytest
from backports import zstd

from connectors.avion.packing import packing_of, suffix_within


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (gzip.compress(b"x", mtime=0), "gzip"),
        (zstd.compress(b"x"), "zstd"),
        (b"\x50\x2a\x4d\x18\4\0\0\0", "zstd"),
        (b"\x5f\x2a\x4d\x18", "zstd"),
        (b"\x60\x2a\x4d\x18", "none"),
        (b"SpotID", "none"),
        (b"\x1f", "none"),
        (b"", "none"),
    ],
)
def test_the_first_bytes_say_what_a_file_is_packed_in(head: bytes, expected: str) -> None:
    assert packing_of(head[:4]) == expected


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.csv.gz", ".csv"), ("A.NDJSON.ZST", ".ndjson"), ("a.csv", ".csv"), ("a.gz", ""), ("a", "")],
)
def test_the_suffix_of_what_is_within_stands_before_that_of_the_packing(
    name: str, suffix: str
) -> None:
    assert suffix_within(Path(name)) == suffix
