import sys
from typing import Any

import pytest

from connectors.errors import HaltedError, RefusedError, StoppedError
from dataflows.cli import app as module
from dataflows.cli.app import main


def test_help_lists_every_command(avstar: Any) -> None:
    told = avstar("--help")
    assert (told.code, told.err) == (0, "")
    for name in ("run", "demo", "verify", "doctor", "generate", "sandbox"):
        assert f"│ {name} " in told.out


def test_without_a_command_the_help_is_shown(avstar: Any) -> None:
    told = avstar()
    assert told.code == 2
    assert "Usage" in told.out + told.err


def test_a_version_is_told(avstar: Any) -> None:
    told = avstar("--version")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("avstar ")


def test_an_unknown_command_is_a_usage_error(avstar: Any) -> None:
    told = avstar("upload")
    assert (told.code, told.out) == (2, "")
    assert "upload" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("error", "code"), [(RefusedError, 2), (HaltedError, 1), (StoppedError, 75)]
)
def test_an_error_that_we_know_is_one_line_and_its_exit_code(
    error: type[Exception],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def app() -> None:
        raise error("what, where, how to mend")

    monkeypatch.setattr(module, "app", app)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert capsys.readouterr() == ("", "avstar: what, where, how to mend\n")


def test_the_command_can_be_started_by_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["avstar", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
