from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connectors.avion import survey
from connectors.errors import RefusedError
from connectors.ledger import identity_of
from connectors.records import Export
from connectors.stop import Stop
from dataflows.cluster import Cluster, OverError, Peers, join, seen, worker_threads
from dataflows.settings import Settings, fixed_settings

New = Callable[..., Any]


@pytest.fixture
def export(new_export: New) -> Export:
    return survey(new_export(20))


@pytest.fixture
def new_settings(tmp_path: Path) -> New:
    def new(**given: Any) -> Settings:
        folder = tmp_path / "out"
        return fixed_settings(**{"out": folder, "api_url": "http://127.0.0.1:9", **given})

    return new


@pytest.fixture
def join_both(new_addresses: New, export: Export) -> Iterator[New]:
    """Let two processes join, each with its settings, and return what came of it."""
    stop = Stop()
    with ThreadPoolExecutor() as pool:

        def both(*settings: Settings) -> list[Any]:
            addresses = tuple(new_addresses(2))
            joining = [
                pool.submit(join, one, [export], Cluster(i, addresses), stop, print, patience=0.5)
                for i, one in enumerate(settings)
            ]
            found = [one.exception(30) or one.result() for one in joining]
            for one in found:
                if isinstance(one, Peers):
                    one.__exit__(RuntimeError)
            return found

        yield both
        stop.request()


def begin(settings: Settings, export: Export) -> None:
    """Note what an upload was begun with, as the first process does."""
    url = settings.delivery().api_url
    noted = identity_of(export, api_url=url, line_limit=settings.line_limit, stations=None)
    noted.write(settings.out_folder / export.key)


def test_one_who_is_alone_has_nobody_to_wait_for(new_settings: New, export: Export) -> None:
    assert join(new_settings(), [export], Cluster(), Stop(), print).why() is None


def test_processes_that_agree_join(join_both: New, new_settings: New, export: Export) -> None:
    settings = new_settings(stations=("WXYZ", "KABC"), workers=2)
    begin(settings, export)
    assert all(isinstance(one, Peers) for one in join_both(settings, settings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_url", "http://127.0.0.1:10"),
        ("rate", "1/1"),
        ("delivery_lanes", 2),
        ("line_limit", 2048),
        ("timezone", "Europe/Paris"),
        ("stations", "KABC"),
        ("validate_only", True),
        ("workers", 2),
    ],
)
def test_processes_of_other_settings_refuse_each_other(
    name: str, value: Any, join_both: New, new_settings: New
) -> None:
    for refused in join_both(new_settings(), new_settings(**{name: value})):
        assert isinstance(refused, RefusedError)
        assert f"has other AVSTAR_{name.upper()} than this one; start all" in str(refused)


def test_how_a_process_works_is_its_own_matter(join_both: New, new_settings: New) -> None:
    mine, other = new_settings(), new_settings(concurrency=3, log_json=True, drain_seconds=1)
    assert all(isinstance(one, Peers) for one in join_both(mine, other))


def test_a_folder_that_is_not_the_first_one_s_is_refused(
    join_both: New, new_settings: New, export: Export, tmp_path: Path
) -> None:
    mine, other = new_settings(), new_settings(out=tmp_path / "other")
    begin(mine, export)
    _, refused = join_both(mine, other)
    assert isinstance(refused, RefusedError)
    assert f"{tmp_path / 'other'} is not what process 0 at " in str(refused)
    assert "one folder that all processes of a cluster share" in str(refused)


def test_what_another_process_wrote_is_waited_for() -> None:
    looks = iter([False, False, True])
    assert seen(lambda: next(looks), 60)
    assert not seen(lambda: False, 0)


def test_our_setting_of_workers_beats_bytewax_s_and_that_the_default() -> None:
    bytewax = Cluster(workers=3)
    assert worker_threads(fixed_settings(), Cluster()) == 1
    assert worker_threads(fixed_settings(), bytewax) == 3
    assert worker_threads(fixed_settings(workers=1), bytewax) == 1


def test_who_follows_waits_no_longer_than_the_export_is_in_hand(
    new_addresses: New, new_settings: New, export: Export, tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as pool:
        settings = new_settings(follow=tmp_path)
        cluster = Cluster(1, tuple(new_addresses(2)))
        waiting = pool.submit(join, settings, [export], cluster, Stop(), print)
        export.path.rename(tmp_path / "set-aside.ndjson")
        assert isinstance(waiting.exception(30), OverError)
