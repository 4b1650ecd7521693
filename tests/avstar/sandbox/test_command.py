"""The command, run as users run it: a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

SPOT = b'{"spot_id":"SP1","station":"KABC","airtime":"05:30","duration_sec":30,"advertiser":"A"}'
COMMAND = ("-m", "dataflows.cli", "sandbox")


def post(sandbox, request_id="a" * 32, body=SPOT):
    headers = {
        "Authorization": f"Bearer {sandbox.token}",
        "X-Request-ID": request_id,
        "Content-Type": "application/json",
    }
    try:
        with urlopen(Request(f"{sandbox.url}/ingest", body, headers), timeout=10) as response:
            return response.status, response.headers
    except HTTPError as error:
        with error:
            return error.code, error.headers


def run(*options, **environment):
    # Only for options that are refused: a sandbox that is up does not end by itself.
    return subprocess.run(
        [sys.executable, *COMMAND, *options],
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_where_it_listens_and_serves_there(sandbox_process):
    sandbox = sandbox_process()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", sandbox.url)
    assert post(sandbox)[0] == 201
    assert [spot["spot_id"] for spot in sandbox.spots()] == ["SP1"]
    assert sandbox.stats()["accepted"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number):
    with subprocess.Popen(
        [sys.executable, *COMMAND, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        first = process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert first.startswith("Avstar sandbox listening on ")
    assert (process.returncode, out, err) == (0, "", "")


def test_its_database_outlives_it(sandbox_process, tmp_path):
    options = ("--database", str(tmp_path / "kept.db"))
    first = sandbox_process(*options)
    assert post(first)[0] == 201
    assert first.stop() == 0
    second = sandbox_process(*options)
    assert post(second)[0] == 409
    assert len(second.spots()) == 1


def test_it_is_switched_while_it_runs(sandbox_process):
    sandbox = sandbox_process()
    sandbox.faults({"500": 1.0})
    assert post(sandbox)[0] == 500
    sandbox.faults({})
    sandbox.set_token("today")
    assert post(sandbox)[0] == 201


def test_every_option_reaches_the_server(sandbox_process):
    sandbox = sandbox_process(
        "--token", "s3cret", "--rate", "3/60", "--retry-after", "date", "--announce", "x",
        "--conflict", "409", "--latency", "0.001:0.001", "--fault", "slow=0.5:0.001",
        "--fault", "lost=0", "--seed", "7", "--host", "127.0.0.1",
    )  # fmt: skip
    assert [post(sandbox)[0] for _ in range(2)] == [201, 409]
    status, headers = post(sandbox, body=SPOT.replace(b"KABC", b"WXYZ"))
    assert (status, headers["X-RateLimit-Limit"]) == (409, "3")
    status, headers = post(sandbox)
    assert (status, headers["Retry-After"][-3:]) == (429, "GMT")
    assert sandbox.stats()["conflicts"] == 1


def test_the_options_of_the_token_endpoint_reach_it(sandbox_process):
    sandbox = sandbox_process(
        "--client-id", "night", "--client-secret", "s3cret", "--token-seconds", "7",
        "--oauth-fault", "500=1",
    )  # fmt: skip
    basic = b64encode(b"night:s3cret").decode()
    form = b"grant_type=client_credentials"
    request = Request(f"{sandbox.url}/oauth/token", form, {"Authorization": f"Basic {basic}"})
    with pytest.raises(HTTPError, match="500") as trouble:
        urlopen(request, timeout=10)
    trouble.value.close()
    sandbox.oauth_faults({})
    with urlopen(request, timeout=10) as response:
        assert json.load(response)["expires_in"] == 7


@pytest.mark.parametrize("conflict", ["409", "422", "plain"])
def test_a_conflict_is_answered_as_set(sandbox_process, conflict):
    sandbox = sandbox_process("--conflict", conflict)
    post(sandbox)
    status, _ = post(sandbox, body=SPOT.replace(b"KABC", b"WXYZ"))
    assert status == (422 if conflict == "422" else 409)
    assert sandbox.stats()["conflicts"] == 1


def test_every_option_has_an_environment_variable():
    shown = run("--help", TERM="dumb").stdout
    options = re.findall(r"--([a-z-]+) ", shown)
    variables = {name.lower() for name in re.findall(r"AVSTAR_SANDBOX_(\w+)", shown)}
    assert variables == {option.replace("-", "_") for option in options if option != "help"}


def test_the_environment_is_obeyed():
    refused = run("--port", "0", AVSTAR_SANDBOX_FAULT="lost=0.5 fire=0.1")
    assert refused.returncode == 2
    assert "'fire' is no fault" in refused.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rate", "fast"], "600/60"),
        (["--latency", "soon"], "write 0.05 or 0.05:0.02"),
        (["--fault", "fire=1"], "'fire' is no fault"),
        (["--conflict", "400"], "--conflict"),
        (["--retry-after", "never"], "--retry-after"),
        (["--port", "70000"], "--port"),
        (["--token", ""], "token must be"),
        (["--client-secret", ""], "client secret must"),
        (["--token-seconds", "0"], "--token-seconds"),
        (["--oauth-fault", "fire=1"], "'fire' is no fault"),
        (["--database", "/nowhere/spots.db"], "/nowhere/spots.db"),
    ],
)
def test_an_option_that_cannot_be_ends_with_2_and_says_why(options, words):
    refused = run("--port", "0", *options)
    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_a_taken_port_ends_with_2_and_says_which():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run("--port", str(port))
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"avstar: 127.0.0.1:{port} cannot be listened on")
