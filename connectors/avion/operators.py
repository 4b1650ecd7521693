"""Operators over the batches of `AvionSource`."""

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import bytewax.operators as op
from bytewax.dataflow import Stream, operator

from connectors.avion.validator import Validated, Validator
from connectors.records import Batch, DeadLetter, Line, Spot, Tally


@dataclass(frozen=True)
class ValidateOut:
    """Streams out of `validate`; each batch leaves one item on each.

    `spots` are the good records, `dead_letters` the bad ones with their reasons, `tallies` the
    counts that the ledger closes its books with.
    """

    spots: Stream[Batch[Spot]]
    dead_letters: Stream[Batch[DeadLetter]]
    tallies: Stream[Tally]


@operator
def validate(
    step_id: str,
    up: Stream[Batch[Line]],
    *,
    zone: ZoneInfo | None = None,
    stations: Collection[str] | None = None,
) -> ValidateOut:
    """Check every record against `TrafficRecord`; a bad one never fails the run.

    Parallel: every worker, each on its own batches. Stateless, so after a resume it repeats what
    the source repeats, with the same outcome: exactly-once is the ledger's affair.

    Args:
        step_id: Unique ID.
        up: Batches of `AvionSource`.
        zone: Zone of air times written without an offset. None rejects them.
        stations: Station codes to keep; others are counted as skipped. None keeps all.
    """
    checked: Stream[Validated] = op.map("check", up, Validator(zone, stations))
    return ValidateOut(
        op.map("spots", checked, lambda validated: validated.spots),
        op.map("dead_letters", checked, lambda validated: validated.dead_letters),
        op.map("tallies", checked, lambda validated: validated.tally),
    )
