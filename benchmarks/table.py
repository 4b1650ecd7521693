"""All figures as one table."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure

WIDTH = 150


def print_table(figures: Sequence[Figure], console: Console | None = None) -> None:
    """Print the figures, each with what it is to reach."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for name in ("figure", "against"):
        table.add_column(name, overflow="fold")
    for name in ("ours", "theirs", "unit", "ratio", "target", "reached"):
        table.add_column(name, justify="left" if name == "unit" else "right")
    for one in figures:
        table.add_row(
            one.name,
            one.against,
            _median(one.ours),
            _median(one.theirs),
            one.unit,
            f"{one.ratio:.3g}",
            one.target,
            one.verdict,
        )
    (console or Console(width=WIDTH)).print(table)


def _median(values: Sequence[float]) -> str:
    if not values:
        return ""
    middle = sorted(values)[len(values) // 2]
    return f"{middle:,.0f}" if middle >= 100 else f"{middle:.3g}"
