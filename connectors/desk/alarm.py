"""Who has been told of which night, so that nobody is told twice."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from connectors.desk.message import Message, message
from connectors.desk.names import night_of
from connectors.errors import HaltedError, RefusedError
from connectors.ledger import Closing, Sealed, closing
from connectors.ledger.files import write_whole
from connectors.lock import try_lock

TOLD = ".alerted"
"""File beside the ledgers: for each receiver, as a digest of its address, the nights."""

_DIGITS = 16

Send = Callable[[str, Message], bool]
"""Sends a message to an address; False if that failed. An address may hold a password."""


def alert(ledgers: Sequence[Sealed], out: Path, addresses: Sequence[str], send: Send) -> list[bool]:
    """Tell each receiver once of each night with open dead letters, all new ones in one message.

    Who could not be reached is told the next time; a crash between message and note tells twice.

    Args:
        ledgers: What is told of, oldest first.
        out: Their folder, in which it is noted.
        addresses: Of the receivers.
        send: How a message is sent.

    Returns:
        For each message whether it was sent; empty if there is nothing new.

    Raises:
        RefusedError: A ledger is damaged, another process is telling just now, or no address can
            be used.
        HaltedError: One of the addresses cannot be used.
    """
    sent: list[bool] = []
    unusable: RefusedError | None = None
    with _noted(out) as told, closing(ledgers) as index:
        troubled = _troubled(index)
        for address in addresses:
            receiver = sha256(address.encode()).hexdigest()[:_DIGITS]
            known = told.setdefault(receiver, [])
            nights = [night for night in troubled if night not in known]
            if not nights:
                continue
            try:
                sent.append(send(address, _message(index, ledgers, nights)))
            except RefusedError as error:  # the others are told all the same
                unusable = unusable or error
                continue
            if sent[-1]:
                known += nights
                write_whole(out / TOLD, json.dumps(told, indent=2).encode() + b"\n")
    if unusable:
        raise HaltedError(f"{unusable}; {sum(sent)} others were told") if sent else unusable
    return sent


def _troubled(index: Closing) -> list[str]:
    return list(dict.fromkeys(night_of(one.ledger.folder.name) for one in index.open_letters()))


def _message(index: Closing, ledgers: Sequence[Sealed], nights: Sequence[str]) -> Message:
    mine = [ledger for ledger in ledgers if ledger.folder.name in nights]
    letters = (one for one in index.open_letters() if night_of(one.ledger.folder.name) in nights)
    return message(mine, letters)


@contextmanager
def _noted(out: Path) -> Iterator[dict[str, list[str]]]:
    path = out / TOLD
    with (out / f"{TOLD}.lock").open("a") as lock:
        if not try_lock(lock.fileno()):
            raise RefusedError(f"{path} is in use by another alert; wait for it")
        try:
            yield json.loads(path.read_bytes()) if path.exists() else {}
        except ValueError:
            raise RefusedError(f"{path} is damaged; remove it, and all is told again") from None
