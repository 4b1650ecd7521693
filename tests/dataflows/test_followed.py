"""What is told of a folder that is followed, and of none."""

from dataflows.followed import Followed
from dataflows.instruments import INSTRUMENTS
from dataflows.meter import Meter
from dataflows.page import Course

NAMES = ("avstar_exports_waiting", "avstar_exports_set_aside_total")


def told(meter: Meter) -> list[float | None]:
    values = {one.name: one.values(meter) for one in INSTRUMENTS}
    return [values[name].get("") for name in NAMES]


def test_who_follows_none_tells_nothing() -> None:
    assert told(Meter()) == [None, None]


def test_every_meter_of_the_process_tells_of_it_the_first_before_any_run() -> None:
    course, followed = Course(), Followed(lambda: 3)
    course.follow(followed)
    assert told(course.last) == [3, 0]
    followed.set_aside += 1
    with course.running(Meter()):
        assert told(course.meter) == [3, 1]
    assert told(course.last) == [3, 1]


def test_a_folder_that_cannot_be_read_leaves_that_out() -> None:
    meter = Meter()
    meter.followed = Followed(lambda: None)
    assert told(meter) == [None, 0]
