import gzip
from pathlib import Path

import pytest
from backports import zstd

from connectors.errors import RefusedError
from connectors.ledger.audit.plain_export import plain_export
from connectors.ledger.audit.plain_lines import plain_lines
from connectors.ledger.audit.plain_open import plain_open, plain_packing
from connectors.records import Line

TEXT = b"a,b\n1,2\n3,4\n"
PACKED = {"gzip": gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:]), "zstd": zstd.compress(TEXT)}

both = pytest.mark.parametrize("packing", ["gzip", "zstd"])


@pytest.mark.parametrize("packing", ["none", "gzip", "zstd"])
def test_the_text_of_an_export_is_read_whatever_it_is_packed_in(
    tmp_path: Path, packing: str
) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(PACKED.get(packing, TEXT))
    assert plain_packing(path) == packing
    with plain_open(path) as file:
        lines = list(plain_lines(file, "csv", limit=100))
    assert lines == [Line(b"1,2", 2, 4, 3), Line(b"3,4", 3, 8, 3)]
    export = plain_export(path)
    assert (export.format, export.columns, export.packing) == ("csv", ("a", "b"), packing)
    assert export.size == path.stat().st_size


def test_a_file_of_zstd_may_begin_with_a_frame_without_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x53\x2a\x4d\x18\0\0\0\0" + PACKED["zstd"])
    with plain_open(path) as file:
        assert file.read() == TEXT


@both
@pytest.mark.parametrize("harm", ["cut", "edited"])
def test_a_damaged_one_is_refused_in_one_line(tmp_path: Path, packing: str, harm: str) -> None:
    path, data = tmp_path / "a.csv", bytearray(PACKED[packing])
    path.write_bytes(data[:-4] if harm == "cut" else data + b"garbage")

    def read() -> None:
        with plain_open(path) as file:
            file.read()

    with pytest.raises(RefusedError, match=f"{path} is damaged {packing}: .*; fetch it again$"):
        read()


@pytest.mark.parametrize("name", ["a.json", "a.ndjson", "a.json.gz"])
def test_an_array_is_known_by_its_bracket(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf [{}]")
    assert plain_export(tmp_path / name).format == "json"
