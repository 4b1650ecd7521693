from hashlib import sha256
from pathlib import Path

import pytest

from connectors.ledger.audit.plain_export import plain_export

RECORD, HEADER = b'{"SpotID": "SP1"}\n', b"a,b\n"
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.ndjson", HEADER, "ndjson"),
        ("A.JSONL", b"", "ndjson"),
        ("a.csv", RECORD, "csv"),
        ("export", BOM + b"\n " + RECORD, "ndjson"),
        ("export.txt", HEADER, "csv"),
        ("export", b"", "ndjson"),
    ],
)
def test_the_format_comes_from_the_name_and_else_from_the_first_byte(
    tmp_path: Path, name: str, content: bytes, form: str
) -> None:
    (tmp_path / name).write_bytes(content)
    export = plain_export(tmp_path / name)
    assert export.format == form
    assert (export.checksum, export.size) == (sha256(content).hexdigest(), len(content))
    assert export.key == f"{name}.{export.checksum[:12]}"


@pytest.mark.parametrize("head", [b'"a" , b,"c\nd"\r\n', BOM + b'\n\na,b ,"c\nd"\n'])
def test_the_columns_of_a_csv_are_those_of_its_first_row(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(head + b"1,2,3\n")
    assert plain_export(tmp_path / "a.csv").columns == ("a", "b", "c\nd")


def test_an_ndjson_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(RECORD)
    assert plain_export(tmp_path / "a.ndjson").columns == ()
