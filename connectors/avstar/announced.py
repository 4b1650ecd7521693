"""What an answer's headers say of the quota."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from http_sf import parse

from connectors.avstar.http_date import sent_at

_UNIX_TIME = 1e9
"""Resets from here on are moments in Unix time, not seconds to wait: 32 years are no window."""

_UNIX_MILLISECONDS = 1e11
"""Moments from here on are in milliseconds: in seconds it would be the year 5138."""

_LONGEST_SECONDS = 31 * 86400.0
"""A window or reset longer than a month is a mistake."""

_PREFIXES = ("ratelimit-", "x-ratelimit-")

Parameters = Mapping[str, Any]


class Announced(NamedTuple):
    """One quota as the API sees it: `remaining` requests of `limit` in a window.

    `reset` and `window` are seconds; None is what it did not say, or not so that it makes sense.
    """

    limit: int | None
    remaining: int
    reset: float | None
    window: float | None


def read_announced(
    headers: Mapping[str, str], now: datetime | None = None
) -> tuple[Announced, ...]:
    """Read `RateLimit` and `RateLimit-Policy`, or `RateLimit-*`, or `X-RateLimit-*`.

    The first of these that says what remains counts. `RateLimit` is understood as in
    draft-ietf-httpapi-ratelimit-headers-10 (`"policy";r=50;t=30`) and as in versions before 08
    (`limit=100, remaining=50, reset=50`). What makes no sense is left out.

    Args:
        headers: Headers of an answer; of one that came in several lines all are read. A reset in
            Unix time is measured against `Date`.
        now: What the time is, for a server that does not say.
    """
    fields = _fields(headers)
    if not fields:
        return ()
    sent = sent_at(headers, now).timestamp()
    found = list(_items(fields)) or list(_members(fields, sent))
    for prefix in _PREFIXES:
        found = found or list(_separate(fields, prefix, sent))
    return tuple(found)


def _fields(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers in question by their names in lower case and one spelling."""
    fields: dict[str, str] = {}
    if "limit" not in " ".join(headers).lower():  # as mostly, and each answer is asked
        return fields
    for name, value in headers.items():
        key = name.lower().replace("rate-limit", "ratelimit")
        if "ratelimit" in key:
            fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields


def _items(fields: Mapping[str, str]) -> Iterator[Announced]:
    policies = {str(name): policy for name, policy in _list(fields.get("ratelimit-policy"))}
    for name, figures in _list(fields.get("ratelimit")):
        policy = policies.get(str(name), {})
        if policy.get("qu", "requests") == "requests":
            yield from _announced(
                policy.get("q"), figures.get("r"), _number(figures.get("t")), policy.get("w")
            )


def _members(fields: Mapping[str, str], sent: float) -> Iterator[Announced]:
    members = _dictionary(fields.get("ratelimit"))
    limit, remaining, reset = (members.get(name) for name in ("limit", "remaining", "reset"))
    policies = _list(fields.get("ratelimit-policy"))
    yield from _announced(limit, remaining, _seconds(reset, sent), _window(limit, policies))


def _separate(fields: Mapping[str, str], prefix: str, sent: float) -> Iterator[Announced]:
    limits, remaining, resets = (
        _list(fields.get(prefix + name)) for name in ("limit", "remaining", "reset")
    )
    limit, reset = _first(limits), _first(resets)
    policies = [*limits[1:], *_list(fields.get(f"{prefix}policy"))]
    window = _window(limit, policies)
    yield from _announced(limit, _first(remaining), _seconds(reset, sent), window)


def _announced(
    limit: object, remaining: object, reset: float | None, window: object
) -> list[Announced]:
    left, most, length = _number(remaining), _number(limit), _number(window)
    if left is None:
        return []
    return [
        Announced(
            int(most) if most else None,
            int(left),
            reset if reset is None or reset <= _LONGEST_SECONDS else None,
            length if length and length <= _LONGEST_SECONDS else None,
        )
    ]


def _window(limit: object, policies: list[tuple[Any, Parameters]]) -> object:
    """Return the window of the policy with that limit, as in `100;w=60`."""
    return next((policy.get("w") for value, policy in policies if value == limit), None)


def _seconds(reset: object, sent: float) -> float | None:
    """Return the seconds until a reset that may be given as a moment in Unix time."""
    value = _number(reset)
    if value is None or value < _UNIX_TIME:
        return value
    return max(0.0, (value / 1000 if value >= _UNIX_MILLISECONDS else value) - sent)


def _number(value: object) -> float | None:
    usable = isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0
    return float(value) if usable else None  # type: ignore[arg-type]


def _first(items: list[tuple[Any, Parameters]]) -> object:
    return items[0][0] if items else None


def _list(text: str | None) -> list[tuple[Any, Parameters]]:
    items: Any = _parse(text, "list")
    return items or []


def _dictionary(text: str | None) -> dict[str, object]:
    members: Any = _parse(text, "dictionary")
    return {name: value for name, (value, _) in (members or {}).items()}


def _parse(text: str | None, kind: str) -> Any:
    try:
        return parse((text or "").encode(), tltype=kind)
    except ValueError:
        return None
