"""The reconciliation sheet through LibreOffice Calc and back."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.records import COLUMNS

OFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(not OFFICE, reason="LibreOffice Calc is not installed")

New = Callable[..., Any]
READ = "CSV:44,34,76,1,,1033,false,true"
"""Commas, double quotes, UTF-8; numbers and dates are detected, as in its dialog by default."""

SAVE = "csv:Text - txt - csv (StarCalc):44,34,76,1"

HARD = [
    {"SpotID": "00123", "ClientName": '=HYPERLINK("http://evil.example")'},
    {"SpotID": "MAR1", "ClientName": "+49 30 1234"},
    {"SpotID": "1E5", "ClientName": "a\nb"},
    {"SpotID": "12345678901234567890", "ClientName": "-2+3"},
    {"SpotID": "1-2", "ClientName": 'Joe "The Plumber", Müller'},
    {"SpotID": "'quoted", "ClientName": "@SUM(A1)"},
    {"SpotID": "5:30", "ClientName": "東京堂書店"},
    {"SpotID": "TRUE", "ClientName": "Пекарня «Колос»"},
]


def through_calc(path: Path) -> Path:
    """Open a sheet and save it under its name in a folder beside it."""
    out = path.parent / "saved"
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    words = [OFFICE, profile, "--headless", f"--infilter={READ}", "--convert-to", SAVE]
    subprocess.run([*words, "--outdir", out, path], check=True, capture_output=True, timeout=120)
    return out / path.name


def test_a_sheet_that_calc_saved_is_as_it_was(
    api: New, tmp_path: Path, new_upload: New, avstar: Any
) -> None:
    path = tmp_path / "hard.ndjson"
    same = {"StationCode": "KABC", "Duration": 30}
    rows = [
        {**row, **same, "AirDateTime": f"2026-11-24T05:30:{number:02}"}
        for number, row in enumerate(HARD)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    upload = new_upload(api("--fault", "lost=1"), path)
    failing = ("--max-attempts", "1", "--breaker-failures", "1000")
    assert upload(*failing, "--timezone", "America/New_York").code == 0
    assert len(upload.api.spots()) == len(HARD)  # they arrived, and no answer came
    upload.api.faults({})

    mend = tmp_path / "mend.csv"
    assert avstar("dlq", "csv", upload.out, "--csv", mend).code == 0
    saved = through_calc(mend)
    assert saved.read_bytes() != mend.read_bytes()
    with saved.open(encoding="utf-8", newline="") as file:
        assert set(COLUMNS) <= set(next(csv.reader(file)))
    again = new_upload(upload.api, saved)
    done = again()
    assert (done.code, done.complaint) == (0, "")
    assert {row["outcome"] for row in again.rows("receipts")} == {"duplicate"}
    assert len(again.rows("receipts")) == len(upload.api.spots()) == len(HARD)
    assert ", 0 open" in avstar("verify", upload.out, path, saved).out
