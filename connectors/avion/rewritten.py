"""Does a spreadsheet's cell hold a text that it took for a number, a date or a formula?"""

import re
from decimal import Decimal, InvalidOperation

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART = re.compile(rf"[0-9]{{1,18}}|{'|'.join(_MONTHS)}")
_DATE = re.compile(r"[0-9]+[-/.:][0-9]|(?:" + "|".join(_MONTHS) + ")")
_YEARS = range(1900, 2100)

_ORNAMENT = re.compile(r"[\s,$€£¥%+]")
"""What stands around the digits of a number, or between them, and a spreadsheet leaves out."""

_FORMULA = frozenset("=+-@")

_SURE_DIGITS = 15
"""Digits of a number that spreadsheets keep."""


def is_rewritten(cell: str, was: str) -> bool:
    """Tell whether a cell is a text as a spreadsheet saves it that took it for a value."""
    if not was or cell == was:
        return False
    return (
        (cell.startswith("#") and not was.startswith("#"))  # #NAME?, and a column too narrow
        or _is_result(cell, was)
        or _is_number(cell, was)
        or _is_cut(cell, was)
        or _is_date(cell, was)
    )


def _is_result(cell: str, was: str) -> bool:
    return was[0] in _FORMULA and cell[:1] not in _FORMULA and _number(cell) is not None


def _is_number(cell: str, was: str) -> bool:
    one, other = _number(cell), _number(was)
    return one is not None and one == other


def _is_cut(cell: str, was: str) -> bool:
    long = was.isdecimal() and len(cell) == len(was) > _SURE_DIGITS
    return long and cell == was[:_SURE_DIGITS].ljust(len(was), "0")


def _is_date(cell: str, was: str) -> bool:
    """Compare days, months and years in any order; the year of today may have come with them."""
    if not (_DATE.search(cell.lower()) and _DATE.search(was.lower())):
        return False
    added, lost = _parts(cell), []
    for part in _parts(was):
        if part in added:
            added.remove(part)
        else:
            lost.append(part)
    return not lost and all(part in _YEARS for part in added)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(_ORNAMENT.sub("", text))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _parts(text: str) -> list[int]:
    """Return the numbers in a text but for noughts, which times gain; months are numbers, too."""
    found = _PART.findall(text.lower())
    numbers = [1 + _MONTHS.index(one) if one in _MONTHS else int(one) for one in found]
    return [number for number in numbers if number]
