"""A checked record, as batches hold it."""

from typing import Annotated

from msgspec import Meta, Struct

_Text = Annotated[str, Meta(min_length=1)]
_Seconds = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]

ALIASES = {
    "spot_id": "SpotID",
    "station": "StationCode",
    "airtime": "AirDateTime",
    "duration": "Duration",
    "advertiser": "ClientName",
}
"""What the traffic system calls the fields."""


class Row(Struct, frozen=True, gc=False, rename=ALIASES):
    """The fields of `TrafficRecord` without its instance, which costs as much as its checks.

    The rules are for decoding JSON, and stricter than the model's if anything.
    """

    spot_id: _Text
    station: _Text
    airtime: str
    duration: _Seconds
    advertiser: _Text


NO_ROW = Row("", "", "", 0, "")
"""Stands where there is none; nothing in it is in the common form."""
