"""Traffic exports as tests want them: real files, small blocks, known records."""

import csv
import io
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

COLUMNS = ["SpotID", "StationCode", "AirDateTime", "Duration", "ClientName"]


@pytest.fixture(scope="session")
def spot() -> Callable[..., dict[str, Any]]:
    """Make the fields of one record; `number` tells it from others."""

    def make(number: int = 1, **fields: Any) -> dict[str, Any]:
        return {
            "SpotID": f"SP{number:06}",
            "StationCode": "WXYZ",
            "AirDateTime": "2026-11-24T05:30:00-05:00",
            "Duration": 30,
            "ClientName": "Café Zoë",
            **fields,
        }

    return make


@pytest.fixture(scope="session")
def to_ndjson() -> Callable[..., bytes]:
    def encode(records: list[dict[str, Any]]) -> bytes:
        return b"".join(
            json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records
        )

    return encode


@pytest.fixture(scope="session")
def to_csv() -> Callable[..., bytes]:
    """Encode records with Python's own writer; `end` is the line end, also inside quotes."""

    def encode(records: list[dict[str, Any]], end: str = "\n") -> bytes:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator=end)
        writer.writeheader()
        writer.writerows(records)
        return text.getvalue().encode()

    return encode


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def to_file(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return to_file


@pytest.fixture
def small_survey(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let the survey work in blocks so small that an export of a few kilobytes has many splits."""
    size = 256
    # by import, for the package's own name `survey` is the function
    monkeypatch.setattr(import_module("connectors.avion.recognition"), "_BLOCK", size)
    return size


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch, small_survey: int) -> int:
    """Let the reader too work in blocks so small that every record meets a block's end."""
    monkeypatch.setattr(import_module("connectors.avion.blocks"), "BLOCK", small_survey)
    monkeypatch.setattr(import_module("connectors.avion.unpacker"), "PIECE", small_survey)
    monkeypatch.setattr(import_module("connectors.avion.packed_text"), "_BLOCK", small_survey // 8)
    return small_survey
