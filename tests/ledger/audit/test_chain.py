from pathlib import Path
from shutil import rmtree

import pytest

from connectors.ledger.audit.chain import check_chain
from tests.ledger.ledgers import Ledgers
from tests.ledger.test_closing import letter


@pytest.fixture
def ledgers(tmp_path: Path) -> Ledgers:
    ledgers = Ledgers(tmp_path)
    for name in ("one", "two", "three"):
        ledgers.seal(name, letter(0))
    return ledgers


def test_a_whole_chain_has_no_findings(ledgers: Ledgers) -> None:
    assert not check_chain(ledgers.folder)
    assert not check_chain(Path("/nonexistent"))


def test_a_ledger_that_was_removed_shows(ledgers: Ledgers) -> None:
    second = ledgers.ledgers()[1].folder
    rmtree(second)
    [finding] = check_chain(ledgers.folder)
    assert finding.startswith(f"{second}/manifest.json: is gone or was replaced")


def test_a_manifest_that_was_replaced_shows_where_it_stood(ledgers: Ledgers) -> None:
    path = ledgers.ledgers()[1].folder / "manifest.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\n")
    found = list(check_chain(ledgers.folder))
    assert any("is gone or was replaced" in finding for finding in found)
    assert any("is no part of .chain" in finding for finding in found)


def test_a_line_that_no_seal_wrote_shows(ledgers: Ledgers) -> None:
    with (ledgers.folder / ".chain").open("ab") as file:
        file.write(b"x\n")
    [finding] = check_chain(ledgers.folder)
    assert ".chain:4: is no line that a seal wrote [chain]" in finding
