import io
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.avion.cutter import Cutter
from connectors.avion.formats import FORMATS
from connectors.ledger.audit.plain_lines import plain_lines
from connectors.records import Line

Form = Literal["ndjson", "csv"]

PIECES = [b"a", b'"', b",", b"\n", b"\r", b" ", b"\0", b"\xff", "ü".encode(), b'""', b'"\n', b',"']
CONTENT = st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=60).map(b"".join)


def plain(data: bytes, form: Form, limit: int = 1000) -> list[Line]:
    return list(plain_lines(io.BytesIO(data), form, limit=limit))


def ours(data: bytes, form: Form, limit: int, block: int) -> list[Line]:
    """Read as the run does."""
    begin = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    cutter = Cutter(FORMATS[form], offset=begin, limit=limit)
    blocks = [data[at : at + block] for at in range(begin, len(data), block)]
    found = [line for part in blocks for lines in cutter.feed(part) for line in lines]
    found += [line for lines in cutter.close() for line in lines]
    return found[1:] if form == "csv" else found


@settings(max_examples=500)
@given(CONTENT, st.sampled_from(["ndjson", "csv"]), st.integers(5, 80), st.integers(1, 50))
def test_two_readings_of_one_export_agree(data: bytes, form: Form, limit: int, block: int) -> None:
    assert plain(data, form, limit) == ours(data, form, limit, block)


def test_a_record_is_a_line_with_its_number_and_offset() -> None:
    assert plain(b"{}\n\n \r\n{1}\r\nlast", "ndjson") == [
        Line(b"{}", 1, 0, 2),
        Line(b"{1}\r", 4, 7, 4),
        Line(b"last", 5, 12, 4),
    ]


def test_a_byte_order_mark_belongs_to_no_record() -> None:
    assert plain(b"\xef\xbb\xbf{}\n", "ndjson") == [Line(b"{}", 1, 3, 2)]


def test_the_header_of_a_csv_is_no_record_and_a_quoted_line_end_ends_none() -> None:
    data = b'\na,b\n1,"x\ny"\n"""",2\n'
    assert plain(data, "csv") == [Line(b'1,"x\ny"', 3, 5, 7), Line(b'"""",2', 5, 13, 6)]


@pytest.mark.parametrize("tail", [b"", b"2,y\n3,z\n"])
def test_a_quote_that_never_closes_costs_its_own_line_alone(tail: bytes) -> None:
    found = plain(b'a,b\n1,"x\n' + tail, "csv")
    assert [line.raw for line in found] == [b'1,"x', *tail.split()]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_of_a_record_over_the_limit_only_the_head_is_held(form: Form) -> None:
    found = plain(b"h\n" + b"x" * 5000 + b"\ny\n", form, limit=2000)
    assert found[-2:] == [Line(b"x" * 1024, 2, 2, 5000), Line(b"y", 3, 5003, 1)]
