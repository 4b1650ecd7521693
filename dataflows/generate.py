"""Sample exports: the spots of a day on some stations, with a share of bad rows of every kind."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from itertools import chain, islice, product
from random import Random
from string import ascii_uppercase
from typing import Literal, NamedTuple

from connectors.errors import RefusedError

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
OFFSET = "-05:00"
"""UTC offset of all air times: eastern standard time, in which the networks schedule."""

SPOTS = 1_000
"""Different spots in rotation: each comes back through the day with its client and duration."""

Form = Literal["ndjson", "csv"]
"""What samples are written in; an array could not hold every kind of bad row."""

Fields = Mapping[str, object]
Render = Callable[[Fields], bytes]


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
        share = round(self.records * self.bad)
        return max(share, len(FAULTS)) if self.bad and self.records >= len(FAULTS) else share


class Spot(NamedTuple):
    """A spot in rotation: its fields, and its row with places for station and air time."""

    fields: Fields
    template: bytes


def generate(sample: Sample) -> Iterator[bytes]:
    """Yield the lines of an export, air times ascending, with a blank line here and there.

    No two good records share spot, air time and station. Memory does not grow with the records.
    """
    chance = Random(sample.seed)  # noqa: S311 - samples are no secrets
    render = RENDER[sample.format]
    codes = call_signs(sample.stations)
    slots = -(-sample.records // len(codes))
    spots = _rotation(chance, render, SPOTS + slots // DAY_SECONDS)
    bad = sample.bad_records
    if sample.format == "csv":
        yield ",".join(COLUMNS).encode() + b"\n"
    for slot in range(slots):
        airtime = _airtime(sample.day, (slot + chance.random()) / slots)
        spot = spots[slot % len(spots)]
        first = slot * len(codes)
        for number, code in enumerate(codes[: sample.records - first], first):
            # Of the records left, `bad` must still be bad: equal chances, and yet an exact sum.
            if chance.random() * (sample.records - number) >= bad:
                yield spot.template % (code, airtime)
            else:
                yield from _spoilt(bad, spot.fields, code, airtime, render)
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
    number: int, fields: Fields, code: bytes, airtime: bytes, render: Render
) -> Iterator[bytes]:
    fault = list(FAULTS.values())[number % len(FAULTS)]
    whole = {**fields, "StationCode": code.decode(), "AirDateTime": airtime.decode()}
    yield fault(whole, render)
    if fault is _cut_off:  # as if something had gone wrong there: a blank line, which is no record
        yield b"\n"


def _ndjson(fields: Fields) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _csv(fields: Fields) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields.values())
    return text.getvalue().encode()


RENDER: Mapping[Form, Render] = {"ndjson": _ndjson, "csv": _csv}


def _with(**changes: object) -> Callable[[Fields, Render], bytes]:
    return lambda fields, render: render({**fields, **changes})


def _without_client(fields: Fields, render: Render) -> bytes:
    return render({name: value for name, value in fields.items() if name != "ClientName"})


def _cut_off(fields: Fields, render: Render) -> bytes:
    row = render(fields)
    return row[: row.index(str(fields["AirDateTime"]).encode())] + b"\n"


def _local_time(fields: Fields, render: Render) -> bytes:
    return _with(AirDateTime=str(fields["AirDateTime"]).removesuffix(OFFSET))(fields, render)


def _latin_1(fields: Fields, render: Render) -> bytes:
    return _with(ClientName="Café")(fields, render).replace("é".encode(), "é".encode("latin-1"))


FAULTS: Mapping[str, Callable[[Fields, Render], bytes]] = {
    "cut off": _cut_off,
    "field missing": _without_client,
    "wrong type": _with(Duration="thirty"),
    "zero duration": _with(Duration=0),
    "negative duration": _with(Duration=-30),
    "fraction of a second": _with(Duration=29.97),
    "no offset": _local_time,
    "impossible date": _with(AirDateTime=f"2026-02-30T05:30:00{OFFSET}"),
    "empty spot id": _with(SpotID=""),
    "not UTF-8": _latin_1,
}
"""Every kind of bad row, one after the other, in either format."""
