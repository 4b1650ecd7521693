"""Who is told of which night, and who is not told again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.desk.alarm import TOLD, alert
from connectors.desk.message import Message
from connectors.errors import HaltedError, RefusedError
from connectors.lock import try_lock
from tests.desk.letters import letter, night
from tests.ledger.ledgers import Ledgers

ONE, OTHER = "json://one:hunter2@a", "json://other@b"


@pytest.fixture
def ledgers(tmp_path: Path) -> Ledgers:
    return night(tmp_path, letter(0))


class Posts(list[tuple[str, Message]]):
    """What was sent; addresses that fail or are none are named."""

    def __init__(self, failing: str = "", unusable: str = "") -> None:
        super().__init__()
        self.failing, self.unusable = failing, unusable

    def __call__(self, address: str, message: Message) -> bool:
        if address == self.unusable:
            raise RefusedError("an alert address cannot be used")
        self.append((address, message))
        return address != self.failing


def tell(ledgers: Ledgers, send: Callable[[str, Message], bool], *addresses: str) -> list[bool]:
    return alert(ledgers.ledgers(), ledgers.folder, addresses, send)


def test_each_receiver_is_told_once_of_a_night(ledgers: Ledgers) -> None:
    posts = Posts()
    assert tell(ledgers, posts, ONE, OTHER) == [True, True]
    assert tell(ledgers, posts, ONE, OTHER) == []
    ledgers.seal("next", letter(0))
    assert tell(ledgers, posts, ONE) == [True]
    assert [address for address, _ in posts] == [ONE, OTHER, ONE]
    assert "of next need" in posts[-1][1].title


def test_who_was_not_reached_is_told_the_next_time(ledgers: Ledgers) -> None:
    assert tell(ledgers, Posts(failing=ONE), ONE, OTHER) == [False, True]
    posts = Posts()
    assert tell(ledgers, posts, ONE, OTHER) == [True]
    assert [address for address, _ in posts] == [ONE]


def test_an_address_that_is_none_keeps_nobody_from_being_told(ledgers: Ledgers) -> None:
    posts = Posts(unusable=ONE)
    with pytest.raises(HaltedError, match="cannot be used; 1 others were told"):
        tell(ledgers, posts, ONE, OTHER)
    with pytest.raises(RefusedError):
        tell(ledgers, posts, ONE, OTHER)
    assert len(posts) == 1


def test_the_note_holds_no_address(ledgers: Ledgers) -> None:
    tell(ledgers, Posts(), ONE)
    note = (ledgers.folder / TOLD).read_text()
    assert "hunter2" not in note
    assert list(json.loads(note).values()) == [[ledgers.ledgers()[0].folder.name]]


def test_two_alerts_at_once_do_not_both_tell(ledgers: Ledgers) -> None:
    with (ledgers.folder / f"{TOLD}.lock").open("a") as lock:
        assert try_lock(lock.fileno())
        with pytest.raises(RefusedError, match="in use by another alert"):
            tell(ledgers, Posts(), ONE)
