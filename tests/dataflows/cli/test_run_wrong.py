"""A wrong URL or wrong credentials end the run with the API's own words, and nothing else."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from aiohttp import web

from tests.dataflows.front import Front, problem

New = Callable[..., Any]

SMALL = ("--checkpoint-records", "50", "--concurrency", "5")


@pytest.fixture
def new_front(api: New) -> Iterator[Callable[..., Front]]:
    """Put a gateway before an API with these options; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(Front(api(*options)).serving())


@pytest.mark.parametrize("status", [302, 403, 404, 405])
def test_before_anything_was_accepted_a_wrong_place_halts_and_is_mended(
    status: int, new_front: New, new_export: New, new_upload: New
) -> None:
    front = new_front()
    upload = new_upload(front, new_export(300, bad=0))
    front.judge = lambda *_: problem(status, "it moved\nto /v2", Location="https://b/v2?session=1")

    halted = upload()

    moved = " redirects to https://b/v2" if status == 302 else ""
    assert halted.code == 1
    assert halted.refusal == (
        f"avstar: {front.url}/ingest answered {status} (No such place: it moved to /v2{moved}); "
        "check the token and the API URL, then run again: nothing was dead-lettered for it\n"
    )
    assert not any(path.read_bytes() for path in upload.out.glob("*/*.ndjson"))
    assert len(front.paths) <= 20
    assert front.stats()["requests"] == 0

    front.judge = lambda *_: None
    assert upload().code == 0
    upload.assert_exact(300)
    assert front.stats()["duplicates"] == 0


@pytest.mark.parametrize("status", [302, 404, 405])
def test_once_something_was_accepted_it_is_the_spot_that_is_refused(
    status: int, new_front: New, new_export: New, new_upload: New
) -> None:
    front, path = new_front(), new_export(300, bad=0)
    row = json.loads(path.read_bytes().splitlines()[200])

    def judge(_: web.Request, body: bytes) -> web.Response | None:
        spot = json.loads(body)
        same = (spot["spot_id"], spot["station"]) == (row["SpotID"], row["StationCode"])
        return problem(status, "an unknown spot") if same else None

    front.judge = judge
    upload = new_upload(front, path)

    assert upload(*SMALL).code == 0
    (letter,) = upload.rows("dead-letters")
    assert (letter["line"], letter["reason"], letter["status"]) == (201, "rejected", status)
    assert letter["detail"] == "No such place: an unknown spot"
    upload.assert_exact(299)


def test_a_403_in_the_middle_of_the_night_halts_and_is_mended(
    new_front: New, new_export: New, new_upload: New
) -> None:
    front = new_front()
    upload = new_upload(front, new_export(300, bad=0))
    front.judge = lambda *_: problem(403, "not yours") if len(front.paths) > 160 else None

    halted = upload(*SMALL)

    assert halted.code == 1
    last = halted.err.splitlines()[-1]
    assert f"{front.url}/ingest answered 403 (No such place: not yours)" in last
    assert 100 <= len(upload.rows("receipts")) <= 160
    assert upload.rows("dead-letters") == []

    front.judge = lambda *_: None
    assert upload(*SMALL).code == 0
    upload.assert_exact(300)
    assert upload.rows("dead-letters") == []
