from pathlib import Path

from connectors.ledger.folders import ledger_folders
from tests.ledger.ledgers import Ledgers
from tests.ledger.test_closing import letter


def test_ledgers_are_known_by_their_names_or_by_a_manifest_of_ours(tmp_path: Path) -> None:
    Ledgers(tmp_path).seal("day", letter(0))
    [sealed] = Ledgers(tmp_path).ledgers()
    renamed = sealed.folder.rename(tmp_path / "renamed")
    begun = tmp_path / "next.ndjson.0123456789ab"
    begun.mkdir()
    for name, content in (("other", b"{}"), ("broken", b"{"), (".state", b"")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_bytes(content)
    (tmp_path / "file.ndjson.0123456789ab").write_bytes(b"")
    assert list(ledger_folders(tmp_path)) == [begun, renamed]
