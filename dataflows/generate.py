"""Sample exports: the spots of a day on some stations, with a share of bad rows of every kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice, product
from random import Random
from string import ascii_uppercase
from typing import NamedTuple

from connectors.errors import RefusedError
from dataflows.spoilt import OFFSET, RENDER, Fields, Form, Render, cut_off, faults

COLUMNS = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
DURATIONS = (5, 10, 15, 20, 30, 30, 30, 60)
"""Seconds; thirty is what most spots last."""

STATIONS = ("KABC", "WXYZ", "KQED", "WGBH", "KEXP", "WNYC", "KCRW", "WBEZ")
MOST_STATIONS = 2 * 26**3
"""Call signs of four letters that begin with K or W."""

CLIENTS = (
    "Acme Motors",
    "Müller & Söhne, Heizungsbau",
    'Joe "The Plumber" Miller',
    "Café Zoë",
    "東京堂書店",
    "Łódź Meble Sp. z o.o.",
    "Smith, Jones & Partners, LLP",
    "100% Juice Co.",
    "Пекарня «Колос»",
    "Station Promo",
)
DAY_SECONDS = 86_400
SPOTS = 1_000
"""Different spots in rotation: each comes back through the day with its client and duration."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What to generate; equal samples give equal bytes, on every Python.

    `records` counts good and bad ones, `bad` is the share of the latter from 0 to 1.
    """

    records: int = 5_000
    seed: int = 1
    bad: float = 0.01
    format: Form = "ndjson"
    stations: int = 4
    day: date = date(2026, 11, 24)

    def __post_init__(self) -> None:
        if self.records < 0:
            raise RefusedError(f"{self.records} records cannot be generated; ask for 0 or more")
        if not 0 <= self.bad <= 1:
            raise RefusedError(f"a share of {self.bad} bad records is none; choose 0 to 1")
        if not 1 <= self.stations <= MOST_STATIONS:
            raise RefusedError(f"{self.stations} stations are none; choose 1 to {MOST_STATIONS}")

    @property
    def bad_records(self) -> int:
        """Records that will be bad: the share, and one of each kind if there are so many at all."""
        share, kinds = round(self.records * self.bad), len(faults(self.format))
        return max(share, kinds) if self.bad and self.records >= kinds else share


class Spot(NamedTuple):
    """A spot in rotation: its fields, and its row with places for station and air time."""

    fields: Fields
    template: bytes


def generate(sample: Sample) -> Iterator[bytes]:
    """Yield the lines of an export, air times ascending, with a blank line here and there.

    No two good records share spot, air time and station. Memory does not grow with the records.
    """
    if sample.format == "csv":
        yield ",".join(COLUMNS).encode() + b"\n"
    yield from _array(_rows(sample)) if sample.format == "json" else _rows(sample)


def _array(rows: Iterator[bytes]) -> Iterator[bytes]:
    yield b"["
    between = b"\n"
    for row in rows:
        yield between + row.removesuffix(b"\n")
        between = b",\n"
    yield b"\n]\n"


def _rows(sample: Sample) -> Iterator[bytes]:
    chance = Random(sample.seed)  # noqa: S311 - samples are no secrets
    render = RENDER[sample.format]
    codes = call_signs(sample.stations)
    slots = -(-sample.records // len(codes))
    spots = _rotation(chance, render, SPOTS + slots // DAY_SECONDS)
    bad = sample.bad_records
    for slot in range(slots):
        airtime = _airtime(sample.day, (slot + chance.random()) / slots)
        spot = spots[slot % len(spots)]
        first = slot * len(codes)
        for number, code in enumerate(codes[: sample.records - first], first):
            # Of the records left, `bad` must still be bad: equal chances, and yet an exact sum.
            if chance.random() * (sample.records - number) >= bad:
                yield spot.template % (code, airtime)
            else:
                yield from _spoilt(bad, spot.fields, code, airtime, sample.format)
                bad -= 1


def call_signs(count: int) -> list[bytes]:
    """Name the stations, the well-known first."""
    others = ("".join(letters) for letters in product("KW", *[ascii_uppercase] * 3))
    return [code.encode() for code in islice(dict.fromkeys(chain(STATIONS, others)), count)]


def _rotation(chance: Random, render: Render, count: int) -> list[Spot]:
    # More spots than slots in a second, so that none can meet itself at one moment.
    spots = []
    for number in range(count):
        client = CLIENTS[int(chance.random() * len(CLIENTS))]
        fields = {
            "SpotID": f"SP{number:08d}",
            "StationCode": "%s",
            "AirDateTime": "%s",
            "Duration": DURATIONS[int(chance.random() * len(DURATIONS))],
            "ClientName": client,
        }
        template = render(fields | {"ClientName": client.replace("%", "%%")})
        spots.append(Spot(fields, template))
    chance.shuffle(spots)
    return spots


def _airtime(day: date, share: float) -> bytes:
    # A share just below 1 may round up to it; the day ends a second before.
    minutes, second = divmod(min(int(share * DAY_SECONDS), DAY_SECONDS - 1), 60)
    hour, minute = divmod(minutes, 60)
    return f"{day}T{hour:02}:{minute:02}:{second:02}{OFFSET}".encode()


def _spoilt(
    number: int, fields: Fields, code: bytes, airtime: bytes, form: Form
) -> Iterator[bytes]:
    kinds = list(faults(form).values())
    fault = kinds[number % len(kinds)]
    whole = {**fields, "StationCode": code.decode(), "AirDateTime": airtime.decode()}
    yield fault(whole, RENDER[form])
    if fault is cut_off:  # as if something had gone wrong there: a blank line, which is no record
        yield b"\n"
