"""`make bench` as a whole, with parts so quick that their figures mean nothing."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def bench(out, *words):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(out), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_parts_leave_a_table_their_figures_and_a_picture_of_each(tmp_path):
    done = bench(tmp_path, "validation", "formats", "survey")
    assert done.returncode == 0, done.stderr
    rows = [
        row
        for name in ("validation", "formats", "survey")
        for row in json.loads((tmp_path / f"{name}.json").read_text())
    ]
    assert len(rows) == 10
    assert len(list(tmp_path.glob("*.svg"))) == len(rows)
    about = json.loads((tmp_path / "machine.json").read_text())
    assert about["python"] == sys.version.split()[0]
    for words in ("csv.DictReader", "≥ 2.2", "sha256sum", about["processor"]):
        assert words in done.stdout


def test_an_unknown_part_is_an_error_that_names_all(tmp_path):
    done = bench(tmp_path, "vallidation")
    assert done.returncode == 2
    assert "no part vallidation; there are validation, formats" in done.stderr


def test_every_part_is_a_script_that_explains_itself():
    from benchmarks.__main__ import FOLDER, PARTS  # noqa: PLC0415 - a command, imported as one

    for name in PARTS:
        command = [sys.executable, str(FOLDER / f"{name}.py"), "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "--json" in done.stdout, done.stderr
