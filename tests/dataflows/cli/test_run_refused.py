"""What cannot work is refused in one line, and nothing is sent."""

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.avion import survey

New = Callable[..., Any]

ROOT = Path(__file__).parents[3]
SETPRIV = shutil.which("setpriv")
UNPRIVILEGED = [str(SETPRIV), "--bounding-set=-dac_override,-dac_read_search"]
"""Root may read everything, unless it gives that up."""

ROW = (
    b'{"SpotID":"SP1","StationCode":"KABC","AirDateTime":"2026-11-24T05:30:00-05:00",'
    b'"Duration":30,"ClientName":"Acme"}\n'
)
HEADER = b"SpotID,StationCode,AirDateTime,Duration,ClientName\n"

EXPORTS = {
    "missing": ("gone.ndjson", None, "cannot be read: No such file"),
    "a directory": ("..", None, "is a directory"),
    "binary": ("day.ndjson", bytes(range(32)) * 50, "is a binary file"),
    "an array without end": ("day.json", b"[\n" + ROW, "is a JSON array whose last bracket"),
    "half a gzip": ("day.ndjson", gzip.compress(ROW * 50)[:-9], "is cut: its gzip"),
    "gzip in gzip": ("day.ndjson", gzip.compress(gzip.compress(ROW)), "packed twice"),
    "UTF-16": ("day.ndjson", ROW.decode().encode("utf-16"), "UTF-16: save it as UTF-8"),
    "a CSV without a column": ("day.csv", HEADER.replace(b",Duration", b""), "Duration"),
}


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_that_is_none_is_refused(
    kind: str, tmp_path: Path, recorder: Any, new_upload: New
) -> None:
    name, content, words = EXPORTS[kind]
    path = tmp_path / "in" / name
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    before = recorder.requests
    refused = new_upload(recorder, path)()
    assert (refused.code, recorder.requests) == (2, before)
    assert str(path) in refused.refusal
    assert words in refused.refusal


SETTINGS = {
    "no URL": (["--api-url", ""], {}, "--api-url"),
    "no URL but a word": (["--api-url", "avstar"], {}, "cannot be used"),
    "a host that is none": (["--api-url", "http://a..b"], {}, "a..b"),
    "a password in a bad URL": (["--api-url", "htps://me:hush@a"], {}, "no credentials"),
    "an unknown host": (["--api-url", "http://name.invalid"], {}, "name.invalid is unknown"),
    "no token": ([], {"AVSTAR_TOKEN": None}, "no token; set AVSTAR_TOKEN"),
    "an empty token": ([], {"AVSTAR_TOKEN": " "}, "the token is empty"),
    "both tokens": (["--token-file", __file__], {}, "are set; keep one"),
    "a missing token file": (["--token-file", "/gone"], {"AVSTAR_TOKEN": None}, "/gone cannot"),
    "a directory for a token": (["--token-file", "/"], {"AVSTAR_TOKEN": None}, "file / cannot"),
    "an empty token file": (["--token-file", "/dev/null"], {"AVSTAR_TOKEN": None}, "is empty"),
    "half an OAuth client": (
        ["--oauth-url", "http://127.0.0.1:1/token"],
        {"AVSTAR_TOKEN": None},
        "set AVSTAR_OAUTH_CLIENT_ID",
    ),
    "no quota": (["--rate", "600"], {}, "write requests/seconds, such as 600/60"),
    "a quota of nothing": (["--rate", "0/60"], {}, "is no quota"),
    "more lanes than quota": (["--rate", "2/1", "--delivery-lanes", "3"], {}, "use fewer"),
    "an unknown zone": (["--timezone", "Mars/Base"], {}, "'Mars/Base' is unknown"),
    "a count out of range": (["--workers", "0"], {}, "--workers"),
    "a time out of range": (["--request-timeout", "-1"], {}, "request_timeout is -1"),
    "no number": ([], {"AVSTAR_WORKERS": "many"}, "AVSTAR_WORKERS"),
    "no CA file": (["--ca-file", "/gone"], {}, "CA file /gone cannot be read"),
    "a CA file that is none": (["--ca-file", __file__], {}, "holds no certificate"),
    "no certificate": (["--client-cert", "/gone"], {}, "client certificate /gone cannot be read"),
    "a key alone": ([], {"AVSTAR_CLIENT_KEY": "/key"}, "client key /key is of no use without"),
    "no proxy": (["--proxy", "https://me:hush@a"], {}, "write http://[user:password@]host[:port]"),
    "an unknown proxy": ([], {"AVSTAR_PROXY": "http://me:hush@name.invalid"}, "check --proxy"),
    "a state that is a file": (["--state", __file__], {}, f"{__file__} cannot be written"),
    "an out that is a file": (["--out", __file__], {}, f"{__file__} cannot be made"),
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_setting_that_cannot_work_is_refused(
    kind: str, tmp_path: Path, recorder: Any, avstar: Any
) -> None:
    options, variables, words = SETTINGS[kind]
    (tmp_path / "day.ndjson").write_bytes(ROW)
    given = ["--out", tmp_path / "out", "--api-url", recorder.url, "--rate", "100000/1"]
    before = recorder.requests
    refused = avstar("run", tmp_path / "day.ndjson", *given, *options, **variables)
    assert (refused.code, recorder.requests) == (2, before)
    assert words in refused.refusal
    assert "hush" not in refused.refusal


def test_no_export_and_no_folder_are_refused(tmp_path: Path, avstar: Any) -> None:
    assert "give --out DIR or set AVSTAR_OUT" in avstar("run").refusal
    refused = avstar("run", "--out", tmp_path, "--validate-only")
    assert refused.code == 2
    assert "name at least one file, or set AVSTAR_EXPORTS" in refused.refusal


def test_two_exports_with_the_same_content_are_refused(
    tmp_path: Path, recorder: Any, new_upload: New
) -> None:
    paths = [tmp_path / "a.ndjson", tmp_path / "b.ndjson"]
    for path in paths:
        path.write_bytes(ROW)
    before = recorder.requests
    refused = new_upload(recorder, *paths)()
    assert (refused.code, recorder.requests) == (2, before)
    assert f"{paths[0]} and {paths[1]} hold the same" in refused.refusal


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"records": 20, "sha256": "0" * 64}, "is not what the traffic system wrote"),
        ({"records": 19}, "holds 20 records, day.ndjson.manifest.json says 19"),
        ({"rows": 20}, "manifest.json cannot be used"),
    ],
)
def test_an_export_that_contradicts_its_own_manifest_is_not_sent(
    told: dict[str, Any], words: str, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(20))
    path = upload.exports[0]
    whole = {"sha256": survey(path).checksum, **told}
    path.with_name(f"{path.name}.manifest.json").write_text(json.dumps(whole))
    refused = upload()
    assert refused.code == 2
    assert words in refused.refusal
    assert upload.api.stats()["requests"] == 0


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_api_that_refuses_us_halts_the_run_and_nothing_is_dead_lettered(
    status: int, tmp_path: Path, recorder: Any, new_upload: New
) -> None:
    (tmp_path / "day.ndjson").write_bytes(ROW)
    recorder.status = status
    upload = new_upload(recorder, tmp_path / "day.ndjson")
    halted = upload()
    assert halted.code == 1
    assert f"{recorder.url}/ingest answered {status}" in halted.refusal
    letters = upload.ledger() / "dead-letters.ndjson"
    assert not letters.exists() or letters.read_bytes() == b""


