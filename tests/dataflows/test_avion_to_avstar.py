"""The dataflow under plain Bytewax, configured by the environment alone."""

import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connectors.avion import survey

New = Callable[..., Any]
ROOT = Path(__file__).parents[2]
MODULE = "dataflows.avion_to_avstar:flow"
FILE = f"{ROOT}/dataflows/avion_to_avstar.py:flow"


class Plain:
    """`python -m bytewax.run` in another working directory."""

    def __init__(self, python: Any, upload: Any, folder: Path) -> None:
        self._python = python
        self._cwd = folder / "elsewhere"
        self._cwd.mkdir(parents=True)
        self.state = folder / "plain-state"
        self._variables = {
            "AVSTAR_EXPORTS": ":".join(map(str, upload.exports)),
            "AVSTAR_OUT": str(upload.out),
            "AVSTAR_API_URL": upload.api.url,
            "AVSTAR_RATE": "10000/0.1",
            "AVSTAR_CHECKPOINT_RECORDS": "100",
        }

    def prepare(self) -> None:
        self.state.mkdir()
        assert self._python("bytewax.recovery", self.state, "1").code == 0

    def start(self, flow: str = FILE, *options: str, **variables: str | None) -> Any:
        words = ["bytewax.run", flow, "-r", self.state, "-s", "0", "-b", "0", *options]
        return self._python.start(*words, cwd=self._cwd, **{**self._variables, **variables})

    def stored(self) -> set[tuple[str, str]]:
        with closing(sqlite3.connect(self.state / "part-0.sqlite3")) as store:
            return set(store.execute("SELECT DISTINCT step_id, state_key FROM snaps"))


@pytest.mark.parametrize(("flow", "variables"), [(MODULE, {"PYTHONPATH": str(ROOT)}), (FILE, {})])
def test_it_runs_from_any_folder_under_plain_bytewax(
    flow: str,
    variables: dict[str, str],
    python: Any,
    api: New,
    new_export: New,
    new_upload: New,
    tmp_path: Path,
) -> None:
    upload = new_upload(api(), new_export(500), new_export(300, "night.csv", seed=2))
    plain = Plain(python, upload, tmp_path)
    plain.prepare()
    done = plain.start(flow, "-w", "2", **variables).finish()
    assert (done.code, done.out) == (0, ""), done.err
    upload.assert_exact(500 + 300 - 20)
    assert plain.start(flow, **variables).finish().code == 0
    assert upload.api.stats()["requests"] == 780


def test_stopped_and_killed_it_resumes_under_the_names_that_stores_hold(
    python: Any, api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    upload = new_upload(api("--latency", "0.02"), new_export(900))
    plain = Plain(python, upload, tmp_path)
    plain.prepare()
    for number in (signal.SIGTERM, signal.SIGKILL):
        goal = upload.accepted + 150
        running = plain.start()
        running.until(lambda goal=goal: upload.accepted >= goal)
        running.finish(number)
        if number == signal.SIGTERM:
            assert upload.api.stats()["requests"] == upload.accepted < 890
    lanes = {("avion_to_avstar.read", f"lane-{i}") for i in range(8)}
    assert plain.stored() == lanes | {
        ("avion_to_avstar.deliver.send", "lane-0"),
        ("avion_to_avstar.ledger.book", survey(upload.exports[0]).key),
    }
    assert plain.start().finish().code == 0
    upload.assert_exact(890)


def test_what_plain_bytewax_began_the_command_finishes(
    python: Any, api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    upload = new_upload(api("--latency", "0.02"), new_export(400))
    plain = Plain(python, upload, tmp_path)
    plain.prepare()
    running = plain.start()
    running.until(lambda: upload.accepted >= 100)
    running.finish(signal.SIGTERM)
    shutil.move(plain.state, upload.state)
    assert upload("--workers", "2").code == 0
    upload.assert_exact(390)
    assert upload.api.stats()["duplicates"] == 0


def test_two_runs_never_write_one_ledger_whatever_their_states(
    python: Any, api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    upload = new_upload(api("--latency", "0.3"), new_export(900))
    plain, others = Plain(python, upload, tmp_path), Plain(python, upload, tmp_path / "other")
    plain.prepare()
    others.prepare()
    running = plain.start(AVSTAR_STATE=str(plain.state), AVSTAR_CONCURRENCY="5")
    running.until(lambda: upload.accepted >= 5)
    refused = others.start(AVSTAR_STATE=str(others.state)).finish()
    assert refused.code == 2
    assert refused.refusal == (
        f"avstar: {upload.ledger()} is written by another run; wait for it to end\n"
    )
    running.finish(signal.SIGTERM)
    fast = plain.start(AVSTAR_STATE=str(plain.state), AVSTAR_CONCURRENCY="200")
    assert fast.finish().code == 0
    upload.assert_exact(890)


def test_settings_that_cannot_work_are_one_line_here_too(python: Any, tmp_path: Path) -> None:
    refused = python("bytewax.run", FILE, cwd=tmp_path, AVSTAR_OUT=str(tmp_path))
    assert refused.code == 2
    assert "set AVSTAR_API_URL" in refused.refusal
    assert not list(tmp_path.glob("*/"))


def test_it_can_be_drawn(python: Any, new_export: New, tmp_path: Path) -> None:
    drawn = python(
        "bytewax.visualize",
        MODULE,
        AVSTAR_EXPORTS=str(new_export(20)),
        AVSTAR_OUT=str(tmp_path / "out"),
        AVSTAR_API_URL="http://127.0.0.1:9",
    )
    assert (drawn.code, drawn.err) == (0, "")
    assert drawn.out.startswith("flowchart TD")
    for step in ("read", "validate", "deliver", "ledger", "sealed"):
        assert f"avion_to_avstar.{step}[" in drawn.out
    assert not (tmp_path / "out").exists()
