"""A process lives as long as it makes progress or has a reason to wait."""

from dataflows.page.pulse import Pulse


def test_one_that_goes_on_lives() -> None:
    pulse = Pulse(600, 0)
    assert not any(pulse.flaw(mark, "", 500.0 * mark) for mark in range(1, 10))


def test_one_that_stands_still_for_too_long_does_not() -> None:
    pulse = Pulse(600, 0)
    pulse.flaw(1, "", 1)
    assert not pulse.flaw(1, "", 601)
    assert pulse.flaw(1, "", 602) == "nothing was done for 601 s, and nothing is waited for"


def test_one_that_has_a_reason_to_wait_lives_however_long_it_takes() -> None:
    pulse = Pulse(600, 0)
    assert not any(pulse.flaw(1, "breaker open", now) for now in range(0, 90_000, 3600))


def test_the_time_begins_when_there_is_no_reason_any_more() -> None:
    pulse = Pulse(600, 0)
    pulse.flaw(1, "breaker open", 10_000)
    assert not pulse.flaw(1, "", 10_600)
    assert pulse.flaw(1, "", 10_601)


def test_one_that_was_never_asked_about_has_its_time_from_the_beginning() -> None:
    assert not Pulse(600, 1000).flaw(None, "", 1600)
    assert Pulse(600, 1000).flaw(None, "", 1601)
