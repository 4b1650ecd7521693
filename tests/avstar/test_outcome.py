"""What every answer means, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.answer import Answer
from connectors.avstar.outcome import REUSED_ID, Verdict, judge

BOTH = (False, True)
REUSED = f"urn:avstar:problem:{REUSED_ID}"


def answer(status: int | None, retry_after: float | None = None, kind: str = "") -> Answer:
    return Answer(status, "", retry_after, kind)


@pytest.mark.parametrize("proven", BOTH)
@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        *((answer(status), Verdict.ACCEPTED) for status in (200, 201, 202, 204, 299)),
        (answer(409), Verdict.DUPLICATE),
        (answer(409, kind="urn:avstar:problem:already-scheduled"), Verdict.DUPLICATE),
        (answer(429), Verdict.THROTTLED),
        (answer(429, 5.0), Verdict.THROTTLED),
        (answer(429, 0.0), Verdict.THROTTLED),
        (answer(503, 5.0), Verdict.THROTTLED),
        (answer(503, 0.0), Verdict.THROTTLED),
        (answer(503), Verdict.TRANSIENT),
        *((answer(status), Verdict.TRANSIENT) for status in (408, 425, 500, 502, 504, 599)),
        *((answer(status, 5.0), Verdict.THROTTLED) for status in (408, 425, 500, 502, 504)),
        (answer(413, 5.0), Verdict.REJECTED),
        (answer(None), Verdict.TRANSIENT),
        (answer(401), Verdict.UNAUTHORIZED),
        (answer(403), Verdict.HALT),
        (answer(422, kind=REUSED), Verdict.CONFLICT),
        (answer(422), Verdict.REJECTED),
        (answer(422, kind="urn:avstar:problem:invalid-record"), Verdict.REJECTED),
        *((answer(status), Verdict.REJECTED) for status in (400, 402, 406, 410, 413, 415, 451)),
        (answer(400, kind=REUSED), Verdict.REJECTED),
    ],
)
def test_an_answer_means_the_same_before_and_after_the_first_success(answer, verdict, proven):
    assert judge(answer, proven=proven) is verdict


@pytest.mark.parametrize("status", [404, 405, 300, 301, 302, 303, 304, 307, 308])
def test_a_wrong_address_halts_until_something_was_accepted(status):
    assert judge(answer(status), proven=False) is Verdict.HALT
    assert judge(answer(status), proven=True) is Verdict.REJECTED


def test_an_untrusted_certificate_halts_until_something_was_accepted():
    untrusted = Answer(None, "certificate not trusted", misconfigured=True)

    assert judge(untrusted, proven=False) is Verdict.HALT
    assert judge(untrusted, proven=True) is Verdict.TRANSIENT


@pytest.mark.parametrize("status", [400, 407])
@pytest.mark.parametrize("proven", BOTH)
def test_what_is_said_of_our_certificate_or_proxy_login_halts_at_any_time(status, proven):
    assert judge(Answer(status, "", misconfigured=True), proven=proven) is Verdict.HALT


@pytest.mark.parametrize("proven", BOTH)
def test_a_409_that_says_the_request_id_is_another_spots_is_not_delivered(proven):
    assert judge(answer(409, kind=REUSED), proven=proven) is Verdict.CONFLICT


@given(
    st.none() | st.integers(100, 999),
    st.none() | st.floats(0, 1e6),
    st.sampled_from(["", REUSED, "about:blank"]),
    st.booleans(),
)
def test_every_answer_has_a_verdict_and_only_success_is_success(status, wait, kind, proven):
    verdict = judge(answer(status, wait, kind), proven=proven)

    assert (verdict is Verdict.ACCEPTED) == (status is not None and 200 <= status < 300)
    assert status is not None or verdict is Verdict.TRANSIENT
