"""A picture of one figure."""

import math
import re
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from benchmarks.figure import Figure

mpl.rcParams["svg.hashsalt"] = "avstar"  # equal figures give equal files


def plot(figure: Figure, folder: Path, machine: str) -> Path:
    """Draw a figure as SVG: its rounds beside the other's, or what it was fitted to."""
    picture = Picture(figsize=(6, 4), layout="constrained")
    axes = picture.add_subplot()
    if figure.points:
        _growth(axes, figure)
    else:
        _rounds(axes, figure)
    axes.set_title(f"{figure.name}\n{figure.against}: {figure.ratio:.3g}  ({figure.target or '-'})")
    picture.text(0.99, 0.0, machine, ha="right", va="top", fontsize=6)
    path = folder / f"{re.sub(r'[^a-z0-9]+', '-', f'{figure.name} {figure.against}'.lower())}.svg"
    picture.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    return path


def _rounds(axes: Axes, figure: Figure) -> None:
    rounds = range(1, len(figure.ours) + 1)
    axes.bar([at - 0.2 for at in rounds], figure.ours, 0.4, label="ours")
    if figure.theirs:
        axes.bar([at + 0.2 for at in rounds], figure.theirs, 0.4, label="theirs")
    axes.set(xlabel="round", ylabel=figure.unit, xticks=list(rounds))
    axes.legend(loc="lower right")


def _growth(axes: Axes, figure: Figure) -> None:
    xs, ys = zip(*figure.points, strict=True)
    axes.loglog(xs, ys, "o")
    middle = math.prod(xs) ** (1 / len(xs)), math.prod(ys) ** (1 / len(ys))
    ends = min(xs), max(xs)
    axes.loglog(ends, [middle[1] * (x / middle[0]) ** figure.ratio for x in ends], "-")
    axes.set(xlabel="records", ylabel=figure.unit)
