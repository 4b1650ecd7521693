"""What no patience mends ends the run with a reason; nothing is dead-lettered and nothing lost."""

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.faults.scripted import Scripted, answer, scripted_api

New = Callable[..., Any]

PROBLEM = json.dumps({"type": "about:blank", "title": "No such place", "detail": "try v2"}).encode()
SMALL = ("--checkpoint-records", "50", "--concurrency", "5")


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with scripted_api() as api:
        yield api


@pytest.mark.parametrize("status", [302, 401, 403, 404, 405])
def test_a_wrong_url_or_token_halts_with_what_the_api_said(
    status: int, scripted: Scripted, new_export: New, new_upload: New
) -> None:
    scripted.always = answer(status, PROBLEM, Content_Type="application/problem+json")
    upload = new_upload(scripted, new_export(500, bad=0))
    halted = upload("--concurrency", "5")
    assert halted.code == 1
    said = f"{scripted.url}/ingest answered {status} (No such place: try v2)"
    assert said in halted.refusal
    assert len(scripted.requests) <= (20 if status == 401 else 5), "a 401 is tried again"
    assert upload.rows("dead-letters") == upload.rows("receipts") == []

    scripted.always = None
    assert upload("--concurrency", "50").code == 0
    assert len(upload.rows("receipts")) == len(scripted.scheduled) == 500


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_revoked_in_the_night_halts_and_costs_nothing(
    status: int, scripted: Scripted, new_export: New, new_upload: New
) -> None:
    path = new_export(300, bad=0)
    revoked_at = json.loads(path.read_bytes().splitlines()[200])["SpotID"]
    scripted.steps[revoked_at] = [answer(status)] * 100
    upload = new_upload(scripted, path)
    halted = upload(*SMALL)
    assert (halted.code, f"answered {status}" in halted.refusal) == (1, True)
    assert 100 < len(upload.rows("receipts")) < 300
    assert upload.rows("dead-letters") == []

    scripted.steps.clear()
    assert upload(*SMALL).code == 0
    assert upload.rows("dead-letters") == []
    assert len(upload.rows("receipts")) == 300
    assert len({request_id for _, request_id in scripted.scheduled}) == 300


def test_a_certificate_not_trusted_halts_before_the_token_is_sent(
    tmp_path: Path, scripted: Scripted, new_export: New, new_upload: New
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    scripted.socket = context.wrap_socket(scripted.socket, server_side=True)
    scripted.url = f"https://localhost:{scripted.server_port}"
    upload = new_upload(scripted, new_export(50, bad=0))
    halted = upload()
    assert halted.code == 1
    assert "cannot be used (certificate not trusted" in halted.refusal
    assert scripted.requests == upload.rows("dead-letters") == []
