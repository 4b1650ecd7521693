"""A process that helps leaves it to the first one to say what becomes of an export."""

import errno
import logging
import os
import sys
from pathlib import Path
from typing import cast

import pytest

from connectors.errors import RefusedError
from dataflows.follow.landing import Landing
from dataflows.follow.other import Other
from dataflows.job import Means
from dataflows.settings import load_settings

module = sys.modules[Other.__module__]


@pytest.mark.parametrize(
    "error", [RefusedError("it is bad"), OSError(errno.ESTALE, os.strerror(errno.ESTALE))]
)
def test_what_it_cannot_help_with_is_written_down_once(
    error: Exception,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(module, "look_at", fails)
    landing = Landing(folder / "landing")
    settings = load_settings(follow=landing.folder, api_url="http://a")
    other = Other(settings, landing, cast("Means", None))
    with caplog.at_level(logging.WARNING):
        assert not other._help(landing.folder / "day.ndjson")
        assert not other._help(landing.folder / "day.ndjson")
    [record] = caplog.records
    assert record.message == "not helped with"
    assert vars(record)["reason"] == str(error)
