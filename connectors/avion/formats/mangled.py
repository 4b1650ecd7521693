"""What spreadsheets make of a CSV when they save it, found in its header."""

from collections.abc import Sequence

from connectors.errors import RefusedError
from connectors.records import COLUMNS
from connectors.sheet import ADDED, SEALED

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_CURLY = "“”„‟«»"


def refuse_mangled(header: bytes) -> None:
    """Refuse a header that has the columns, but not as a CSV has them.

    Raises:
        RefusedError: It is separated by something else, or its quotes are typographic.
    """
    text = header.decode()
    for separator, name in _SEPARATORS.items():
        if _names(text, separator):
            raise RefusedError(
                f"its cells are separated by {name}; save it as CSV with commas (LibreOffice: Save "
                "As, Edit filter settings; Excel: 'CSV UTF-8' where the system's list "
                "separator is a comma)"
            )
    if any(quote in text for quote in _CURLY) and _names(text, ","):
        raise RefusedError(
            'its quotes are typographic (“ ”), and CSV knows only straight ones ("); turn the '
            "correction of quotes off and save it again, from the file as it was"
        )


def refuse_part_of_sheet(columns: Sequence[str]) -> None:
    """Refuse a sheet of the traffic desk that lost some of its columns, but not all.

    Raises:
        RefusedError: They are named.
    """
    lost = [name for name in SEALED if name not in columns]
    if lost and not set(ADDED).isdisjoint(columns):
        raise RefusedError(
            f"the CSV header lacks {', '.join(lost)}, by which rows are known again; put the "
            "columns back as `avstar dlq csv` wrote them"
        )


def _names(text: str, separator: str) -> bool:
    cells = {cell.strip(f' \r\n"{_CURLY}') for cell in text.split(separator)}
    return cells.issuperset(COLUMNS)
