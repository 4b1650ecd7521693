"""What is written by hand, read by the classes that OpenTelemetry's own tools are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from connectors.telemetry.wire import Key, attribute, often, varint

TEXTS = st.text(max_size=40) | st.text(min_size=50, max_size=300) | st.text(min_size=2000)


def read(written: bytes) -> KeyValue:
    [found] = Span.FromString(written).attributes
    return found


@given(st.integers(0, 2**63 - 1))
def test_a_number_is_read_as_it_was(number: int) -> None:
    found = read(attribute("avstar.line", number))
    assert (found.key, found.value.int_value) == ("avstar.line", number)


@pytest.mark.parametrize(
    ("number", "written"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")]
)
def test_seven_bits_make_a_byte(number: int, written: bytes) -> None:
    assert varint(number) == written


@given(st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=50), TEXTS)
def test_a_text_is_read_as_it_was_whatever_its_length(name: str, text: str) -> None:
    for written in (attribute(name, text), often((Key(name), text))):
        found = read(written)
        assert (found.key, found.value.string_value) == (name, text)


@pytest.mark.parametrize("size", range(95, 125))
def test_a_text_about_as_long_as_one_byte_can_tell_is_read_as_it_was(size: int) -> None:
    assert read(attribute("avstar.spot.id", "x" * size)).value.string_value == "x" * size


@given(st.lists(TEXTS, max_size=5))
def test_several_texts_are_read_as_they_were(texts: list[str]) -> None:
    found = read(attribute("avstar.exports", texts)).value.array_value.values
    assert [one.string_value for one in found] == texts


def test_half_a_surrogate_pair_stops_nothing() -> None:
    assert read(attribute("error", "a\ud800b")).value.string_value == "a?b"
