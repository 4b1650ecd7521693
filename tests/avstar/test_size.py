"""How many spots go in one request, as the API shows that it can take them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.answer import Answer
from connectors.avstar.size import Size


def test_at_first_it_is_as_set():
    assert Size(1000)() == 1000


def test_what_was_too_large_is_not_made_again():
    size = Size(64)

    for spots in (64, 32, 16):
        size.too_large(spots)
    for _ in range(100):
        size.answered(size())

    assert size() == 8


def test_one_spot_that_is_too_large_costs_no_size_that_was_answered():
    size = Size(64)
    size.too_large(64)
    size.answered(31)

    for spots in (32, 16, 8, 4, 2):
        size.too_large(spots)

    assert size() == 31


def test_what_took_too_long_is_tried_again_little_by_little():
    size = Size(1000)
    size.too_slow(1000)
    assert size() == 500

    size.answered(3)  # a small one shows nothing
    assert size() == 500
    size.answered(500)
    assert size() == 550
    for _ in range(20):
        size.answered(size())
    assert size() == 1000


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.sampled_from(["answered", "too_large", "too_slow"]), st.floats(0, 1))),
)
def test_whatever_happens_a_request_holds_a_spot_and_no_more_than_set(most, told):
    size = Size(most)

    for what, share in told:
        getattr(size, what)(max(1, round(share * size())))
        assert 1 <= size() <= most


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (Answer(200, "", each={}), 64),
        (Answer(413, "too large"), 32),
        (Answer(504, "gateway timeout", given_up=True), 32),
        (Answer(None, "timeout", given_up=True), 32),
        (Answer(500, "broken"), 64),
        (Answer(201, ""), 64),
    ],
)
def test_an_answer_says_what_the_api_can_take(answer: Answer, then: int):
    size = Size(64)

    size.heard(answer, 64)

    assert size() == then
