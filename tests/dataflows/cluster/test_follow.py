"""Several processes follow one folder: the first decides what is next, the others help."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dataflows.cli.following import Landing
from tests.dataflows.cluster.conftest import free_addresses

New = Callable[..., Any]


class Fleet:
    """Processes with the same command, each with its index."""

    def __init__(self, landing: Landing, count: int) -> None:
        self.landing = landing
        self.addresses = free_addresses(count)

    def start_one(self, process: int, *options: object) -> Any:
        variables = {
            "BYTEWAX_ADDRESSES": ";".join(self.addresses),
            "BYTEWAX_PROCESS_ID": str(process),
        }
        return self.landing.start("--checkpoint-records", "50", *options, **variables)

    def start(self) -> list[Any]:
        return [self.start_one(process) for process in range(len(self.addresses))]


@pytest.fixture
def fleet(avstar: Any, tmp_path: Path, api: New) -> New:
    return lambda *options: Fleet(Landing(avstar, tmp_path, api(*options)), 2)


def test_good_exports_are_uploaded_by_all_and_a_bad_one_stops_nobody(fleet: New) -> None:
    both = fleet()
    names = ("a.ndjson", "c.csv", "d.ndjson")
    for number, name in enumerate(names):
        both.landing.put(name, 100, seed=number)
        (both.landing.folder / f"bad-{number}.csv").write_text(f"Spot\n{number}\n")
    processes = both.start()
    both.landing.until(processes[0], *names)
    processes[0].until(lambda: both.landing.left() == ["rejected"])
    done = [process.finish(signal.SIGTERM) for process in processes]
    assert [one.code for one in done] == [75, 75]
    assert all(one.out.count("reconciled    yes") == 3 for one in done)
    assert both.landing.left() == ["rejected"]
    assert len(list(both.landing.folder.glob("rejected/bad-*.csv/*.reason"))) == 3
    both.landing.assert_exact(300, *names)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_when_one_goes_in_the_middle_all_go_and_the_next_ones_end_exactly(
    which: int, how: signal.Signals, fleet: New
) -> None:
    both = fleet("--latency", "0.2")
    both.landing.put("day.ndjson", 400, ".done", seed=1)
    both.landing.put("next.ndjson", 60, ".done", seed=2)
    processes = both.start()
    both.landing.until_accepted(processes[0], 70)
    processes[which].process.send_signal(how)
    codes = [process.finish().code for process in processes]
    assert codes[1 - which] == 75
    assert codes[which] == (75 if how is signal.SIGTERM else -9)
    processes = both.start()
    both.landing.until(processes[0], "day.ndjson", "next.ndjson")
    assert {process.finish(signal.SIGTERM).code for process in processes} == {75}
    both.landing.assert_exact(460, "day.ndjson", "next.ndjson")


def test_one_that_goes_while_there_is_nothing_to_do_is_waited_for(fleet: New) -> None:
    both = fleet()
    first, other = both.start()
    other.until(lambda: "waiting for exports" in other.err)
    assert other.finish(signal.SIGTERM).code == 75
    both.landing.put("day.ndjson", 60, seed=1)
    first.until((both.landing.folder / "processing").exists)
    other = both.start_one(1)
    both.landing.until(first, "day.ndjson")
    first.until(lambda: "waiting for exports" in other.err)
    assert first.finish(signal.SIGTERM).code == 75
    first = both.start_one(0)
    both.landing.put("later.ndjson", 60, seed=2)
    both.landing.until(first, "later.ndjson")
    assert {one.finish(signal.SIGTERM).code for one in (first, other)} == {75}
    both.landing.assert_exact(120, "day.ndjson", "later.ndjson")


def test_one_that_is_cut_while_it_is_read_is_set_aside_by_those_who_begin_anew(fleet: New) -> None:
    both = fleet("--latency", "0.2")
    both.landing.put("day.ndjson", 400, ".done", seed=1)
    both.landing.put("next.ndjson", 60, ".done", seed=2)
    processes = both.start()
    both.landing.until_accepted(processes[0], 70)
    os.truncate(both.landing.folder / "processing" / "day.ndjson", 20_000)
    codes = [process.finish().code for process in processes]
    assert codes[0] in {1, 75}
    assert all(codes)
    processes = both.start()
    both.landing.until(processes[0], "next.ndjson")
    processes[0].until(both.landing.reason("day.ndjson").exists)
    assert {process.finish(signal.SIGTERM).code for process in processes} == {75}
    assert "is cut to 20,000 of its" in both.landing.reason("day.ndjson").read_text()
    assert both.landing.left() == ["rejected"]
    assert both.landing.spots_once() < 460
