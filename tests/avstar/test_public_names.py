"""What users may import, and what they get along with it."""

import subprocess
import sys
from pathlib import Path

import connectors.avstar

PUBLIC = [
    "AvstarSettings",
    "AvstarSink",
    "DeliverOut",
    "Lane",
    "OAuthToken",
    "Proxy",
    "Rate",
    "StaticToken",
    "Token",
    "TokenFile",
    "TokenSource",
    "TokenUnavailableError",
    "UndeliveredError",
    "Watch",
    "Watches",
    "deliver",
]


def test_these_names_are_public_and_no_others():
    assert connectors.avstar.__all__ == PUBLIC


def test_every_public_name_is_there_and_documented():
    for name in PUBLIC:
        assert getattr(connectors.avstar, name).__doc__


def test_nothing_else_stands_in_the_package_but_its_modules():
    modules = {path.stem for path in Path(connectors.avstar.__file__).parent.iterdir()}

    assert {name for name in vars(connectors.avstar) if name[0] != "_"} <= modules | set(PUBLIC)


def test_the_import_brings_neither_the_sandbox_nor_what_lies_beside_the_connector():
    program = "import sys, connectors.avstar; print(*sys.modules)"
    root = Path(connectors.avstar.__file__).parents[2]
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()

    beside = ("connectors.avstar.sandbox", "connectors.avion", "connectors.ledger", "dataflows")
    assert [name for name in loaded if name.startswith(beside)] == []
