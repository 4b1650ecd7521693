"""Text in the cells of a spreadsheet: what it would run or rewrite is marked, so that it stays."""

import re

MARK = "'"
"""What a spreadsheet's user writes before text that is to stay text."""

_NUL, _NUL_SHOWN = "\0", "\N{SYMBOL FOR NULL}"
_RUN = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
"""How a cell begins that some spreadsheet runs as a formula; the wide forms do in some locales."""

_INTEGER = re.compile(r"0|[1-9][0-9]{0,9}")
"""Numbers that every spreadsheet shows and saves as they are."""

_VALUE = re.compile(
    r"[\s$€£¥(]*[0-9.,][0-9.,:/\s%)T-]*(?:e[+-]?[0-9]+)?\s*(?:[ap]m?)?\s*"
    r"|[0-9\s.,/-]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[0-9\s.,/:-]*"
    r"|\s*(?:true|false)\s*",
    re.IGNORECASE,
)
"""What a spreadsheet may take for a number, date, time or truth value and save in another form."""

_AIRTIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")
"""Air times with an offset, which no spreadsheet takes for a date."""


def written(text: str) -> str:
    """Write a text so that a spreadsheet shows it and saves it as it is."""
    shown = text.replace(_NUL, _NUL_SHOWN)  # which no CSV can hold
    return MARK + shown if _is_touched(shown) else shown


def restored(cell: str) -> str:
    """Take the mark off again. Of a text without NUL, `restored(written(text))` is the text."""
    return cell[1:] if cell.startswith(MARK) and _is_touched(cell[1:]) else cell


def is_same(cell: str, text: str) -> bool:
    """Tell whether a cell holds a text still: with or without mark, whatever its line ends are."""
    return cell == text or _lines(cell) in {_lines(written(text)), _lines(text)}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_touched(text: str) -> bool:
    first = text.lstrip(" \N{NO-BREAK SPACE}")[:1]
    if first in _RUN or text.startswith(MARK):
        return True
    sure = not text or _INTEGER.fullmatch(text) or _AIRTIME.fullmatch(text)
    return not sure and _VALUE.fullmatch(text) is not None
