"""Render a report: everything escaped, nothing loaded, no script but ours."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from connectors.desk.course import Course
from connectors.desk.report import Report
from connectors.desk.words import MEANINGS, TO_DO
from connectors.errors import RefusedError

_WIDTH, _HEIGHT = 1000, 200
_MOST_PLACES = 200
"""Stations, and hours, of the table; an export with nonsense in these fields has many."""


class _Drawn(NamedTuple):
    x: float
    width: float
    pause: bool
    top: float
    height: float
    again_top: float
    again: float
    throttled: bool
    broken: bool


def render(report: Report) -> str:
    """Return the page.

    Raises:
        RefusedError: The extra `desk` is missing.
    """
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - the extra `desk`
        from markupsafe import Markup  # noqa: PLC0415 - comes with it
    except ImportError:
        raise RefusedError("reports need the extra `desk`: avion-to-avstar[desk]") from None
    style, script = _text("report.css"), _text("report.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    manifests = [ledger.manifest for ledger in report.ledgers]
    return environment.from_string(_text("report.html")).render(
        report=report,
        names=", ".join(manifest.export for manifest in manifests),
        open_count=sum(group.count for group in report.reasons),
        figures=_figures(report),
        bars=list(_drawn(report.course)),
        quota_y=round(_HEIGHT - _HEIGHT * report.course.quota / _top(report.course), 1),
        course_words=_words(report.course),
        first=_moment(report.course, 0),
        last=_moment(report.course, -1),
        throttled=sum(manifest.throttled for manifest in manifests),
        paused=sum(manifest.paused_seconds for manifest in manifests),
        openings=sum(manifest.breaker_openings for manifest in manifests),
        breaker=sum(manifest.breaker_seconds for manifest in manifests),
        stations=report.stations[:_MOST_PLACES],
        hours=report.hours[:_MOST_PLACES],
        places_left_out=_left_out(report),
        meanings=MEANINGS,
        to_do=TO_DO,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _figures(report: Report) -> list[tuple[str, int]]:
    first = [ledger.manifest for ledger in report.ledgers if not ledger.manifest.ancestors]
    return [
        ("records", sum(manifest.total_records for manifest in first)),
        ("delivered", sum(report.delivered.values())),
        ("of them sent again", report.came.delivered),
        ("skipped", sum(manifest.skipped for manifest in first)),
        ("open", sum(group.count for group in report.reasons)),
    ]


def _left_out(report: Report) -> str:
    """Say what the table of stations and hours leaves out; empty if nothing."""
    counts = ((len(report.stations), "stations"), (len(report.hours), "hours"))
    more = [f"{count - _MOST_PLACES:,} {of}" for count, of in counts if count > _MOST_PLACES]
    return " and ".join(more)


def _words(course: Course) -> str:
    pauses = sum(bar.is_pause for bar in course.bars)
    delivered = sum(bar.delivered for bar in course.bars)
    repeats = sum(bar.repeats for bar in course.bars)
    throttled = sum(bar.throttled for bar in course.bars)
    broken = sum(bar.broken for bar in course.bars)
    return (
        f"{delivered:,} spots delivered and {repeats:,} requests repeated, a bar for each "
        f"{course.seconds} s; the line is the quota of {course.quota:,.0f}. In {pauses:,} of "
        f"{len(course.bars):,} bars nothing was delivered: pauses, shaded. In {throttled:,} Avstar "
        f"held spots up, and in {broken:,} the breaker was open: marked above, by the minute."
    )


def _moment(course: Course, index: int) -> str:
    return f"{course.bars[index].start:%Y-%m-%d %H:%M:%S} UTC" if course.bars else ""


def _top(course: Course) -> float:
    return max(course.most, course.quota, 1.0) * 1.05


def _drawn(course: Course) -> Iterator[_Drawn]:
    scale, width = _HEIGHT / _top(course), _WIDTH / max(1, len(course.bars))
    for number, bar in enumerate(course.bars):
        height, again = bar.delivered * scale, bar.repeats * scale
        yield _Drawn(
            round(number * width, 2),
            round(max(width * 0.85, 0.5), 2),
            bar.is_pause,
            round(_HEIGHT - height, 2),
            round(height, 2),
            round(_HEIGHT - height - again, 2),
            round(again, 2),
            bar.throttled,
            bar.broken,
        )


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
