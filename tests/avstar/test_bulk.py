"""What comes back for a bulk request."""

import json

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.answer import UNANSWERED, Answer
from connectors.avstar.bulk import read_bulk_answer
from connectors.avstar.outcome import Verdict, judge_each

JSON = {"Content-Type": "application/json"}
REUSED = "urn:avstar:problem:request-id-reused"


def read(*records, status=200, headers=None):
    return read_bulk_answer(status, {**JSON, **(headers or {})}, json.dumps(records).encode())


def record(request_id, status, **more):
    return {"request_id": request_id, "status": status, **more}


def test_each_record_has_its_own_answer_in_any_order():
    answer = read(
        record("b", 422, type="urn:x", title="Bad", detail="duration_sec: no"),
        record("a", 201),
        record("c", 409, type=REUSED, title="Reused"),
    )

    assert answer.each == {
        "a": Answer(201, ""),
        "b": Answer(422, "Bad: duration_sec: no", problem_type="urn:x"),
        "c": Answer(409, "Reused", problem_type=REUSED),
    }
    assert (answer.status, answer.of("a").status) == (200, 201)


def test_a_record_that_is_left_out_may_be_scheduled_or_not_and_is_sent_again(spots):
    one, other = spots(2)
    answer = read(record(one.request_id, 201))

    assert answer.of(other.request_id) is UNANSWERED
    assert judge_each(answer, [one, other], proven=True) == [Verdict.ACCEPTED, Verdict.TRANSIENT]


def test_a_record_that_is_answered_twice_is_not_answered():
    assert read(record("a", 201), record("a", 422)).of("a") is UNANSWERED


def test_a_status_that_is_none_is_no_answer():
    strange = [None, "201", 201.5, True, 0, 100, 99, 600, -1, [], {}]

    for status in strange:
        assert read(record("a", status)).of("a") is UNANSWERED


def test_a_refusal_of_the_whole_is_one_for_each_record(spots):
    body = json.dumps({"type": "urn:x", "title": "Too large", "detail": "at most 1000"}).encode()
    headers = {"Content-Type": "application/problem+json", "Retry-After": "7"}

    answer = read_bulk_answer(413, headers, body)

    assert answer.each is None
    assert answer.of("a") == answer
    assert (answer.status, answer.detail, answer.retry_after) == (413, "Too large: at most 1000", 7)


def test_a_retry_after_holds_for_the_records_that_are_throttled(spots):
    [one] = spots(1)
    answer = read(record(one.request_id, 429), headers={"Retry-After": "7"})

    assert judge_each(answer, [one], proven=True) == [Verdict.THROTTLED]
    assert (answer.retry_after, answer.of(one.request_id).retry_after) == (7, 7)


def test_a_401_or_403_of_one_record_is_its_own_refusal(spots):
    many = spots(3)
    statuses = (401, 403, 404)
    answer = read(*(record(one.request_id, s) for one, s in zip(many, statuses, strict=True)))

    assert judge_each(answer, many, proven=False) == [Verdict.REJECTED] * 3


def test_a_200_that_says_nothing_of_any_record_halts_before_anything_was_ever_accepted(spots):
    many = spots(2)
    answer = read_bulk_answer(200, {"Content-Type": "text/html"}, b"<h1>Log in</h1>")

    assert judge_each(answer, many, proven=False) == [Verdict.HALT] * 2
    assert judge_each(answer, many, proven=True) == [Verdict.TRANSIENT] * 2


def test_secrets_are_masked_in_the_words_of_records():
    answer = read_bulk_answer(
        200,
        JSON,
        json.dumps([record("a", 422, detail="token s3cret-token is odd")]).encode(),
        secrets=["s3cret-token"],
    )

    assert answer.of("a").detail == "token *** is odd"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("status"), inner),
    max_leaves=20,
)


@given(ANYTHING | st.lists(st.fixed_dictionaries({"request_id": ANYTHING, "status": ANYTHING})))
def test_whatever_it_says_nothing_is_taken_for_accepted_but_a_2xx_under_its_own_id(body):
    answer = read_bulk_answer(200, JSON, json.dumps(body).encode())

    for name, one in (answer.each or {}).items():
        if one.status is not None and one.status < 300:
            [mine] = [r for r in body if isinstance(r, dict) and str(r.get("request_id")) == name]
            assert mine["status"] == one.status


@given(st.binary())
def test_whatever_comes_is_an_answer(body):
    assert read_bulk_answer(200, JSON, body).each is not None
