import pytest

from connectors.avion.damage import damage
from connectors.cells import written
from connectors.records import Ancestor
from connectors.sheet import Past, original_of

WAS = {
    "SpotID": "00123",
    "StationCode": "KABC",
    "AirDateTime": "2026-11-24T05:30:00-05:00",
    "Duration": "30",
    "ClientName": 'Joe "The Plumber" Müller',
}
PAST = Past(Ancestor("ab" * 32, 17, 4200, "c" * 32), "rejected", original_of(WAS))


def look(**changes: str) -> str | None:
    return damage({name: written(value) for name, value in WAS.items()} | changes, PAST)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SpotID": "123"}, "SpotID is '123' and was '00123': it lost its leading zeros"),
        ({"SpotID": "1.23E+02"}, "it was taken for a number, a date or a formula"),
        ({"StationCode": "#NAME?"}, "it was taken for a number, a date or a formula"),
        ({"ClientName": 'Joe "The Plumber" Mu\u0308ller'}, "its characters became others"),
        ({"ClientName": 'Joe\u00a0"The Plumber" Müller'}, "its characters became others"),
        ({"ClientName": 'Joe "The Plumber" M√ºller'}, "its letters got lost"),
        ({"ClientName": 'Joe "The Plumber" MГјller'}, "its letters got lost"),
        ({"AirDateTime": "11/24/2026 5:30"}, "a date in the form of a spreadsheet; write it as"),
        ({"AirDateTime": "24.11.2026 05:30"}, "a date in the form of a spreadsheet"),
        ({"AirDateTime": "2026-11-24 05:30:00"}, "a date in the form of a spreadsheet"),
        ({"AirDateTime": "46350.22917"}, "a date in the form of a spreadsheet"),
        ({"ClientName": "Joe “The Plumber” Müller"}, "its quotes became others"),
        ({"ClientName": '“Joe "The Plumber" Müller”'}, "typographic quotes stand around it"),
        ({"ClientName": 'Joe "The Plumber" M?ller'}, "its letters got lost"),
        ({"ClientName": 'Joe "The Plumber" M\ufffdller'}, "its letters got lost"),
        ({"ClientName": 'Joe "The Plumber" MÃ¼ller'}, "its letters got lost"),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_did_is_told_with_the_mend(changes: dict[str, str], words: str) -> None:
    found = look(**changes)
    assert found
    assert words in found


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"SpotID": "'00123"},
        {"SpotID": "00124"},
        {"SpotID": "124"},
        {"AirDateTime": "2026-11-24T05:31:00-05:00"},
        {"AirDateTime": ""},
        {"Duration": "60"},
        {"Duration": "thirty"},
        {"Duration": "30"},
        {"ClientName": "Joe Müller & Söhne"},
        {"ClientName": "What?"},
    ],
)
def test_a_correction_is_no_damage_even_a_wrong_one(changes: dict[str, str]) -> None:
    assert look(**changes) is None


def test_a_new_row_is_looked_at_as_well() -> None:
    row = {name: written(value) for name, value in WAS.items()}
    assert damage(row, None) is None
    found = damage(row | {"AirDateTime": "24.11.2026 05:30"}, None)
    assert found
    assert found.startswith("AirDateTime is '24.11.2026 05:30': a date")


@pytest.mark.parametrize("was", ["1,800", "30.0", "+30", "3e1"])
def test_a_duration_that_is_written_plainly_is_corrected(was: str) -> None:
    past = PAST._replace(original=original_of(WAS | {"Duration": was}))
    row = {name: written(value) for name, value in WAS.items()}
    assert damage(row | {"Duration": "1800" if was == "1,800" else "30"}, past) is None


def test_what_was_wrong_from_the_beginning_is_no_damage() -> None:
    was = WAS | {"AirDateTime": "24.11.2026 05:30"}
    past = PAST._replace(original=original_of(was))
    assert damage({name: written(value) for name, value in was.items()}, past) is None
