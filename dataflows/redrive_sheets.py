"""Sheets of what is sent again by itself: one a ledger and try, beside the ledgers in OUT."""

from collections.abc import Collection
from pathlib import Path

from connectors.desk import write_sheet
from connectors.desk.names import is_sheet_name, night_of, number_of, sheet_name, sheet_of
from connectors.ledger import Closing, closing, read_identity, read_manifest, sealed_ledgers
from connectors.ledger.files import sha256_of
from connectors.records import KEY_DIGITS

LINE_LIMIT = 1 << 26
"""A row of a sheet holds its record twice, so it may be longer than that."""


def redriven(folder: Path) -> Path | None:
    """Return the sheet that a ledger is about, if it was sent again by itself."""
    sheet = folder.with_name(sheet_of(folder.name))
    return sheet if is_sheet_name(sheet.name) and sheet.is_file() else None


def night_of_sheet(sheet: Path) -> str:
    """Return the name of the ledger whose dead letters a sheet was made of at first."""
    return night_of(f"{sheet.name}.{'0' * KEY_DIGITS}")


def ledger_of(sheet: Path) -> Path:
    """Return the folder of the ledger of a sheet."""
    return sheet.with_name(f"{sheet.name}.{sha256_of(sheet)[:KEY_DIGITS]}")


def unfinished_sheets(out: Path) -> list[Path]:
    """Return the sheets whose upload is not settled: a stop or a crash came between.

    One of which nothing was sent yet is removed: what it holds may be out of date.
    """
    unsettled = [path for path in _sheets(out) if read_manifest(ledger_of(path)) is None]
    for path in unsettled:
        if read_identity(ledger_of(path)) is None:
            path.unlink()
    return [path for path in unsettled if path.exists()]


def tried(out: Path, ledger: str) -> bool:
    """Tell whether the dead letters of a ledger were sent again before."""
    return any(night_of_sheet(sheet) == ledger for sheet in _sheets(out))


def any_open(out: Path, ledgers: Collection[str]) -> bool:
    """Tell whether dead letters of some ledgers are open, counting what was sent again since.

    Raises:
        RefusedError: A ledger is damaged.
    """
    with closing(sealed_ledgers(out)) as index:
        return any(night_of(one.ledger.folder.name) in ledgers for one in index.open_letters())


def write_redrive_sheets(out: Path, ledgers: Collection[str] | None = None) -> list[Path]:
    """Write what can be sent again, a sheet for each ledger; none where there is nothing.

    Args:
        out: Folder of the ledgers.
        ledgers: Names of those whose dead letters are meant; None means all.

    Raises:
        RefusedError: There is no ledger, or one is damaged.
        OSError: A sheet cannot be written.
    """
    with closing(sealed_ledgers(out)) as index:
        able = {one.ledger.folder.name for one in index.open_letters() if one.redrivable}
        meant = sorted(able if ledgers is None else able.intersection(ledgers))
        return [_write(out, index, name) for name in meant]


def _write(out: Path, index: Closing, ledger: str) -> Path:
    night = night_of(ledger)
    tries = (number_of(sheet.name) for sheet in _sheets(out) if night_of_sheet(sheet) == night)
    path = out / sheet_name(night, 1 + max(tries, default=0))
    write_sheet(path, index, lambda one: one.redrivable and one.ledger.folder.name == ledger)
    return path


def _sheets(out: Path) -> list[Path]:
    return sorted(path for path in out.glob("*.csv") if is_sheet_name(path.name))
