"""The chain of sealed ledgers: each manifest names the digest of the one before it."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from connectors.ledger.files import sha256_of
from connectors.ledger.folders import ledger_folders
from connectors.ledger.manifest import MANIFEST, read_manifest

CHAIN = ".chain"
"""File beside the ledgers: a line for each, the SHA-256 of its manifest and its name."""


_LINK = re.compile(r"[0-9a-f]{64}  [^/]+")


class Link(NamedTuple):
    """A sealed ledger in the chain."""

    digest: str
    ledger: str

    def line(self) -> bytes:
        """Write it as `sha256sum` does."""
        return f"{self.digest}  {self.ledger}\n".encode()


@contextmanager
def chained(ledger: Path) -> Iterator[str | None]:
    """Yield the digest of the manifest before, None if there is none; the body writes the next.

    One ledger is sealed at a time. What a crash kept from being noted is noted by the next one.
    """
    out = ledger.parent
    with (out / CHAIN).open("a+b") as file:
        with suppress(OSError):  # a network file system may have no such lock
            fcntl.flock(file, fcntl.LOCK_EX)
        _cut_torn(file)
        links = read_chain(out)
        for link in unnoted(out, links):
            _note(file, link)
            links.append(link)
        yield links[-1].digest if links else None
        _note(file, Link(sha256_of(ledger / MANIFEST), ledger.name))


def read_chain(out: Path) -> list[Link]:
    """Return the links that are noted, oldest first; a line that a crash cut off is none."""
    return [Link(*line.split("  ", 1)) for line in _lines(out) if _LINK.fullmatch(line)]


def strange_lines(out: Path) -> list[int]:
    """Return the numbers of the lines of `.chain` that no seal wrote."""
    return [number for number, line in enumerate(_lines(out), 1) if not _LINK.fullmatch(line)]


def _lines(out: Path) -> list[str]:
    try:
        lines = (out / CHAIN).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [line.decode(errors="replace") for line in lines]


def unnoted(out: Path, links: list[Link]) -> Iterator[Link]:
    """Yield what follows on the last link and is not noted: the ledger that a crash came after."""
    noted, last = {link.digest for link in links}, links[-1].digest if links else None
    found = {}
    for folder in ledger_folders(out):
        manifest = read_manifest(folder)
        if manifest and manifest.mode == "upload":
            digest = sha256_of(folder / MANIFEST)
            if digest not in noted:
                found[manifest.previous] = Link(digest, folder.name)
    while link := found.pop(last, None):
        yield link
        last = link.digest


def _cut_torn(file: BinaryIO) -> None:
    """Cut off a line that a crash left without its end."""
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)


def _note(file: BinaryIO, link: Link) -> None:
    file.write(link.line())
    file.flush()
    os.fsync(file.fileno())
