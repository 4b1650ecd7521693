from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.errors import StoppedError
from connectors.stop import Stop
from dataflows.exports import open_exports
from dataflows.job import heard
from dataflows.settings import fixed_settings

BLOCK = 1 << 17
"""Bytes of the survey's reads."""


def test_a_stop_ends_a_survey_where_it_is(new_export: Callable[..., Path], tmp_path: Path) -> None:
    export, stop = new_export(4 * BLOCK // 100), Stop()
    assert export.stat().st_size > 4 * BLOCK
    seen = []

    def progress(path: Path, done: int) -> None:
        seen.append((path, done))
        stop.request()

    settings = fixed_settings(exports=(export,), out=tmp_path / "out", api_url="http://127.0.0.1:9")
    with pytest.raises(StoppedError, match=f"stopped while it surveyed {export}; nothing was sent"):
        open_exports(settings, heard(stop, progress))
    assert seen == [(export, BLOCK)]
