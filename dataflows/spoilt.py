"""Rows of sample exports, and every kind of bad one."""

import csv
import json
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Literal

Form = Literal["ndjson", "csv", "json"]
"""What samples are written in; the last is an array."""

Fields = Mapping[str, object]
Render = Callable[[Fields], bytes]

OFFSET = "-05:00"
"""UTC offset of all air times: eastern standard time, in which the networks schedule."""


def _ndjson(fields: Fields) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _csv(fields: Fields) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields.values())
    return text.getvalue().encode()


RENDER: Mapping[Form, Render] = {"ndjson": _ndjson, "csv": _csv, "json": _ndjson}


def _with(**changes: object) -> Callable[[Fields, Render], bytes]:
    return lambda fields, render: render({**fields, **changes})


def _without_client(fields: Fields, render: Render) -> bytes:
    return render({name: value for name, value in fields.items() if name != "ClientName"})


def cut_off(fields: Fields, render: Render) -> bytes:
    """End a row before its air time."""
    row = render(fields)
    return row[: row.index(str(fields["AirDateTime"]).encode())] + b"\n"


def _local_time(fields: Fields, render: Render) -> bytes:
    return _with(AirDateTime=str(fields["AirDateTime"]).removesuffix(OFFSET))(fields, render)


def _latin_1(fields: Fields, render: Render) -> bytes:
    return _with(ClientName="Café")(fields, render).replace("é".encode(), "é".encode("latin-1"))


FAULTS: Mapping[str, Callable[[Fields, Render], bytes]] = {
    "cut off": cut_off,
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
"""Every kind of bad row, one after the other."""


def faults(form: Form) -> Mapping[str, Callable[[Fields, Render], bytes]]:
    """Return the kinds of bad rows that a format can hold: one cut off would end an array."""
    kinds = dict(FAULTS)
    if form == "json":
        del kinds["cut off"]
    return kinds
