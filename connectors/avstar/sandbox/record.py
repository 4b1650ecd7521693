"""The body of a request: one spot to schedule."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

INT32_MAX = 2**31 - 1


def _whole(value: object) -> object:
    # JSON has one kind of number: by JSON Schema, 30.0 is an integer.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[int, Field(gt=0, le=INT32_MAX), BeforeValidator(_whole)]


class SpotRecord(BaseModel):
    """One spot, strictly: nothing is converted, and members the API does not know are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    spot_id: Text
    station: Text
    airtime: Text
    duration_sec: Seconds
    advertiser: Text

    def row(self) -> tuple[str, str, str, int, str]:
        """Return the values in the order of the fields."""
        return (self.spot_id, self.station, self.airtime, self.duration_sec, self.advertiser)
