import pytest

from connectors.avstar import Watch, Watches
from connectors.records import Spot
from connectors.trail import Trail

TRAIL = Trail(Spot(1, 0, "SP1", "KABC", "t", 30, "Acme", "ab" * 16, b""), "day", 0.0)


class Keeping(Watch):
    """Keeps all or nothing, and notes what it is told."""

    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps
        self.told: list[str] = []

    def keeps(self, trail):
        self.told.append("keeps")
        return self._keeps

    def opened(self, lane):
        self.told.append("opened")

    def attempted(self, trail, attempt):
        self.told.append("attempted")

    def repeated(self, trail, attempt):
        self.told.append("repeated")

    def settled(self, trail, one):
        self.told.append("settled")

    def left(self, trail, error):
        self.told.append("left")


def tell(watch: Watch) -> bool:
    watch.opened(None)
    kept = watch.keeps(TRAIL)
    watch.attempted(TRAIL, None)
    watch.repeated(TRAIL, None)
    watch.settled(TRAIL, None)
    watch.left(TRAIL, ValueError())
    return kept


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_all_are_told_all_and_one_that_keeps_a_trail_is_enough(first, second) -> None:
    watches = Keeping(keeps=first), Keeping(keeps=second)
    assert tell(Watches(Watch(), *watches)) == (first or second)
    for one in watches:
        assert one.told == ["opened", "keeps", "attempted", "repeated", "settled", "left"]


def test_where_nobody_looks_nothing_is_kept() -> None:
    assert not tell(Watches())
    assert not tell(Watches(Watch(), Watches()))