def test_what_halted_goes_on_when_the_token_is_right(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(100))
    halted = upload(AVSTAR_TOKEN="wrong-e77d")
    assert (halted.code, "answered 401" in halted.refusal) == (1, True)
    assert "wrong-e77d" not in halted.err
    assert upload().code == 0
    upload.assert_exact(90)


@pytest.mark.parametrize("name", ["manifest.json", ".checkpoint"])
@pytest.mark.parametrize("content", [b"", b'{"version": 2}'])
def test_a_damaged_ledger_is_told_in_one_line(
    name: str, content: bytes, tmp_path: Path, recorder: Any, new_upload: New
) -> None:
    (tmp_path / "day.ndjson").write_bytes(ROW)
    upload = new_upload(recorder, tmp_path / "day.ndjson")
    upload.ledger().mkdir(parents=True)
    (upload.ledger() / name).write_bytes(content)
    before = recorder.requests
    refused = upload()
    assert refused.code in {1, 2}
    assert str(upload.ledger() / name) in refused.refusal
    assert recorder.requests == before


@pytest.mark.skipif(not SETPRIV, reason="setpriv (util-linux) is not installed")
@pytest.mark.parametrize("option", ["--token-file", None])
def test_a_file_that_may_not_be_read_is_told_in_one_line(
    option: str | None, tmp_path: Path, recorder: Any
) -> None:
    export, secret = tmp_path / "day.ndjson", tmp_path / "token"
    export.write_text("{}\n")
    secret.write_text("t\n")
    hidden = secret if option else export
    hidden.chmod(0)
    words = ["run", export, "--out", tmp_path / "out", "--api-url", recorder.url]
    words += [option, secret] if option else []
    variables = {} if option else {"AVSTAR_TOKEN": "t"}
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-m", "dataflows.cli", *map(str, words)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("avstar: ")
    assert f"{hidden} cannot be read: Permission denied" in done.stderr


@pytest.mark.skipif(not SETPRIV, reason="setpriv (util-linux) is not installed")
@pytest.mark.parametrize(
    ("closed", "words"),
    [
        (
            "landing",
            "is moved away from there; let this user write there, or give --follow another",
        ),
        ("archive", "/archive cannot be written; choose another folder for --archive"),
    ],
)
def test_a_folder_that_may_not_be_written_is_told_with_its_own_option(
    closed: str, words: str, tmp_path: Path, recorder: Any
) -> None:
    places = {name: tmp_path / name for name in ("landing", "archive")}
    for path in places.values():
        path.mkdir()
    places[closed].chmod(0o555)
    given = ["run", "--follow", places["landing"], "--archive", places["archive"]]
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-m", "dataflows.cli", *map(str, given)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "AVSTAR_TOKEN": "t", "AVSTAR_API_URL": recorder.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert "--out" not in done.stderr
