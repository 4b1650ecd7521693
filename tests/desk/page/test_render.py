import re
from pathlib import Path

from connectors.desk.page import render
from connectors.desk.report import gather
from tests.desk.letters import letter, night, receipt, record
from tests.ledger.ledgers import Ledgers

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def page_of(ledgers: Ledgers, trace_url: str = "") -> str:
    found = ledgers.ledgers()
    return render(gather(found, found, per_second=10, trace_url=trace_url))


def test_nothing_is_loaded_and_no_script_runs_but_ours(tmp_path: Path) -> None:
    page = page_of(night(tmp_path, letter(0), receipt(1)))
    assert re.search(r"default-src (&#39;|')none", page)
    assert page.count("<script>") == 1
    assert not re.search(r'(src|href)="', page)


def test_markup_in_fields_is_text(tmp_path: Path) -> None:
    raw = record(SpotID=EVIL, StationCode=EVIL, AirDateTime=EVIL)
    page = page_of(night(tmp_path, letter(0, raw=raw, detail=EVIL)), "http://traces/{trace_id}")
    assert EVIL not in page
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_night_without_deliveries_and_letters_says_so(tmp_path: Path) -> None:
    page = page_of(night(tmp_path))
    for words in (
        "Nothing was delivered.",
        "None is open.",
        "Nothing is open.",
        "Ledgers verified.",
    ):
        assert words in page


def test_bars_are_as_high_as_what_they_stand_for_and_the_quota_lies_within(tmp_path: Path) -> None:
    spots = [receipt(i, f"2026-11-24T03:00:0{i % 2}.000+00:00") for i in range(4)]
    page = page_of(night(tmp_path, *spots, receipt(9, "2026-11-24T03:00:05.000+00:00", attempts=3)))
    heights = re.findall(
        r'class="delivered" x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)', page
    )
    assert [float(one) for one in heights] == [38.1, 38.1, 19.05]  # of 200 for 10.5
    assert page.count('class="pause" x=') == 3
    assert page.count('class="repeats" x=') == 1
    assert 0 < float(re.findall(r'class="quota" x1="0" x2="1000" y1="([\d.]+)', page)[0]) < 200
