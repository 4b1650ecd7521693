"""The metrics of a run: each defined once, for the page that is scraped and for OTLP."""

from dataflows.instrument import Instrument
from dataflows.readings import age, breaker, followed, margin, needed, playout, telemetry, total

ANSWERS = "avstar_answer_seconds"
"""The one histogram: how long answers took."""

ANSWERS_HELP = "Time from a request to its answer, or to whatever came instead of one"


INSTRUMENTS = (
    Instrument(
        "avstar_records_read_total",
        "counter",
        "Records read and checked",
        "{record}",
        lambda meter: meter.validated + meter.rejected + meter.skipped,
    ),
    Instrument(
        "avstar_records_valid_total",
        "counter",
        "Records that became spots",
        "{record}",
        lambda m: m.validated,
    ),
    Instrument(
        "avstar_records_rejected_total", "counter", "Bad records", "{record}", lambda m: m.rejected
    ),
    Instrument(
        "avstar_records_skipped_total",
        "counter",
        "Records of other stations",
        "{record}",
        lambda m: m.skipped,
    ),
    Instrument(
        "avstar_bytes_read_total",
        "counter",
        "Bytes of the exports read",
        "By",
        lambda meter: meter.bytes_read,
    ),
    Instrument(
        "avstar_spots_delivered_total",
        "counter",
        "Spots that Avstar has: accepted now, or known to it as duplicate",
        "{spot}",
        lambda meter: dict(meter.outcomes),
        "outcome",
    ),
    Instrument(
        "avstar_dead_letters_total",
        "counter",
        "Dead letters by reason",
        "{dead_letter}",
        lambda meter: dict(meter.reasons),
        "reason",
    ),
    Instrument(
        "avstar_attempts_total",
        "counter",
        "Requests by the class of their answer; none: no answer came",
        "{request}",
        lambda meter: dict(meter.attempts),
        "status",
    ),
    Instrument(
        "avstar_retries_total", "counter", "Requests sent again", "{request}", lambda m: m.retries
    ),
    Instrument(
        "avstar_repetitions_total",
        "counter",
        "Requests that repeated a delivered spot, to see whether the API is well",
        "{request}",
        lambda m: m.repetitions,
    ),
    Instrument(
        "avstar_throttled_total", "counter", "Answers 429", "{answer}", lambda m: m.throttled
    ),
    Instrument(
        "avstar_token_refused_total",
        "counter",
        "Answers 401",
        "{answer}",
        lambda meter: meter.refused_tokens,
    ),
    Instrument(
        "avstar_export_records",
        "gauge",
        "Records of the exports",
        "{record}",
        lambda m: m.total_records or None,
    ),
    Instrument(
        "avstar_export_bytes",
        "gauge",
        "Bytes of the exports",
        "By",
        lambda meter: meter.total_bytes or None,
    ),
    Instrument(
        "avstar_settled_records",
        "gauge",
        "Records settled, those of earlier runs included",
        "{record}",
        lambda meter: meter.settled_records,
    ),
    Instrument(
        "avstar_quota_used_ratio",
        "gauge",
        "Share of the quota in use, from 0 to 1",
        "1",
        lambda meter: meter.quota_used,
    ),
    Instrument(
        "avstar_requests_in_flight",
        "gauge",
        "Requests in flight",
        "{request}",
        total(lambda lane: lane.requests_in_flight),
    ),
    Instrument(
        "avstar_pause_seconds",
        "gauge",
        "For how long nothing may be sent: told by the API, or breaker open",
        "s",
        lambda meter: max((lane.pause_left() for lane in meter.sending), default=0.0),
    ),
    Instrument(
        "avstar_breaker_lanes",
        "gauge",
        "Lanes by the state of their breaker",
        "{lane}",
        breaker,
        "state",
    ),
    Instrument(
        "avstar_breaker_openings_total",
        "counter",
        "Times that a breaker opened, failed probes included",
        "{opening}",
        lambda meter: sum(lane.openings for lane in meter.lanes),
    ),
    Instrument(
        "avstar_spots_in_hand",
        "gauge",
        "Spots checked and not settled yet",
        "{spot}",
        lambda m: m.in_hand,
    ),
    Instrument(
        "avstar_checkpoint_age_seconds", "gauge", "Time since the last checkpoint", "s", age
    ),
    Instrument(
        "avstar_needed_seconds",
        "gauge",
        "Time still needed at the present rate; absent while nothing moves",
        "s",
        needed,
    ),
    Instrument(
        "avstar_exports_waiting",
        "gauge",
        "Exports in the folder that is followed, not taken yet; absent where none is",
        "{export}",
        followed(lambda folder: folder.waiting()),
    ),
    Instrument(
        "avstar_exports_set_aside_total",
        "counter",
        "Exports that could not be taken, and are among the rejected",
        "{export}",
        followed(lambda folder: folder.set_aside),
    ),
    Instrument("avstar_playout_seconds", "gauge", "Time left to the deadline", "s", playout),
    Instrument(
        "avstar_deadline_margin_seconds",
        "gauge",
        "Time to spare at the present rate, negative if it comes too late",
        "s",
        margin,
    ),
    Instrument(
        "avstar_telemetry_sent_total",
        "counter",
        "Spans and log records that a collector took",
        "{item}",
        telemetry("sent"),
        "signal",
    ),
    Instrument(
        "avstar_telemetry_dropped_total",
        "counter",
        "Spans and log records dropped: the queue was full, or no collector took them",
        "{item}",
        telemetry("dropped"),
        "signal",
    ),
)
