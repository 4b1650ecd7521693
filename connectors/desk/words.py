"""What the reasons of dead letters mean, and what there is to do: for people."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "not_json": "not a JSON object",
    "not_csv": "not a row of this CSV",
    "schema": "a field is missing or wrong",
    "encoding": "not UTF-8 text",
    "line_too_long": "longer than a record may be",
    "unchanged": "sent back as it was, though Avstar has another row under its request ID",
    "rejected": "refused by Avstar",
    "conflicting_duplicate": "same spot, station and air time as another row, other content",
    "circuit_open": "parked while Avstar was out of order; can be sent again",
    "retries_exhausted": "no good answer after all attempts; can be sent again",
}

_RETYPE = "fill in the five fields from the traffic system, or take the row out"
_REDRIVE = "leave it as it is: it is sent again under its own request ID"
_DECIDE = (
    "Avstar has the other row, or may have it: correct spot ID, station or air time of this one, "
    "or take it out"
)

TO_DO: Mapping[str, str] = {
    "not_json": _RETYPE,
    "not_csv": _RETYPE,
    "schema": "correct the field that is named",
    "encoding": _RETYPE,
    "line_too_long": _RETYPE,
    "unchanged": _DECIDE,
    "rejected": "correct what Avstar names; or leave it as it is, to be sent once more",
    "conflicting_duplicate": _DECIDE,
    "circuit_open": _REDRIVE,
    "retries_exhausted": _REDRIVE,
}
