"""What an export would air is known before anything is sent."""

import gzip
from zoneinfo import ZoneInfo

import pytest

from connectors.avion import airings, survey

GOOD = '{"SpotID":"SP%d","StationCode":"KABC","AirDateTime":"%s","Duration":30,"ClientName":"A"}\n'
CSV = "SpotID,StationCode,AirDateTime,Duration,ClientName\nSP1,KABC,%s,30,A\nSP2,KABC,x,30,A\n"
WITH, WITHOUT = "2026-11-24T05:30:00-05:00", "2026-11-24T05:30:00"


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.ndjson", f"{GOOD % (1, WITH)}\nno\n{GOOD % (2, WITH)}", [1, 4]),
        ("a.csv", CSV % WITH, [2]),
        ("a.json", f"[{GOOD % (1, WITH)},{GOOD % (2, WITH)}]", [1, 2]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_good_records_alone_air_something(name, content, lines, packed, tmp_path) -> None:
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    found = list(airings(survey(path)))
    assert [line for line, _ in found] == lines
    assert found[0][1] == ("SP1", "KABC", WITH)


def test_a_time_without_an_offset_is_one_where_a_zone_is_given(tmp_path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(GOOD % (1, WITHOUT))
    assert not list(airings(survey(path)))
    [(_, airing)] = airings(survey(path), zone=ZoneInfo("America/New_York"))
    assert airing[2] == WITHOUT


def test_a_record_over_the_limit_airs_nothing(tmp_path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(GOOD % (1, WITH) + " " * 5000 + GOOD % (2, WITH))
    found = airings(survey(path, line_limit=1024), line_limit=1024)
    assert [airing[0] for _, airing in found] == ["SP1"]
