"""Nights with tokens that run out, are rotated or refused, between real processes."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

New = Callable[..., Any]

SECRET = "hush-4b1d+%"
SMALL = ("--checkpoint-records", "50")
SLOW = ("--latency", "0.02", "--rate", "100/1")
PATIENT = ("--rate", "90/1", "--backoff-base", "0.2", "--backoff-max", "0.2")


class Night:
    """An upload by an OAuth client, whose secret is in the environment."""

    def __init__(self, upload: Any) -> None:
        self.upload = upload
        self.api = upload.api
        self.variables: dict[str, str | None] = {
            "AVSTAR_TOKEN": None,
            "AVSTAR_OAUTH_URL": f"{upload.api.url}/oauth/token",
            "AVSTAR_OAUTH_CLIENT_ID": "night",
            "AVSTAR_OAUTH_CLIENT_SECRET": SECRET,
        }

    def start(self, *options: object, **variables: str | None) -> Any:
        return self.upload.start(*options, **{**self.variables, **variables})

    def __call__(self, *options: object, **variables: str | None) -> Any:
        return self.start(*options, **variables).finish()


@pytest.fixture
def night(api: New, new_export: New, new_upload: New) -> New:
    """Make an upload of 390 good spots to an API with these options."""

    def night(*options: str, records: int = 400) -> Night:
        client = ("--client-id", "night", "--client-secret", SECRET)
        return Night(new_upload(api(*client, *options), new_export(records)))

    return night


def test_tokens_that_live_a_second_carry_a_whole_run(night: New) -> None:
    upload = night(*SLOW, "--token-seconds", "1")
    assert upload(*PATIENT, "--max-attempts", "1").code == 0
    upload.upload.assert_exact(390)
    stats = upload.api.stats()
    assert stats["tokens_issued"] >= 4
    attempts = sum(row["attempts"] for row in upload.upload.rows("receipts"))
    assert attempts == stats["requests"]


def test_all_lanes_of_a_process_share_one_token(night: New) -> None:
    upload = night()
    assert upload("--workers", "2", "--delivery-lanes", "2").code == 0
    upload.upload.assert_exact(390)
    assert upload.api.stats()["tokens_issued"] == 2, "one when it is checked, one to send"


def test_an_endpoint_that_restarts_in_the_night_is_waited_for(night: New) -> None:
    upload = night(*SLOW, "--token-seconds", "1")
    running = upload.start(*PATIENT, "--max-attempts", "1", "--log-json")
    running.until(lambda: upload.upload.accepted > 50)
    upload.api.oauth_faults({"500": 0.5, "reset": 0.5})
    failing = upload.api.stats()["token_requests"] + 4
    running.until(lambda: upload.api.stats()["token_requests"] >= failing)
    upload.api.oauth_faults({})
    done = running.finish()
    assert done.code == 0
    assert '"event": "no token"' in done.err
    upload.upload.assert_exact(390)


def test_an_endpoint_that_is_not_there_yet_is_waited_for(night: New) -> None:
    upload = night("--oauth-fault", "500=1")
    running = upload.start(*PATIENT)
    running.until(lambda: upload.api.stats()["token_requests"] >= 3)
    assert upload.api.stats()["requests"] == 0
    upload.api.oauth_faults({})
    assert running.finish().code == 0
    upload.upload.assert_exact(390)


def test_a_stop_is_heard_while_there_is_no_token(night: New) -> None:
    upload = night(*SLOW, "--token-seconds", "1")
    running = upload.start("--rate", "90/1", *SMALL, "--backoff-base", "30")
    running.until(lambda: upload.upload.accepted > 50)
    upload.api.oauth_faults({"throttle": 1})
    failing = upload.api.stats()["token_requests"] + 2
    running.until(lambda: upload.api.stats()["token_requests"] >= failing)
    stopped = running.finish(signal.SIGTERM)
    assert stopped.code == 75
    assert "again to resume" in stopped.err.splitlines()[-1]
    upload.api.oauth_faults({})
    assert upload().code == 0
    upload.upload.assert_exact(390)


def test_a_client_that_is_refused_in_the_night_halts_the_run_and_it_resumes(night: New) -> None:
    upload = night(*SLOW, "--token-seconds", "1")
    running = upload.start(*PATIENT, *SMALL)
    running.until(lambda: upload.upload.accepted > 50)
    upload.api.oauth_faults({"expired": 1})
    halted = running.finish()
    assert halted.code == 1
    assert halted.err.splitlines()[-1].startswith(
        f"avstar: token endpoint {upload.api.url}/oauth/token answered 401 (invalid_client: "
    )
    upload.api.oauth_faults({})
    assert upload().code == 0
    upload.upload.assert_exact(390)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AVSTAR_OAUTH_CLIENT_SECRET": "wrong-e77d"}, "answered 401 (invalid_client: "),
        ({"AVSTAR_OAUTH_URL": "{url}/nowhere"}, "/nowhere answered 404 (Not Found: "),
        ({"AVSTAR_OAUTH_URL": "http://name.invalid/token"}, "name.invalid is unknown"),
        (
            {"AVSTAR_OAUTH_CLIENT_SECRET": None, "AVSTAR_OAUTH_CLIENT_SECRET_FILE": "/gone"},
            "client secret file /gone cannot be read: No such file",
        ),
    ],
)
def test_a_client_that_is_wrong_from_the_start_is_refused_before_anything_is_read(
    variables: dict[str, str | None], words: str, night: New
) -> None:
    upload = night(records=20)
    refused = upload(
        **{name: value and value.format(url=upload.api.url) for name, value in variables.items()}
    )
    assert refused.code == 2
    assert words in refused.refusal
    assert "wrong-e77d" not in refused.refusal
    assert upload.api.stats()["requests"] == 0
    assert not upload.upload.out.exists()


def test_options_name_the_client_and_a_file_its_secret(night: New, tmp_path: Path) -> None:
    upload = night(records=50)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    options = ("--oauth-url", f"{upload.api.url}/oauth/token", "--oauth-client-id", "night")
    file = ("--oauth-client-secret-file", tmp_path / "secret", "--oauth-scope", "ingest")
    assert upload.upload(*options, *file, AVSTAR_TOKEN=None).code == 0
    assert upload.api.stats()["tokens_issued"] == 2


def test_a_secret_that_kubernetes_rotates_costs_no_spot_and_no_attempt(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    place = tmp_path / "mounted"
    for number, token in enumerate(("first-3f9a", "second-7c21")):
        (place / f"..{number}").mkdir(parents=True)
        (place / f"..{number}" / "token").write_text(f"{token}\n")
    (place / "..data").symlink_to("..0")
    (place / "token").symlink_to("..data/token")
    upload = new_upload(api("--latency", "0.05"), new_export(400))
    upload.api.set_token("first-3f9a")
    options = ("--token-file", place / "token", "--concurrency", "5", "--max-attempts", "1")
    running = upload.start(*options, AVSTAR_TOKEN=None)
    running.until(lambda: upload.accepted > 100)

    (place / "..data_tmp").symlink_to("..1")
    (place / "..data_tmp").rename(place / "..data")
    upload.api.set_token("second-7c21")

    assert running.finish().code == 0
    upload.assert_exact(390)
    stats = upload.api.stats()
    assert 1 <= stats["unauthorized"] <= 5
    assert stats["duplicates"] == 0


def test_a_token_that_is_not_rotated_in_time_halts_the_run_and_it_resumes(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first-3f9a")
    upload = new_upload(api("--latency", "0.05"), new_export(400))
    upload.api.set_token("first-3f9a")
    options = ("--token-file", file, "--concurrency", "5", *SMALL)
    running = upload.start(*options, AVSTAR_TOKEN=None)
    running.until(lambda: upload.accepted > 100)
    upload.api.set_token("second-7c21")
    halted = running.finish()
    assert (halted.code, "answered 401" in halted.err.splitlines()[-1]) == (1, True)

    file.write_text("second-7c21")
    assert upload(*options, AVSTAR_TOKEN=None).code == 0
    upload.assert_exact(390)
