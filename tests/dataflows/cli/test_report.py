"""The handoff report of a night, as a file."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger.files import sha256_of

New = Callable[..., Any]
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def night(api: New, new_export: New, new_upload: New) -> Any:
    path = new_export(300)
    with path.open("a") as file:
        row = {"SpotID": EVIL, "StationCode": EVIL, "AirDateTime": EVIL, "Duration": EVIL}
        file.write(json.dumps(row) + "\n")
    upload = new_upload(api("--fault", "500=0.1"), path)
    assert upload("--max-attempts", "1", "--breaker-failures", "1000").code == 0
    return upload


def test_a_report_is_one_page_that_loads_nothing_and_tells_everything(
    night: Any, avstar: Any, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    words = ("report", night.out, "--html", page, "--rate", "600/60")
    done = avstar(*words, "--trace-url", "http://traces.example/t/{trace_id}?x=1")
    assert (done.code, done.err) == (0, "")
    text = page.read_text()
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert not re.search(r'(?:src|href)="(?!http://traces\.example/t/[0-9a-f]{32}\?x=1")', text)
    letters = night.rows("dead-letters")
    for letter in letters:
        if letter["request_id"]:
            assert f'href="http://traces.example/t/{letter["request_id"]}?x=1"' in text
    assert f"{len(letters)} spots need the traffic desk." in text
    assert "Ledgers verified." in text
    assert sha256_of(night.ledger() / "manifest.json") in text
    for station in {row["station"] for row in night.rows("receipts")}:
        assert f'<th scope="row">{station}</th>' in text


def test_what_stands_in_names_is_text_and_no_markup(
    night: Any, avstar: Any, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    assert avstar("report", night.out, "--html", page).code == 0
    text = page.read_text()
    assert EVIL not in text
    assert text.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_ledger_that_does_not_verify_says_so(night: Any, avstar: Any, tmp_path: Path) -> None:
    receipts = night.ledger() / "receipts.ndjson"
    receipts.chmod(0o644)
    receipts.write_bytes(b"".join(receipts.read_bytes().splitlines(keepends=True)[1:]))
    assert avstar("report", night.out, "--html", tmp_path / "report.html").code == 0
    text = (tmp_path / "report.html").read_text()
    assert "Ledgers NOT verified." in text
    assert "is not the file that was sealed" in text


def test_a_night_that_was_closed_has_nothing_open(
    api: New, new_export: New, new_upload: New, avstar: Any, tmp_path: Path
) -> None:
    upload = new_upload(api("--fault", "500=0.2"), new_export(100, bad=0))
    assert upload("--max-attempts", "1", "--breaker-failures", "1000").code == 0
    upload.api.faults({})
    address = ("--api-url", upload.api.url, "--rate", "10000/0.1")
    assert avstar("dlq", "redrive", upload.out, *address).code == 0
    for path in (upload.out, upload.ledger()):
        assert avstar("report", path, "--html", tmp_path / "report.html").code == 0
        text = (tmp_path / "report.html").read_text()
        assert "Nothing is open." in text
        assert "<b>100</b> records" in text


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--html", "no/where.html"), "is not a directory; create it first"),
        (("--html", "r.html", "--trace-url", "javascript:alert(1)"), "must be http(s) and hold"),
        (("--html", "r.html", "--trace-url", "http://x/"), "must be http(s) and hold {trace_id}"),
    ],
)
def test_what_cannot_be_written_or_linked_is_refused(
    night: Any, avstar: Any, words: tuple[str, ...], complaint: str
) -> None:
    assert complaint in avstar("report", night.out, *words).refusal


def test_a_broken_chain_is_no_verified_night(night: Any, avstar: Any, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    with (night.out / ".chain").open("ab") as file:
        file.write(b"garbage\n")
    assert avstar("report", night.out, "--html", page).code == 0
    assert "Ledgers NOT verified." in page.read_text()
    assert ".chain:2: is no line that a seal wrote" in page.read_text()


def test_the_report_of_one_ledger_tells_what_is_open_of_it_in_what_was_sent_again(
    night: Any, avstar: Any, tmp_path: Path
) -> None:
    night.api.faults({"500": 1})
    failing = {"AVSTAR_MAX_ATTEMPTS": "1", "AVSTAR_BREAKER_FAILURES": "1000"}
    words = ("dlq", "redrive", night.out, "--api-url", night.api.url)
    assert avstar(*words, **failing).code == 3
    page = tmp_path / "report.html"
    assert avstar("report", night.ledger(), "--html", page).code == 0
    count = len(night.rows("dead-letters"))
    assert f"{count} spots need the traffic desk." in page.read_text()
