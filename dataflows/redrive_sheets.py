"""Sheets of what is sent again by itself: one a ledger and try, beside the ledgers in OUT."""

from collections.abc import Collection, Iterator
from pathlib import Path

from connectors.desk import write_sheet
from connectors.desk.names import is_sheet_name, night_of, number_of, sheet_name, sheet_of
from connectors.ledger import (
    Closing,
    Manifest,
    closing,
    read_checkpoint,
    read_identity,
    read_manifest,
    sealed_ledgers,
)
from connectors.ledger.files import READ_ONLY, sha256_of
from connectors.records import KEY_DIGITS
from dataflows.sheets import refuse_unfinished

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
    """Return the sheets whose upload was begun and is not settled: a stop or a crash came between.

    Raises:
        RefusedError: A ledger is damaged.
    """
    return [path for path in _unsettled(out) if read_identity(ledger_of(path))]


def remove_unsent_sheets(out: Path) -> None:
    """Remove the sheets of which nothing was sent yet: what they hold may be out of date."""
    for path in _unsettled(out):
        if read_identity(ledger_of(path)) is None:
            path.unlink()


def would_redrive(out: Path) -> Iterator[str]:
    """Say what would be sent again, and change nothing.

    Raises:
        RefusedError: There is no ledger, one is damaged, or another sheet is not finished.
    """
    begun = unfinished_sheets(out)
    refuse_unfinished(out, [ledger_of(sheet).name for sheet in begun])
    for sheet in begun:
        settled = read_checkpoint(ledger_of(sheet))
        yield (
            f"{sheet.name} would be gone on with: {settled.settled if settled else 0:,} of its "
            "spots are settled"
        )
    going = {night_of_sheet(sheet) for sheet in begun}
    with closing(sealed_ledgers(out)) as index:
        fresh = index.open_letters(lambda one: night_of(one.folder.name) not in going)
        waiting = sum(one.redrivable for one in fresh)
    yield f"{waiting:,} {'others' if begun else 'spots'} can be sent again; nothing was sent"


def tried(out: Path, ledger: str) -> bool:
    """Tell whether the dead letters of a ledger were sent again before."""
    return any(night_of_sheet(sheet) == ledger for sheet in _sheets(out))


def any_open(out: Path, manifests: Collection[Manifest]) -> bool:
    """Tell whether dead letters of some ledgers are open, or those they were replaced by.

    Raises:
        RefusedError: A ledger is damaged.
    """
    names = {manifest.ledger for manifest in manifests}
    with closing(sealed_ledgers(out)) as index:
        mine = index.open_letters(lambda ledger: night_of(ledger.folder.name) in names)
        return any(True for _ in mine) or any(index.is_left_of(one.checksum) for one in manifests)


def write_redrive_sheets(
    out: Path, ledgers: Collection[str] | None = None, but: Collection[str] = ()
) -> list[Path]:
    """Write what can be sent again, a read-only sheet for each ledger; none where nothing can.

    Args:
        out: Folder of the ledgers.
        ledgers: Names of those whose dead letters are meant; None means all.
        but: Names of those that are not.

    Raises:
        RefusedError: There is no ledger, or one is damaged.
        OSError: A sheet cannot be written.
    """
    with closing(sealed_ledgers(out)) as index:
        able = {one.ledger.folder.name for one in index.open_letters() if one.redrivable}
        meant = able if ledgers is None else able.intersection(ledgers)
        return [_write(out, index, name) for name in sorted(meant.difference(but))]


def _write(out: Path, index: Closing, ledger: str) -> Path:
    night = night_of(ledger)
    tries = (number_of(sheet.name) for sheet in _sheets(out) if night_of_sheet(sheet) == night)
    path = out / sheet_name(night, 1 + max(tries, default=0))
    write_sheet(path, index, lambda one: one.folder.name == ledger, redrivable=True)
    path.chmod(READ_ONLY)
    return path


def _unsettled(out: Path) -> list[Path]:
    return [path for path in _sheets(out) if read_manifest(ledger_of(path)) is None]


def _sheets(out: Path) -> list[Path]:
    return sorted(path for path in out.glob("*.csv") if is_sheet_name(path.name))
