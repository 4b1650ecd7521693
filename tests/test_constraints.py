"""What is pinned can be installed on every Python that is promised."""

from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

PINS = Path(__file__).parents[1] / "constraints.txt"
PYTHONS = ("3.10.0", "3.11.0", "3.12.0")


def pinned() -> list[Requirement]:
    lines = PINS.read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def accepts(pin: Requirement, python: str) -> bool:
    """Tell whether the release that is installed here, if it is the one pinned, takes a Python."""
    try:
        about = metadata(pin.name)
    except PackageNotFoundError:
        return True
    if about["Version"] not in pin.specifier:
        return True
    return python in SpecifierSet(about["Requires-Python"] or "")


@pytest.mark.parametrize("python", PYTHONS)
def test_no_pin_is_too_new_for_a_python_that_is_promised(python: str) -> None:
    environment = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    meant = [pin for pin in pinned() if pin.marker is None or pin.marker.evaluate(environment)]
    assert meant
    assert not [str(pin) for pin in meant if not accepts(pin, python)]
