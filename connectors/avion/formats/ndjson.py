"""NDJSON: one JSON object a line."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic_core import from_json

from connectors.avion.formats.base import Malformed


class Ndjson:
    """Newline-delimited JSON. A record is a line; a line end inside a string is always escaped."""

    name: Literal["ndjson"] = "ndjson"
    suffixes = (".ndjson", ".jsonl")

    def cut(self, data: bytes, *, last: bool, limit: int) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - lines need neither
        """Cut at every line end."""
        pieces = data.split(b"\n")
        return pieces, pieces.pop()

    def header(self, record: bytes | None) -> tuple[str, ...]:  # noqa: ARG002 - protocol
        """Every record names its own fields."""
        return ()

    def decode(self, raws: Sequence[bytes], columns: tuple[str, ...]) -> Sequence[Any]:  # noqa: ARG002 - protocol
        """Leave the bytes: the schema parses and checks them in one pass."""
        return raws

    def malformed(self, raw: bytes, columns: tuple[str, ...]) -> Malformed | None:  # noqa: ARG002 - protocol
        """Find what keeps the line from being a JSON object."""
        try:
            value = from_json(raw.decode())
        except UnicodeDecodeError as error:
            return Malformed("encoding", f"byte {error.start + 1} of the line is not UTF-8")
        except ValueError as error:
            return Malformed("not_json", f"not JSON: {error}")
        if not isinstance(value, dict):
            return Malformed("not_json", "not a JSON object: a record looks like {...}")
        return None
