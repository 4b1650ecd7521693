import dataclasses
import hashlib
import pickle
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import (
    REJECTIONS,
    Batch,
    DeadLetter,
    Export,
    Line,
    Reason,
    Receipt,
    Span,
    Split,
    Spot,
    Tally,
)
from connectors.request_id import request_id

AIRTIME = "2026-11-24T05:30:00-05:00"
SPAN = Span("a.csv.0123456789ab", "0" * 64, "lane-0", 0, 10, 3)

fields = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=8)
parts = st.tuples(fields, fields, fields, fields)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # printf 'SP000001\x1f2026-11-24T05:30:00-05:00\x1f%064d\x1fWXYZ' 0 | sha256sum | cut -c1-32
        (("SP000001", AIRTIME, "0" * 64, "WXYZ"), "1d6441e20f75f7517e2da275ec923b4e"),
        (
            ("S\u00e9\u2028", "2026-11-24T05:30:00Z", "ab" * 32, "K"),
            "30198ac84044ffe81f8b462903efd164",
        ),
    ],
)
def test_a_request_id_never_changes(values, expected):
    assert request_id(*values) == expected


@given(values=parts)
def test_a_request_id_is_a_w3c_trace_id(values):
    found = request_id(*values)
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")
    joined = b"\x1f".join(value.encode() for value in values)
    assert found == hashlib.sha256(joined).hexdigest()[:32]


@given(one=parts, other=parts)
def test_two_spots_share_a_request_id_only_if_they_are_the_same(one, other):
    assert (request_id(*one) == request_id(*other)) == (one == other)


CHECKSUM = "0" * 64
SNARE = (
    st.lists(st.sampled_from(["\x1f", "a", "0" * 32, AIRTIME, f"{AIRTIME}\x1f"]), max_size=6)
    .map("".join)
    .filter(lambda text: CHECKSUM not in text)
)
KEY = st.tuples(SNARE, st.sampled_from([AIRTIME, "2026-11-24T05:30:00Z"]), SNARE)


@given(one=KEY, other=KEY)
def test_separators_in_spot_id_and_station_make_no_two_spots_alike(one, other):
    first, second = (request_id(key[0], key[1], CHECKSUM, key[2]) for key in (one, other))
    assert (first == second) == (one == other)


def test_no_text_can_move_from_one_field_to_the_next():
    assert request_id("ab", "c", "d", "e") != request_id("a", "bc", "d", "e")


@pytest.mark.parametrize("changed", range(4))
def test_every_field_counts(changed):
    values = ["SP1", AIRTIME, "0" * 64, "WXYZ"]
    before = request_id(*values)
    values[changed] += "1"
    assert request_id(*values) != before


def export(**changes):
    whole = Export(Path("/in/tomorrow.csv"), "csv", "0123456789abcdef" * 4, 9, 1, (Split(0, 9, 1),))
    return dataclasses.replace(whole, **changes)


def test_an_exports_key_is_its_name_and_the_head_of_its_checksum():
    assert export().key == "tomorrow.csv.0123456789ab"


def test_the_folder_of_an_export_is_not_in_its_key():
    assert export(path=Path("elsewhere/tomorrow.csv")).key == export().key


def test_another_content_is_another_key():
    assert export(checksum="f" * 64).key != export().key


def test_an_export_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        export().records = 2


def test_a_batch_is_its_records():
    batch = Batch(SPAN, [1, 2, 3])
    assert list(batch) == [1, 2, 3]
    assert len(batch) == 3
    assert not Batch(SPAN, [])


def test_the_reasons_are_stable_words():
    assert get_args(Reason) == (
        "not_json",
        "not_csv",
        "schema",
        "encoding",
        "line_too_long",
        "unchanged",
        "rejected",
        "conflicting_duplicate",
        "circuit_open",
        "retries_exhausted",
    )


def test_rejections_are_the_reasons_found_before_anything_is_sent():
    assert frozenset(get_args(Reason)[:6]) == REJECTIONS


@pytest.mark.parametrize(
    ("noun", "names"),
    [
        (Line, "raw number offset length"),
        (Split, "start end line"),
        (Span, "export checksum lane start end line"),
        (Tally, "span records valid skipped"),
        (
            Spot,
            "line offset spot_id station airtime duration advertiser request_id raw ancestor",
        ),
        (
            Receipt,
            (
                "line offset spot_id station airtime request_id outcome status attempts "
                "delivered_at duration_sec advertiser raw ancestor"
            ),
        ),
        (
            DeadLetter,
            "line offset reason detail status redrivable request_id attempts raw ancestor",
        ),
    ],
)
def test_the_fields_of_a_noun_keep_their_order(noun, names):
    assert noun._fields == tuple(names.split())


@pytest.mark.parametrize(
    "noun",
    [
        Line(b"{}", 1, 0, 2),
        Batch(SPAN, [Line(b"{}", 1, 0, 2)]),
        export(),
        Tally(SPAN, 3, 2, 1),
        DeadLetter(1, 0, "schema", "SpotID is empty", None, False, None, 0, b"\xff"),
    ],
    ids=lambda noun: type(noun).__name__,
)
def test_what_flows_between_workers_can_be_pickled(noun):
    assert pickle.loads(pickle.dumps(noun)) == noun
