"""Whether a run sends again at its end; that it does is seen in `cli/test_run_redrive.py`."""

from pathlib import Path

import pytest

from connectors.ledger import Manifest
from connectors.stop import Stop
from dataflows.meter import Meter
from dataflows.redrive import redrive_once
from dataflows.screen import Screen
from dataflows.settings import fixed_settings
from tests.desk.letters import letter, night
from tests.ledger.ledgers import Ledgers


def once(ledgers: Ledgers, *, unanswered: int = 0) -> list[Manifest]:
    """Do as a run does at its end, when it was asked to stop meanwhile."""
    settings = fixed_settings(out=ledgers.folder, api_url="http://127.0.0.1:9", token="t")
    manifests = [one.manifest for one in ledgers.ledgers()]
    meter, stop = Meter(), Stop()
    meter.unanswered = unanswered
    stop.request()
    return redrive_once(settings, manifests, meter, stop, Screen(settings))


def sheets(ledgers: Ledgers) -> list[str]:
    return [path.name for path in ledgers.folder.glob("*.csv")]


def test_an_api_that_is_not_well_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledgers = night(tmp_path, letter(0, "circuit_open"))
    assert once(ledgers, unanswered=5) == []
    assert not sheets(ledgers)
    assert "Avstar was not well at the end; later: avstar dlq redrive" in capsys.readouterr().err


def test_of_what_was_refused_for_good_there_is_nothing_to_send_again(tmp_path: Path) -> None:
    ledgers = night(tmp_path, letter(0), letter(1, "rejected"))
    assert once(ledgers) == []
    assert not sheets(ledgers)


def test_nothing_is_sent_when_a_stop_was_asked_for_and_a_sheet_of_then_is_made_anew(
    tmp_path: Path,
) -> None:
    ledgers = night(tmp_path, letter(0, "circuit_open"))
    for _ in range(2):
        assert once(ledgers) == []
        [sheet] = sheets(ledgers)
        assert sheet.endswith(".redrive-1.csv")
