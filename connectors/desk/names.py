"""Names of sheets that are sent again by themselves, and of the ledgers about them."""

import re

from connectors.records import KEY_DIGITS

_SHEET = re.compile(r"(?P<night>.+)\.redrive-(?P<number>\d+)\.csv")
_KEY = re.compile(rf"\.[0-9a-f]{{{KEY_DIGITS}}}$")


def sheet_name(night: str, number: int) -> str:
    """Name the sheet of a night's ledger, and of the try."""
    return f"{night}.redrive-{number}.csv"


def is_sheet_name(name: str) -> bool:
    """Tell whether a file is named like a sheet that is sent again by itself."""
    return _SHEET.fullmatch(name) is not None


def sheet_of(ledger: str) -> str:
    """Return the name of the export that a ledger is about."""
    return _KEY.sub("", ledger)


def night_of(ledger: str) -> str:
    """Return the ledger of the night that another belongs to: of what was sent again, the first."""
    found = _SHEET.fullmatch(sheet_of(ledger))
    return found["night"] if found else ledger


def number_of(sheet: str) -> int:
    """Return the number of the try, 0 of what is none."""
    found = _SHEET.fullmatch(sheet)
    return int(found["number"]) if found else 0
