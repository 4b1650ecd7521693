"""Avion traffic exports: what a file is, a resumable source of its records, and their schema."""

from connectors.avion.airings import airings
from connectors.avion.beginnings import begins_with, is_beginning_of
from connectors.avion.difference import Difference, Former, difference
from connectors.avion.operators import ValidateOut, validate
from connectors.avion.reader import read_lines
from connectors.avion.schema import TrafficRecord
from connectors.avion.source import AvionSource
from connectors.avion.survey import survey
from connectors.avion.told import Told, read_told

__all__ = [
    "AvionSource",
    "Difference",
    "Former",
    "Told",
    "TrafficRecord",
    "ValidateOut",
    "airings",
    "begins_with",
    "difference",
    "is_beginning_of",
    "read_lines",
    "read_told",
    "survey",
    "validate",
]
