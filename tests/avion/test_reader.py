import pytest

from connectors.avion import read_lines, survey
from connectors.records import Line


def test_every_record_comes_in_the_order_of_the_file(write):
    export = survey(write("a.ndjson", b"\xef\xbb\xbf{1}\n\n{22}\r\n{3}"))
    assert list(read_lines(export)) == [
        Line(b"{1}", 1, 3, 3),
        Line(b"{22}\r", 3, 8, 5),
        Line(b"{3}", 4, 14, 3),
    ]


def test_the_header_of_a_csv_is_no_record(write, spot, to_csv):
    export = survey(write("a.csv", to_csv([spot(1), spot(2)])))
    assert [(line.number, line.raw[:8]) for line in read_lines(export)] == [
        (2, b"SP000001"),
        (3, b"SP000002"),
    ]


def test_all_splits_are_read(write, spot, to_ndjson, small_blocks):
    export = survey(write("a.ndjson", to_ndjson([spot()] * 100)), split_bytes=1)
    assert len(export.splits) > 1
    assert len(list(read_lines(export))) == 100


def test_a_record_over_the_limit_keeps_its_length(write):
    export = survey(write("a.ndjson", b"x" * 5000), line_limit=2000)
    [line] = read_lines(export, line_limit=2000)
    assert (len(line.raw), line.length) == (1024, 5000)


def test_an_export_without_records_yields_none(write):
    assert list(read_lines(survey(write("a.csv", b"")))) == []


def test_a_file_that_is_gone_is_an_error_of_the_system(write):
    path = write("a.ndjson", b"{}\n")
    export = survey(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        list(read_lines(export))
