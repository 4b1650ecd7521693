"""What several tests of the command need."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

FINE = """
from importlib import import_module

module = import_module("connectors.avion.survey")
module._BLOCK = 1024
module.survey.__kwdefaults__["split_bytes"] = {split_bytes}
"""
"""What Python runs before the command: an export of kilobytes then has as many lanes as a large."""


@pytest.fixture
def divided(tmp_path: Path) -> Callable[[int], dict[str, str]]:
    """Make the variables by which a process divides exports into splits of so many bytes."""

    def variables(split_bytes: int) -> dict[str, str]:
        folder = tmp_path / f"splits-{split_bytes}"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(FINE.format(split_bytes=split_bytes))
        return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}

    return variables
