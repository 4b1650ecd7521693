"""What comes back for a bulk request."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.answer import UNANSWERED, Answer
from connectors.avstar.bulk import as_whole, read_bulk_answer
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


@pytest.mark.parametrize(
    ("statuses", "proven", "verdicts"),
    [
        ((201, 403, 404), False, [Verdict.ACCEPTED, Verdict.REJECTED, Verdict.REJECTED]),
        ((403, 403, 403), True, [Verdict.HALT] * 3),
        ((403, 403, 403), False, [Verdict.HALT] * 3),
        ((404, 405, 302), False, [Verdict.HALT] * 3),
        ((404, 405, 302), True, [Verdict.REJECTED] * 3),
        ((401, 401, 401), True, [Verdict.UNAUTHORIZED] * 3),
        ((201, 401, 201), True, [Verdict.ACCEPTED, Verdict.UNAUTHORIZED, Verdict.ACCEPTED]),
    ],
)
def test_what_is_said_of_all_records_is_said_of_token_and_url(spots, statuses, proven, verdicts):
    many = spots(3)
    answer = read(*(record(one.request_id, s) for one, s in zip(many, statuses, strict=True)))

    assert judge_each(answer, many, proven=proven, bulk=True) == verdicts


@pytest.mark.parametrize("proven", [False, True])
@pytest.mark.parametrize("status", [404, 405, 301, 307])
def test_a_wrong_address_of_the_whole_is_no_spots_fault_whatever_was_accepted(
    spots, status, proven
):
    answer = read_bulk_answer(status, {}, b"")

    assert judge_each(answer, spots(3), proven=proven, bulk=True) == [Verdict.HALT] * 3


NAMELESS = [
    (b"<h1>Log in</h1>", {"Content-Type": "text/html"}),
    (b'[{"id": "a", "status": 201}]', JSON),
    (b'[{"request_id": "A", "status": 201}]', JSON),
    (b'[{"request_id": "a", "status": "created"}]', JSON),
    (b'[{"request_id": "a", "status": 201', JSON),
]


@pytest.mark.parametrize(("body", "headers"), NAMELESS)
def test_a_200_that_names_no_record_halts_at_first_and_is_a_failure_of_the_whole_later(
    spots, body, headers
):
    answer = as_whole(read_bulk_answer(200, headers, body), ["a", "b"])

    assert answer.each is None
    assert "answered 200, but says nothing of the records that were sent" in answer.detail
    assert judge_each(answer, spots(2), proven=False, bulk=True) == [Verdict.HALT] * 2
    assert judge_each(answer, spots(2), proven=True, bulk=True) == [Verdict.TRANSIENT] * 2


def test_an_answer_that_names_one_record_is_kept():
    answer = read(record("a", 201))

    assert as_whole(answer, ["a", "b"]) is answer


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
STATUSES = st.sampled_from([200, 201, 207, 299, 300, 409, 422, 500, True, "201", 201.0, None])
RECORDS = st.lists(
    st.fixed_dictionaries({"request_id": st.sampled_from(["a", "b", "c", 1]), "status": STATUSES})
    | ANYTHING
)


@given(RECORDS | ANYTHING)
def test_only_a_record_that_is_named_once_with_a_2xx_is_accepted(body):
    answer = read_bulk_answer(200, JSON, json.dumps(body).encode())

    told = [one for one in body if isinstance(one, dict)] if isinstance(body, list) else []
    for name in ("a", "b", "c", "1"):
        mine = [one.get("status") for one in told if str(one.get("request_id")) == name]
        good = len(mine) == 1 and type(mine[0]) is int and 200 <= mine[0] < 300
        status = answer.of(name).status
        assert good == (status is not None and status < 300)


@given(st.binary())
def test_whatever_comes_is_an_answer(body):
    assert read_bulk_answer(200, JSON, body).each is not None
