import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.avion import survey
from dataflows.cli.app import main
from dataflows.cli.generate import write
from dataflows.generate import Sample

ROOT = Path(__file__).parents[3]
RECORDS = 400


class Result(NamedTuple):
    code: object
    out: str
    err: str


Avstar = Callable[..., Result]


def run(*arguments: object, **environment: str) -> None:
    """Let the real command write the ledgers; what it writes is what must be verified."""
    command = [sys.executable, "-m", "dataflows.cli", "run", *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AVSTAR_")}
    subprocess.run(command, cwd=ROOT, env=kept | environment, check=True, capture_output=True)


@pytest.fixture
def avstar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Avstar:
    def verify(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["avstar", "verify", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return Result(left.value.code or 0, *capsys.readouterr())

    return verify


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two exports and, in `out`, their ledgers; only to be read."""
    folder = tmp_path_factory.mktemp("validated")
    exports = [folder / "avion.ndjson", folder / "avion.csv"]
    for path in exports:
        write(path, Sample(RECORDS, bad=0.1, format="csv" if path.suffix == ".csv" else "ndjson"))
    with exports[0].open("ab") as file:
        file.write(b'{"ClientName": "%b"}\r\n\r\n' % (b"x" * 2_000_000))
    run(*exports, "--validate-only", "--stations", "KABC,WXYZ", "--out", folder / "out")
    return folder


@pytest.fixture
def folder(validated: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    copy: Path = shutil.copytree(validated, tmp_path / "copy")
    for path in copy.glob("out/*/*"):
        path.chmod(0o644)
    return copy


def assert_refused(result: Result, words: str) -> None:
    assert result.code == 2
    assert words in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(("name", "records"), [("avion.ndjson", 401), ("avion.csv", 400)])
def test_each_record_of_a_validated_export_is_accounted_for(
    avstar: Avstar, validated: Path, name: str, records: int
) -> None:
    ledger = validated / "out" / survey(validated / name).key
    sound = f"{ledger}: verified: {records} records, all accounted for\n"
    assert avstar(ledger, validated / name) == (0, sound, "")
    assert avstar(validated / "out", validated / name) == (0, sound, "")


def test_all_ledgers_of_a_folder_are_verified_and_the_exports_said_to_be_left_out(
    avstar: Avstar, validated: Path
) -> None:
    result = avstar(validated / "out")
    assert result.code == 0
    assert len(result.out.splitlines()) == 2
    assert all("the export was not compared" in line for line in result.out.splitlines())


def test_each_record_of_an_uploaded_export_is_accounted_for(
    avstar: Avstar, tmp_path: Path, sandbox_process: Callable[..., Any]
) -> None:
    server = sandbox_process("--rate", "5000/1")
    export, out = tmp_path / "avion.csv", tmp_path / "out"
    write(export, Sample(60, format="csv"))
    options = ("--out", out, "--api-url", server.url, "--rate", "2000/1")
    run(export, *options, AVSTAR_TOKEN=server.token)
    result = avstar(out, export)
    assert result.code == 0, result.out
    assert result.out.endswith(": verified: 60 records, all accounted for\n")
    receipts = next(out.glob("*/receipts.ndjson"))
    receipts.chmod(0o644)
    receipts.write_bytes(b"".join(receipts.read_bytes().splitlines(keepends=True)[1:]))
    spoilt = avstar(out, export)
    assert spoilt.code == 1
    assert spoilt.out.endswith("NOT verified, findings: digest 1, count 2, missing 1\n")


def test_findings_stand_one_a_line_with_file_and_line_and_exit_with_1(
    avstar: Avstar, folder: Path
) -> None:
    export = folder / "avion.csv"
    ledger = folder / "out" / survey(export).key
    letters = ledger / "dead-letters.ndjson"
    letters.write_bytes(letters.read_bytes().replace(b'"offset":', b'"offset":1', 1))
    result = avstar(folder / "out", export)
    assert result.code == 1
    assert f"{letters}:1: no record of {export} begins at offset 1" in result.out
    *_, summary = result.out.splitlines()
    assert summary == f"{ledger}: NOT verified, findings: digest 1, missing 1, stray 1"


def test_one_bad_ledger_among_good_ones_exits_with_1(avstar: Avstar, folder: Path) -> None:
    (next(folder.glob("out/avion.csv.*")) / "manifest.json").unlink()
    result = avstar(folder / "out")
    assert result.code == 1
    assert "the ledger is not sealed; start the same run again to finish it" in result.out
    assert "avion.ndjson" in result.out


def test_a_limit_for_lines_other_than_the_run_s_can_be_given(
    avstar: Avstar, validated: Path
) -> None:
    result = avstar(validated / "out", validated / "avion.ndjson", "--line-limit", 3_000_000)
    assert result.code == 1
    assert "[raw]" in result.out


def test_what_is_no_ledger_is_refused_in_one_line(
    avstar: Avstar, tmp_path: Path, validated: Path
) -> None:
    assert_refused(avstar(tmp_path / "nowhere"), "nowhere is not a directory")
    assert_refused(avstar(tmp_path), "holds no ledger; name a ledger or the --out folder")
    assert_refused(avstar(validated / "out", tmp_path / "x.csv"), "x.csv cannot be read")
    write(tmp_path / "other.csv", Sample(5, format="csv"))
    assert_refused(
        avstar(validated / "out", tmp_path / "other.csv"),
        f"holds no ledger of {tmp_path}/other.csv: expected other.csv.",
    )


def test_a_file_of_the_ledger_that_cannot_be_read_is_refused(avstar: Avstar, folder: Path) -> None:
    path = next(folder.glob("out/avion.csv.*")) / "receipts.ndjson"
    path.unlink()
    path.mkdir()
    assert_refused(avstar(folder / "out"), f"{path} cannot be read: Is a directory")


FORGETFUL = """
from connectors.avion.formats.ndjson import Ndjson

cut = Ndjson.cut

def forget(self, data, *, last, limit):
    pieces, rest = cut(self, data, last=last, limit=limit)
    return [b" " * len(piece) if b"Forgotten" in piece else piece for piece in pieces], rest

Ndjson.cut = forget
"""
"""What Python runs before the command: a reader that takes some records for blank lines."""


def test_a_reader_that_loses_a_record_is_found_out(avstar: Avstar, tmp_path: Path) -> None:
    """Survey, run and manifest are of one mind; the audit has a reader of its own."""
    export = tmp_path / "avion.ndjson"
    write(export, Sample(20, bad=0))
    rows = export.read_bytes().splitlines(keepends=True)
    rows[6] = re.sub(rb'"ClientName": *"[^"]*"', b'"ClientName":"Forgotten"', rows[6])
    export.write_bytes(b"".join(rows))
    (tmp_path / "sitecustomize.py").write_text(FORGETFUL)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    run(export, "--validate-only", "--out", tmp_path / "out", PYTHONPATH=path)
    result = avstar(tmp_path / "out", export)
    assert result.code == 1
    assert "`total_records` is 19, found 20" in result.out
