"""What a cluster makes of a process that does not come, is another's, or fails."""

import signal
from collections.abc import Callable
from typing import Any

New = Callable[..., Any]


def test_a_process_that_waits_for_others_stops_at_once_and_lets_go_of_the_state(
    recorder: Any, new_export: New, new_upload: New, new_fleet: New
) -> None:
    before = recorder.requests
    for process in (0, 1):
        fleet = new_fleet(new_upload(recorder, new_export(100)), 2)
        running = fleet.start_one(process, "--log-json")
        running.until(lambda running=running: '"started"' in running.err)
        stopped = running.finish(signal.SIGTERM)
        assert stopped.code == 75
        awaited = f"process {1 - process} at {fleet.addresses[1 - process]}"
        assert f"avstar: stopped while it waited for {awaited}; nothing was sent" in stopped.err
    assert recorder.requests == before


def test_processes_with_other_settings_are_refused_before_anything_is_sent(
    recorder: Any, new_export: New, new_upload: New, new_fleet: New
) -> None:
    fleet = new_fleet(new_upload(recorder, new_export(100)), 2)
    before = recorder.requests
    fleet.start_one(0)
    fleet.start_one(1, "--stations", "KABC")
    for process, finished in enumerate(fleet.finish()):
        other = 1 - process
        assert finished.code == 2
        assert fleet.complaint(finished) == (
            f"avstar: process {other} at {fleet.addresses[other]} has other AVSTAR_STATIONS than "
            "this one; start all processes of a cluster with the same exports and settings\n"
        )
    assert recorder.requests == before


def test_what_halts_one_process_is_its_line_and_the_other_says_who_has_gone(
    api: New, new_export: New, new_upload: New, new_fleet: New
) -> None:
    """In a cluster the engine itself only says that a connection broke."""
    upload = new_upload(api("--latency", "0.3"), new_export(400))
    fleet = new_fleet(upload, 2)
    fleet.start("--checkpoint-records", "120")
    fleet.until_accepted(60)
    upload.api.set_token("another")
    ended = sorted(fleet.finish(), key=lambda finished: finished.code)
    assert [one.code for one in ended] == [1, 75]
    assert "answered 401" in ended[0].complaint
    assert "has gone, so this one stopped" in ended[1].complaint
    assert {fleet.complaint(one).count("\n") for one in ended} == {1}
    upload.api.set_token("secret-3f9a")
    fleet.finish_exactly(390, "--concurrency", "200")
