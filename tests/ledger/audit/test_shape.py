from typing import Any

import pytest

from connectors.ledger.audit.shape import (
    OFFSETS,
    SHA256,
    Shape,
    Test,
    flag,
    flaws,
    natural,
    one_of,
    optional,
    positive,
    seconds,
    sequence,
    table,
    text,
)

SHAPE: Shape = {"line": natural, "status": optional(natural), "outcome": one_of("accepted")}


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (natural, 0, -1),
        (natural, OFFSETS - 1, OFFSETS),
        (natural, 1, True),
        (natural, 1, 1.0),
        (natural, 1, "1"),
        (positive, 10**30, 0),
        (positive, 1, True),
        (positive, 1, 1.0),
        (seconds, 0, -1),
        (seconds, 0.5, -0.5),
        (seconds, 1e9, float("inf")),
        (seconds, 1, float("nan")),
        (seconds, 1, True),
        (seconds, 1, "1"),
        (text, "", None),
        (flag, False, 0),
        (one_of("upload", "validate-only"), "upload", "uploads"),
        (one_of("upload"), "upload", ["upload"]),
        (one_of(1), 1, True),
        (one_of(1), 1, 1.0),
        (SHA256, "0123456789abcdef" * 4, "0123456789abcdef" * 3),
        (SHA256, "a" * 64, "A" * 64),
        (SHA256, "a" * 64, 64),
        (optional(text), None, 1),
        (optional(text), "x", False),
        (table(natural), {"schema": 3}, {"schema": -3}),
        (table(natural), {}, [3]),
        (sequence(text), ["KABC"], ["KABC", 1]),
        (sequence(text), [], "KABC"),
    ],
)
def test_each_test_tells_what_fits_from_what_only_looks_like_it(
    test: Test, good: object, bad: object
) -> None:
    assert test(good)
    assert not test(bad)


def test_fields_of_the_shape_have_no_flaws_whatever_else_there_is() -> None:
    fields = {"line": 1, "status": None, "outcome": "accepted", "trace": [1]}
    assert list(flaws(fields, SHAPE)) == []


def test_every_flaw_is_named_with_its_field() -> None:
    assert list(flaws({"line": "1", "outcome": "sent"}, SHAPE)) == [
        "`line` cannot be '1'",
        "has no `status`",
        "`outcome` cannot be 'sent'",
    ]


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_only_an_object_has_a_shape(value: Any) -> None:
    assert list(flaws(value, SHAPE)) == ["is not a JSON object"]
