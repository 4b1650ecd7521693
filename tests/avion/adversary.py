"""Records as an enemy would write them, on the edges of what a parser may take; and the judge."""

from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.avion.schema import MODELS
from connectors.records import COLUMNS, Format

TEXTS = [
    b'"A"', b'"Caf\xc3\xa9"', b'""', b'" "', b'"\x7f"', b'"\\u00e9"', b'"\\ud83d\\ude00"', b'"\\/"',
    b'"a\\nb"', b'"\\u0000"', b'"\\""', b'"\\\\"', b'"\xef\xbf\xbf"', b'"\xf0\x9f\x98\x80"',
    b'"\\ud800"', b'"\\udc00"', b'"\\ud800\\u0041"', b'"\\uD83D\\uDE0"', b'"\\x41"', b'"\\"',
    b'"\xff"', b'"\xc3"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"a\x00b"',
    b'"a\x1fb"', b'"a\tb"', b'"a\rb"', b"'A'", b"A", b'"A',
]  # fmt: skip
TIMES = [
    b'"2026-11-24T05:30:00-05:00"', b'"2026-11-24T05:30:00Z"', b'"2026-11-24T05:30:00.25Z"',
    b'"2026-11-24T05:30:00"', b'"2026-11-24T05:30-05:00"', b'"2026-02-30T05:30:00Z"',
    b'"2026-11-24T05:30:00Z\\n"', b'"2026-11-24T05:30:00\\u005a"', b'"2026-11-24"', b"1764000000",
    b'"1999-12-31T23:59:59+14:59"', b'"\\u0032026-11-24T05:30:00Z"', b'"2026-11-01T01:30:00"',
]  # fmt: skip
NUMBERS = [
    b"30", b"1", b"0", b"-0", b"-1", b"30.0", b"3e1", b"3E+1", b"030", b"+30", b"1e400", b"NaN",
    b"Infinity", b"-Infinity", b"-", b".5", b"5.", b"1_0", b"0x1e", b"true", b"false", b"null",
    b"9223372036854775807", b"9223372036854775808", b"18446744073709551615",
    b"18446744073709551616", b"9" * 30, b"9" * 4299, b"9" * 4301, b'"30"',
]  # fmt: skip
NESTED = [
    b"[]", b"{}", b'[1,{"a":[null]}]', b"[1,]", b"{,}", b'{"a":1,"a":2}', b"[1 2]", b"[}",
    *(b"[" * depth + b"]" * depth for depth in (9, 64, 66, 199, 201, 1500)),
    *(b'{"a":' * depth + b"0" + b"}" * depth for depth in (9, 64, 199, 201, 1500)),
]  # fmt: skip
SPACES = [b"", b"", b"", b" ", b"\t", b"\r", b"\n", b"\x0b", b"\xc2\xa0", b"\xef\xbb\xbf", b"\0"]
NAMES = [
    *(f'"{name}"'.encode() for name in COLUMNS), b'"Note"', b'""', b'"spotid"', b'"\\u0053potID"',
    b'"SpotID\\u0000"', b'"\xff"', b'"\\ud800"', b'"N\xc3\xb6te"', b"SpotID", b"1", b"null",
]  # fmt: skip
ENDS = [b"", b"", b"", b" ", b"\r", b"x", b",", b"}", b"{}", b"\0", b"//", b"\xff"]

some = st.sampled_from
ODD = [*TEXTS, *TIMES, *NUMBERS, *NESTED]
FITTING = {b'"AirDateTime"': TIMES, b'"Duration"': NUMBERS}
GOOD = {b'"AirDateTime"': TIMES[:3], b'"Duration"': NUMBERS[:2]}

fields = some(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), some(FITTING.get(name, TEXTS)) | some(ODD))
)


@st.composite
def records(draw: st.DrawFn) -> bytes:
    """A good record with up to two oddities: fields, values, blanks, or a byte that is spoilt."""
    found = [(name, draw(some(GOOD.get(name, TEXTS[:2])))) for name in NAMES[:5]]
    blank, begin, end = b"", b"", b""
    for oddity in draw(st.lists(some(["field", "more", "less", "blank", "end"]), max_size=2)):
        place = draw(st.integers(0, len(found) - 1))
        if oddity == "field":
            name = found[place][0]
            found[place] = (name, draw(some(FITTING.get(name, TEXTS)) | some(ODD)))
        elif oddity == "more":
            found.insert(place, draw(fields))
        elif oddity == "less":
            del found[place]
        elif oddity == "blank":
            blank, begin = draw(some(SPACES)), draw(some(SPACES))
        else:
            end = draw(some(ENDS))
    raw = b",".join(blank + name + blank + b":" + value + blank for name, value in found)
    raw = begin + b"{" + raw + b"}" + end
    if draw(st.integers(0, 4)) == 0:
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.binary(max_size=2)) + raw[place + draw(st.integers(0, 2)) :]
    return raw


CELLS = [
    b"A", b"Caf\xc3\xa9", b"", b" ", b'"a,b"', b'"a\nb"', b'"a""b"', b'a"b', b'"a"b', b'"a',
    b"\xff", b"\0", b"a\rb", b'"a\rb"', b"\xc2\x85", b"\xe2\x80\xa8", b"\x1c", b"=1",
]  # fmt: skip
DIGITS = [
    b"30", b"030", b"1", b"0", b"00", b"-1", b"+30", b"30.0", b"1_0", b" 30", b"30 ", b'"30"',
    b'"30\n"', b"\xd9\xa3\xd9\xa0", b"9" * 9, b"9" * 10, b"9" * 30, b"9" * 4301, b"0" * 4301 + b"1",
]  # fmt: skip


@st.composite
def cells(draw: st.DrawFn) -> bytes:
    """A row of a CSV with up to two oddities."""
    row = [b"SP1", b"WXYZ", draw(some(TIMES[:3])).strip(b'"'), draw(some(DIGITS[:3])), b"Acme"]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, 4))
        fitting = {2: [time.strip(b'"') for time in TIMES], 3: DIGITS}.get(place, CELLS)
        row[place] = draw(some(fitting) | some(CELLS))
    if draw(st.integers(0, 9)) == 0:
        row.append(draw(some(CELLS)))
    return b",".join(row) + draw(some([b"", b"", b"\r", b"\r\r"]))


def judged(record_format: Format, value: Any, *, local: bool) -> dict[str, Any] | None:
    """What the model makes of a record: its fields, or None."""
    model = MODELS[record_format, local]
    try:
        if isinstance(value, bytes):
            record = model.model_validate_json(value)
        else:
            record = model.model_validate(value)
    except ValidationError:
        return None
    return record.model_dump(exclude={"moment", "digits"})
