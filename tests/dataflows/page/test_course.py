"""What is done leaves a mark, and what is waited for has a name."""

from dataflows.meter import Meter
from dataflows.page import Course
from tests.dataflows.page.lanes import lane


def test_every_step_leaves_a_mark() -> None:
    course = Course()
    marks = [course.mark()]
    course.step()
    marks.append(course.mark())
    meter = Meter()
    with course.running(meter):
        marks.append(course.mark())
        assert course.mark() == marks[-1]
        meter.bytes_read += 1
        marks.append(course.mark())
        meter.attempts["none"] += 1
        marks.append(course.mark())
    marks.append(course.mark())
    assert len(set(marks)) == len(marks)


def test_a_run_tells_what_it_waits_for() -> None:
    course, meter = Course(), Meter()
    with course.running(meter):
        assert course.waits() == ""
        meter.opened(lane(pause=30))
        assert course.waits() == "told to wait 30 s more"
    assert course.waits() == ""


def test_who_has_no_lane_waits_for_the_process_that_has() -> None:
    course, meter = Course(alone=False), Meter()
    assert not course.others_send
    with course.running(meter):
        assert course.others_send
        assert course.waits() == "another process sends"
        meter.opened(lane())
        assert not course.others_send


def test_the_last_figures_stay_and_the_forecast_does_not() -> None:
    course, meter = Course(), Meter()
    with course.running(meter):
        meter.forecast = object()
    assert (course.meter, course.last, meter.forecast) == (None, meter, None)


def test_work_ends_idleness() -> None:
    course = Course()
    course.step(idle=True)
    assert course.idle
    course.step()
    assert not course.idle


def test_who_follows_lets_counts_alone_stand_between_two_exports() -> None:
    course, meter = Course(follows=True), Meter()
    with course.running(meter):
        meter.validated, meter.total_records = 100, 400
        assert meter.settled_records is not None
    assert course.last is meter
    assert (meter.validated, meter.settled_records) == (100, None)
