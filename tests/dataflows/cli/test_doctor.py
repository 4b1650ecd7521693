from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.processes import TOKEN

New = Callable[..., Any]


def test_a_night_that_can_begin_is_told_line_by_line(
    avstar: Any, api: New, new_export: New, tmp_path: Path
) -> None:
    server, path = api(), new_export(100)
    told = avstar("doctor", path, "--out", tmp_path / "out", "--api-url", server.url)
    assert (told.code, told.err) == (0, "")
    assert "FAIL" not in told.out
    assert f"ok    api: {server.url}/ingest answers 405: it is there" in told.out
    assert f"ok    {path}: 100 records" in told.out
    assert TOKEN not in told.out
    assert server.stats()["accepted"] == 0
    assert not (tmp_path / "out").exists()


def test_a_night_that_cannot_is_exit_code_2_and_says_why(avstar: Any, tmp_path: Path) -> None:
    told = avstar("doctor", tmp_path / "gone.ndjson", "--api-url", "http://127.0.0.1:1")
    assert (told.code, told.err) == (2, "")
    assert "FAIL  settings: no folder for the ledger; give --out DIR" in told.out
    assert "FAIL  api: http://127.0.0.1:1/ingest: connection failed" in told.out
