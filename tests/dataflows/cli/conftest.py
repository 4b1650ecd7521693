"""Landing folders that are followed, and processes that die at a given place."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dataflows.cli.following import Landing
from tests.processes import ROOT

New = Callable[..., Any]
DIES = """
import os, signal
from importlib import import_module

module = import_module("{module}")
module.{name} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def landing(avstar: Any, tmp_path: Path, api: New) -> Callable[..., Landing]:
    return lambda *options: Landing(avstar, tmp_path, api(*options))


@pytest.fixture
def dying(tmp_path: Path) -> Callable[[str, str], dict[str, str]]:
    """Make the variables by which a process kills itself instead of calling a function."""

    def variables(module: str, name: str) -> dict[str, str]:
        folder = tmp_path / f"dies-{name}"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(DIES.format(module=module, name=name))
        return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}

    return variables
