from pathlib import Path

import pytest

from connectors.avion import survey
from connectors.errors import RefusedError
from connectors.ledger import identity_of
from connectors.records import Ancestor
from dataflows.redrive_sheets import (
    any_open,
    ledger_of,
    night_of_sheet,
    redriven,
    remove_unsent_sheets,
    tried,
    unfinished_sheets,
    would_redrive,
    write_redrive_sheets,
)
from tests.desk.letters import letter, night, receipt
from tests.ledger.ledgers import Ledgers


@pytest.fixture
def ledgers(tmp_path: Path) -> Ledgers:
    return night(tmp_path, letter(0, "circuit_open"), letter(1), letter(2, "retries_exhausted"))


def begin(sheet: Path) -> None:
    """Do as a run does that begins with a sheet."""
    identity = identity_of(survey(sheet), api_url="http://a", line_limit=1 << 26, stations=None)
    identity.write(ledger_of(sheet))


def test_a_sheet_holds_what_can_be_sent_again_and_is_read_only(ledgers: Ledgers) -> None:
    [sheet] = write_redrive_sheets(ledgers.folder)
    [sealed] = ledgers.ledgers()
    assert sheet.name == f"{sealed.folder.name}.redrive-1.csv"
    assert survey(sheet).records == 2
    assert sheet.stat().st_mode & 0o222 == 0
    assert night_of_sheet(sheet) == sealed.folder.name
    assert tried(ledgers.folder, sealed.folder.name)
    assert redriven(ledger_of(sheet)) == sheet
    assert redriven(sealed.folder) is None


def test_each_ledger_has_a_sheet_of_its_own_unless_it_is_not_meant(ledgers: Ledgers) -> None:
    ledgers.seal("next", letter(0, "circuit_open"))
    ledgers.seal("sound", letter(0))
    names = sorted(one.folder.name for one in ledgers.ledgers())
    sheets = write_redrive_sheets(ledgers.folder, but=names[:1])
    assert [night_of_sheet(sheet) for sheet in sheets] == names[1:2]
    assert [survey(sheet).records for sheet in sheets] == [1]
    assert write_redrive_sheets(ledgers.folder, []) == []
    [again] = write_redrive_sheets(ledgers.folder, names[1:])
    assert again.name.endswith(".redrive-2.csv")


def test_a_sheet_that_was_begun_is_gone_on_with_and_another_is_made_anew(
    ledgers: Ledgers,
) -> None:
    [sheet] = write_redrive_sheets(ledgers.folder)
    assert unfinished_sheets(ledgers.folder) == []
    begin(sheet)
    assert unfinished_sheets(ledgers.folder) == [sheet]
    remove_unsent_sheets(ledgers.folder)
    assert sheet.exists()
    (ledger_of(sheet) / ".export").unlink()
    remove_unsent_sheets(ledgers.folder)
    assert not sheet.exists()


def test_what_would_be_sent_is_said_and_nothing_is_changed(ledgers: Ledgers) -> None:
    def files() -> set[Path]:
        return set(ledgers.folder.rglob("*"))

    assert list(would_redrive(ledgers.folder)) == ["2 spots can be sent again; nothing was sent"]
    [sheet] = write_redrive_sheets(ledgers.folder)
    before = files()
    assert list(would_redrive(ledgers.folder)) == ["2 spots can be sent again; nothing was sent"]
    assert files() == before
    begin(sheet)
    ledgers.seal("next", letter(0, "circuit_open"))
    assert list(would_redrive(ledgers.folder)) == [
        f"{sheet.name} would be gone on with: 0 of its spots are settled",
        "1 others can be sent again; nothing was sent",
    ]


def test_nothing_would_be_sent_while_a_sheet_of_the_desk_is_half_sent(
    ledgers: Ledgers, tmp_path: Path
) -> None:
    [sheet] = write_redrive_sheets(ledgers.folder)
    mend = sheet.rename(tmp_path / "mend.csv")
    begin(mend)
    with pytest.raises(RefusedError, match=r"upload of the sheet mend\.csv is not finished"):
        list(would_redrive(ledgers.folder))


def test_what_was_replaced_by_what_is_open_is_open(ledgers: Ledgers) -> None:
    [day] = [one.manifest for one in ledgers.ledgers()]
    origins = [Ancestor(day.checksum, offset + 1, offset, None) for offset in range(3)]
    right = [receipt(10 + i, ancestor=one) for i, one in enumerate(origins[:2])]
    wrong = letter(7)._replace(ancestor=origins[2])
    mend = ledgers.seal("mend.csv", *right, wrong, ancestors=[day.checksum])
    manifests = [one.manifest for one in ledgers.ledgers()]
    assert any_open(ledgers.folder, [day])
    assert any_open(ledgers.folder, manifests[1:])
    last = receipt(20, ancestor=Ancestor(mend, 8, 7, None))
    ledgers.seal("last.csv", last, ancestors=[mend])
    assert not any_open(ledgers.folder, [day])
    assert not any_open(ledgers.folder, manifests)
