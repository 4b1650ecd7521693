import gzip
import io
import zipfile
from pathlib import Path

import pytest

from connectors.avion.head import HEAD_BYTES, read_head
from connectors.errors import RefusedError

HEADER = b"SpotID,StationCode,AirDateTime,Duration,ClientName\n"
RECORD = b'{"SpotID": "SP1"}\n'
BOM = b"\xef\xbb\xbf"


def head(name, text):
    return read_head(Path(name), text[:HEAD_BYTES])


def refusal(name, text):
    with pytest.raises(RefusedError) as caught:
        head(name, text)
    assert str(caught.value).startswith(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.ndjson", RECORD, "ndjson"),
        ("a.jsonl", RECORD, "ndjson"),
        ("a.csv", HEADER, "csv"),
        ("A.CSV", HEADER, "csv"),
        ("A.NDJSON", b"no json at all\n", "ndjson"),
        ("export", RECORD, "ndjson"),
        ("export.txt", b"\n  " + RECORD, "ndjson"),
        ("export.txt", HEADER, "csv"),
        ("export", b"", "ndjson"),
    ],
)
def test_the_format_comes_from_the_name_and_else_from_the_first_line(name, text, expected):
    assert head(name, text).format.name == expected


@pytest.mark.parametrize("name", ["a.ndjson", "a.csv", "a"])
@pytest.mark.parametrize("page", [b"<!DOCTYPE html>\n<p>Sign in", BOM + b"\r\n <?xml?>"])
def test_a_page_that_was_saved_for_the_export_is_refused(name, page):
    assert "is HTML or XML" in refusal(name, page)


def test_a_csv_by_another_name_is_refused_rather_than_all_its_rows():
    assert "is a CSV by its header; name it .csv" in refusal("a.ndjson", HEADER + b"1,2,3,4,5\n")
    assert head("a.ndjson", HEADER + RECORD).format.name == "ndjson"  # one bad row


def test_ndjson_begins_with_its_first_byte():
    assert head("a.ndjson", RECORD)[1:4] == ((), 0, 1)


def test_csv_begins_behind_its_header():
    columns = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
    assert head("a.csv", HEADER + b"1,2,3,4,5\n")[1:4] == (columns, len(HEADER), 2)


@pytest.mark.parametrize(
    ("name", "text", "offset", "number"),
    [("a.ndjson", RECORD, 3, 1), ("a.csv", HEADER, 3 + len(HEADER), 2), ("a", RECORD, 3, 1)],
)
def test_a_byte_order_mark_belongs_to_no_record_and_no_column(name, text, offset, number):
    found = head(name, BOM + text)
    assert (found.offset, found.number) == (offset, number)
    assert found.columns == head(name, text).columns


def test_the_header_may_have_any_order_more_columns_and_blanks_around_names():
    text = b'Note, ClientName ,"Duration",AirDateTime,StationCode,SpotID,Note\r\n'
    found = head("a.csv", text)
    assert found.columns == (
        *("Note", "ClientName", "Duration", "AirDateTime", "StationCode", "SpotID", "Note"),
    )
    assert (found.offset, found.number) == (len(text), 2)


def test_blank_lines_before_the_header_are_passed_over():
    found = head("a.csv", b"\r\n\n" + HEADER)
    assert (found.offset, found.number) == (3 + len(HEADER), 4)


def test_a_header_may_hold_a_line_end_in_quotes():
    text = b'"Length\nof clip",' + HEADER
    found = head("a.csv", text)
    assert found.columns[0] == "Length\nof clip"
    assert (found.offset, found.number) == (len(text), 3)


def test_missing_columns_are_named_beside_those_that_are_there():
    words = refusal("a.csv", b"SpotID,StationCode,AirTime,ClientName\n")
    assert "lacks AirDateTime, Duration (it has: SpotID, StationCode, AirTime" in words


def test_a_column_named_twice_is_refused():
    assert "names SpotID more than once" in refusal("a.csv", b"SpotID," + HEADER)


def test_a_header_that_is_not_utf8_is_refused():
    assert "the CSV header cannot be read" in refusal("a.csv", b"\xff" + HEADER)


def test_a_header_with_a_quote_that_never_closes_is_refused():
    assert "the CSV header cannot be read" in refusal("a.csv", b'"' + HEADER)


def test_a_header_without_end_is_refused():
    assert str(HEAD_BYTES) in refusal("a.csv", b"x," * HEAD_BYTES)


@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "export"])
@pytest.mark.parametrize("mark", [b"", BOM])
def test_a_json_array_begins_behind_its_bracket_whatever_its_name(name, mark):
    found = head(name, mark + b' \n [{"SpotID": "SP1"}]')
    assert found.format.name == "json"
    assert (found.offset, found.number) == (len(mark) + 4, 2)


def test_a_csv_may_begin_with_a_bracket():
    assert head("a.csv", b"[note]," + HEADER).format.name == "csv"


@pytest.mark.parametrize("suffix", ["", ".gz", ".gzip", ".zst", ".ZSTD"])
@pytest.mark.parametrize(("name", "expected"), [("a.csv", "csv"), ("a.jsonl", "ndjson")])
def test_what_a_packed_file_holds_is_called_by_the_suffix_before_that(name, suffix, expected):
    found = read_head(Path(name + suffix), HEADER + RECORD, "gzip")
    assert (found.format.name, found.packing) == (expected, "gzip")


def test_text_by_a_packed_name_is_taken_as_it_is():
    assert head("a.ndjson.gz", RECORD).packing == "none"


@pytest.mark.parametrize("text", [b"", b"\0" * 4096])
@pytest.mark.parametrize("name", ["a.csv.gz", "a.zst"])
def test_a_packed_name_without_a_packed_file_is_refused(name, text):
    assert refusal(name, text).endswith("fetch it again")


@pytest.mark.parametrize("text", [b"", b"\n\n", BOM])
@pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "export"])
def test_an_empty_file_is_an_export_without_records(name, text):
    assert head(name, text).columns == ()


def test_a_header_without_a_line_end_ends_with_the_file():
    found = head("a.csv", HEADER.rstrip())
    assert found.columns[-1] == "ClientName"
    assert found.offset == len(HEADER.rstrip())


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("export.csv", data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (gzip.compress(RECORD), "packed twice: unpack it once"),
        (b"\x28\xb5\x2f\xfd....", "packed twice: unpack it once"),
        (zipped(HEADER), "a ZIP or spreadsheet"),
        (b"%PDF-1.7", "a PDF"),
        (RECORD.decode().encode("utf-16"), "UTF-16: save it as UTF-8"),
        (BOM + RECORD.decode().encode("utf-16-le"), "UTF-16"),
        (RECORD.decode().encode("utf-16-be"), "UTF-16"),
        (bytes(range(256)) * 8, "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10", "binary"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "export"])
def test_what_is_no_text_is_refused_and_named(name, text, words):
    assert words in refusal(name, text)


def test_one_stray_control_byte_does_not_make_a_file_binary():
    assert head("a.ndjson", RECORD * 10 + b"\0\n").format.name == "ndjson"


def test_text_that_is_neither_is_refused():
    assert "neither NDJSON nor CSV" in refusal("notes.txt", b"Dear traffic desk,\n")
