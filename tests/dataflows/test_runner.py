import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from connectors.errors import AvstarError, HaltedError, RefusedError, StoppedError
from connectors.records import Export
from connectors.stop import Stop
from dataflows.exports import open_exports
from dataflows.meter import Meter
from dataflows.runner import ExitCode, _manifests, _our_own, _unexpected, exit_code, run
from dataflows.settings import fixed_settings, load_settings

New = Callable[..., Any]


@pytest.mark.parametrize(
    ("error", "code"),
    [(RefusedError, 2), (HaltedError, 1), (StoppedError, 75), (AvstarError, 1)],
)
def test_every_error_has_its_exit_code(error: type[AvstarError], code: int) -> None:
    assert exit_code(error("why")) == code


def test_the_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "SETTLED": 0,
        "FAILED": 1,
        "USAGE": 2,
        "DEAD_LETTERS": 3,
        "STOPPED": 75,
    }


def test_our_error_is_found_under_those_of_the_engine() -> None:
    ours = HaltedError("why")
    engine = RuntimeError("worker panicked")
    engine.__cause__ = KeyError("step")
    engine.__cause__.__context__ = ours
    assert _our_own(engine) is ours
    assert _our_own(ours) is ours


def test_where_there_is_none_of_ours_there_is_none() -> None:
    assert _our_own(RuntimeError("engine")) is None
    assert _our_own(None) is None


def test_what_nobody_expected_is_told_by_its_root_in_one_line() -> None:
    engine = RuntimeError("worker panicked")
    engine.__cause__ = OSError(28, "No space left on device")
    told = str(_unexpected(engine, "noise\n"))
    assert told.startswith("unexpected OSError: [Errno 28] No space left on device; run again")
    assert "\n" not in told


def test_a_root_of_many_lines_is_told_in_one_line() -> None:
    assert "\n" not in str(_unexpected(ValueError("first\nsecond"), ""))


def test_a_run_returns_the_manifests_of_its_exports(
    api: New, new_export: Callable[..., Path], tmp_path: Path
) -> None:
    running = api()
    settings = load_settings(
        exports=(new_export(60), new_export(40, "night.csv", seed=2)),
        out=tmp_path / "out",
        api_url=running.url,
        token=running.token,
        rate="10000/0.1",
    )
    exports, meter = open_exports(settings), Meter()
    manifests = run(settings, exports, Stop(), meter)
    assert [manifest.export for manifest in manifests] == ["day.ndjson", "night.csv"]
    assert (meter.delivered, meter.dead_letters, meter.done) == (80, 20, 100)
    assert running.stats()["accepted"] == 80

    for export in exports:  # the state says that all is done, and the ledgers are gone
        shutil.rmtree(settings.out_folder / export.key)
    with pytest.raises(RefusedError, match=r"manifest\.json is gone, but .*\.state knows"):
        run(settings, exports, Stop(), Meter())
    assert running.stats()["requests"] == 80


def test_a_run_that_is_stopped_before_it_begins_sends_nothing(
    new_export: Callable[..., Path], tmp_path: Path, recorder: Any
) -> None:
    settings = load_settings(
        exports=(new_export(60),), out=tmp_path / "out", api_url=recorder.url, token="t"
    )
    stop, before = Stop(), recorder.requests
    stop.request()
    with pytest.raises(StoppedError, match="run the same command again"):
        run(settings, open_exports(settings), stop, Meter())
    assert recorder.requests == before


def test_a_check_leaves_no_state(new_export: Callable[..., Path], tmp_path: Path) -> None:
    settings = load_settings(exports=(new_export(60),), out=tmp_path / "out", validate_only=True)
    (manifest,) = run(settings, open_exports(settings), Stop(), Meter())
    assert (manifest.mode, manifest.valid_records, manifest.reconciled) == (
        "validate-only",
        50,
        True,
    )
    assert not settings.state_folder.exists()


def test_a_manifest_that_another_process_wrote_is_waited_for(
    new_export: Callable[..., Path], tmp_path: Path
) -> None:
    """On a network folder it may be seen a while after it was written."""
    settings = load_settings(exports=(new_export(60),), out=tmp_path / "out", validate_only=True)
    exports = open_exports(settings)
    [manifest] = run(settings, exports, Stop(), Meter())
    path = tmp_path / "out" / manifest.ledger / "manifest.json"
    hidden = path.rename(path.with_name("hidden"))
    with pytest.raises(HaltedError, match="not accounted for"):
        _manifests(settings, exports, Stop())
    shown = Timer(0.2, hidden.rename, [path])
    shown.start()
    assert _manifests(settings, exports, Stop(), patience=30) == [manifest]
    shown.join()


def test_a_manifest_is_not_waited_for_by_one_that_was_asked_to_stop(tmp_path: Path) -> None:
    stop = Stop()
    stop.request()
    export = Export(tmp_path / "day.ndjson", "ndjson", "ab" * 32, 100, 1, ())
    with pytest.raises(StoppedError):
        _manifests(fixed_settings(out=tmp_path), [export], stop, patience=3600)
