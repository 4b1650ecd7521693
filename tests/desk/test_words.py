from typing import get_args

from connectors.desk.words import MEANINGS, TO_DO
from connectors.records import Reason


def test_every_reason_has_a_meaning_and_something_to_do() -> None:
    assert set(MEANINGS) == set(TO_DO) == set(get_args(Reason))
    assert all({*MEANINGS.values(), *TO_DO.values()})
