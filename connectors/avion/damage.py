"""What a spreadsheet did to a cell that nobody meant to change: one pure function a kind."""

import re
from collections.abc import Callable, Mapping
from unicodedata import normalize

from connectors.avion.rewritten import is_rewritten
from connectors.cells import is_same, restored
from connectors.records import COLUMNS
from connectors.sheet import Past

_DOUBLE = dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
_SINGLE = dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
_STRAIGHT = str.maketrans(_DOUBLE | _SINGLE)
"""Typographic quotes to straight ones."""
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\dT")
_ROUNDED = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
_AIRTIME = "AirDateTime"
_VALUES = {_AIRTIME, "Duration"}
"""What is a value indeed: written plainly, as 1,800 is 1800, it is corrected and not damaged."""


def damage(cells: Mapping[str, str], past: Past | None) -> str | None:
    """Say what a spreadsheet did to a row and how to mend it, None for a sound one.

    What is only wrong, by hand or from the beginning, is no damage: the schema says so.
    """
    before = (past and past.fields()) or [None] * len(COLUMNS)
    for name, was in zip(COLUMNS, before, strict=True):
        cell = restored(cells[name])
        if was is not None and is_same(cells[name], was):
            continue
        for found in _KINDS:
            if words := found(name, cell, was or ""):
                return f"{name} is {cell!r}{_before(was)}: {words}"
    return None


def _before(was: str | None) -> str:
    return "" if was is None else f" and was {was!r}"


def _date(name: str, cell: str, _was: str) -> str | None:
    if name != _AIRTIME or not cell or _ISO_DAY.match(cell):
        return None
    return (
        "a date in the form of a spreadsheet; write it as 2026-11-24T05:30:00-05:00, in a column "
        "that is formatted as text"
    )


def _zeros(_name: str, cell: str, was: str) -> str | None:
    if not (cell.isdecimal() and was.isdecimal() and cell == (was.lstrip("0") or "0")):
        return None
    return "it lost its leading zeros; put them back, in a column that is formatted as text"


def _rewritten(name: str, cell: str, was: str) -> str | None:
    rounded = _ROUNDED.fullmatch(cell) and any(map(str.isdigit, was))
    if not rounded and (name in _VALUES or not is_rewritten(cell, was)):
        return None
    return (
        "it was taken for a number, a date or a formula; put the text back, in a column that is "
        "formatted as text"
    )


def _quotes(_name: str, cell: str, was: str) -> str | None:
    if was and cell.translate(_STRAIGHT) == f'"{was}"':
        return "typographic quotes stand around it; remove them"
    if was and cell.translate(_STRAIGHT) == was.translate(_STRAIGHT):
        return "its quotes became others; put the old text back, and turn their correction off"
    if was and cell != was and _plain(cell) == _plain(was):
        return "its characters became others; put the old text back, and turn correction off"
    return None


def _plain(text: str) -> str:
    """Return a text without what spreadsheets correct by themselves: dashes, dots, blanks."""
    return normalize("NFKC", text).translate(_DASHES)


def _characters(_name: str, cell: str, was: str) -> str | None:
    if "\N{REPLACEMENT CHARACTER}" in cell and "\N{REPLACEMENT CHARACTER}" not in was:
        return _ENCODING
    lost = len(cell) == len(was) and all(
        one == other or (one == "?" and not other.isascii())
        for one, other in zip(cell, was, strict=True)
    )
    return _ENCODING if was and (lost or cell in _misread(was)) else None


def _misread(text: str) -> set[str]:
    """Return what others make of a text in UTF-8 that take it for their own old encoding."""
    data = text.encode()
    found = {data.decode(one, errors="replace") for one in _ENCODINGS}
    windows = "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in data)
    return (found | {windows}) - {text}


_ENCODINGS = ("cp1252", "latin-1", "mac_roman", "cp1251", "cp1250", "cp850", "cp437", "cp932")

_ENCODING = "its letters got lost; open the CSV as UTF-8 and save it as UTF-8 ('CSV UTF-8')"

_KINDS: tuple[Callable[[str, str, str], str | None], ...] = (
    _date,
    _zeros,
    _rewritten,
    _quotes,
    _characters,
)
