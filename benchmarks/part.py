"""What the parts of `make bench` share: their options, and figures for the table."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figure import Figure, save


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Make the parser of a part; `--json FILE` keeps its figures."""
    made = argparse.ArgumentParser(description=doc)
    made.add_argument("--json", type=Path, help="File for the figures of the table.")
    return made


def keep(path: Path | None, figures: Sequence[Figure]) -> None:
    """Keep figures where somebody asked for them."""
    if path:
        save(path, figures)
