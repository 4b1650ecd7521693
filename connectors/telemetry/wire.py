"""Protobuf by hand: the few shapes that spans are made of, at a tenth of what its classes cost."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

ATTRIBUTE: Final = b"\x4a"
"""Tag of an attribute of a span."""

_SHORT = 128
"""Lengths below it are written in one byte."""

Value = str | int | Sequence[str]


def _seven_bits_a_byte(number: int) -> bytes:
    written = bytearray()
    while number >= _SHORT:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


_KNOWN = tuple(map(_seven_bits_a_byte, range(4096)))
"""Nearly all lengths, and many numbers."""


def varint(number: int) -> bytes:
    """Write a number from 0 up."""
    return _KNOWN[number] if number < len(_KNOWN) else _seven_bits_a_byte(number)


def block(tag: bytes, content: bytes) -> bytes:
    """Write a field that holds a text, bytes or a message."""
    return b"%b%b%b" % (tag, varint(len(content)), content)


def utf8(text: str) -> bytes:
    """Encode what may hold half a surrogate pair, as an answer's words may."""
    return text.encode("utf-8", "replace")


class Key:
    """The name of an attribute: short, and written again and again."""

    __slots__ = ("_head", "_room")

    def __init__(self, name: str) -> None:
        self._head = block(b"\x0a", name.encode())
        self._room = _SHORT - len(self._head) - 4

    def text(self, value: str) -> bytes:
        """Write the attribute with a text."""
        told = value.encode("utf-8", "replace")
        size = len(told)
        if size < self._room:
            whole = len(self._head) + 4 + size
            return b"\x4a%c%b\x12%c\x0a%c%b" % (whole, self._head, size + 2, size, told)
        return self._attribute(block(b"\x0a", told))

    def number(self, value: int) -> bytes:
        """Write the attribute with a number from 0 up."""
        told = varint(value)
        size = len(told)
        whole = len(self._head) + 3 + size
        return b"\x4a%c%b\x12%c\x18%b" % (whole, self._head, size + 1, told)

    def texts(self, values: Sequence[str]) -> bytes:
        """Write the attribute with several texts."""
        each = (block(b"\x0a", block(b"\x0a", utf8(value))) for value in values)
        return self._attribute(block(b"\x2a", b"".join(each)))

    def _attribute(self, value: bytes) -> bytes:
        return block(ATTRIBUTE, self._head + block(b"\x12", value))


def attribute(name: str, value: Value) -> bytes:
    """Write an attribute of any kind."""
    key = Key(name)
    if isinstance(value, str):
        return key.text(value)
    return key.number(value) if isinstance(value, int) else key.texts(value)


@lru_cache(4096)
def often(*attributes: tuple[Key, str]) -> bytes:
    """Write attributes with texts that many spans have, such as a station."""
    return b"".join(key.text(value) for key, value in attributes)
