"""What held a lane up is counted once and told batch by batch."""

from connectors.avstar.toll import Toll, efforts
from connectors.avstar.tries import Tries
from connectors.effort import Effort
from connectors.records import Batch, DeadLetter, Span, Spot

TOLL = Toll(3, 1, 2.5, 60.0, 1, 0.5)


SPOT = Spot(1, 0, "SP1", "K", "t", 30, "Acme", "f" * 32, b"raw")


def receipt(attempts):
    return Tries(SPOT).receipt(duplicate=False)._replace(attempts=attempts)


def letter(reason, attempts):
    return DeadLetter(1, 0, reason, "", 503, True, "f" * 32, attempts, b"raw")


def batch(*settled, export="day.csv.0123456789ab", start=0):
    return Batch(Span(export, "0" * 64, "lane-0", start, start + 10, 2), settled)


def borne(effort):
    return Toll(**{name: getattr(effort, name) for name in vars(Toll())})


def test_a_toll_that_is_taken_begins_again_at_nothing():
    toll = Toll(*vars(TOLL).values())

    assert toll.take() == TOLL
    assert toll == Toll()
    toll.throttled += 1
    assert toll.take() == Toll(throttled=1)


def test_an_effort_says_what_its_batch_took():
    one = batch(receipt(1), receipt(4), letter("circuit_open", 2), letter("rejected", 1))

    assert list(efforts([one], TOLL)) == [
        Effort(
            one.span,
            spots=4,
            attempts=8,
            parked=1,
            throttled=3,
            breaker_openings=1,
            paused_seconds=2.5,
            breaker_seconds=60.0,
            token_renewals=1,
            tail_seconds=0.5,
        )
    ]


def test_of_batches_settled_together_the_first_with_spots_bears_the_toll_of_its_export():
    together = [
        batch(),
        batch(receipt(1), start=10),
        batch(receipt(1), start=20),
        batch(receipt(2), export="night.csv.0123456789ab"),
    ]

    told = list(efforts(together, TOLL))

    assert [effort.span for effort in told] == [one.span for one in together]
    assert [effort.attempts for effort in told] == [0, 1, 1, 2]
    assert [borne(effort) for effort in told] == [Toll(), TOLL, Toll(), TOLL]
