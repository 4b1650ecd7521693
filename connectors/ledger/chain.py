"""The chain of sealed ledgers: each manifest names the digest of the one before it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from connectors.ledger.files import sha256_of
from connectors.ledger.manifest import MANIFEST, read_manifest

CHAIN = ".chain"
"""File beside the ledgers: a line for each, the SHA-256 of its manifest and its name."""


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
    try:
        lines = (out / CHAIN).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    whole = (line.decode().rstrip("\n") for line in lines if line.endswith(b"\n"))
    return [Link(*line.split("  ", 1)) for line in whole]


def unnoted(out: Path, links: list[Link]) -> Iterator[Link]:
    """Yield what follows on the last link and is not noted: the ledger that a crash came after."""
    noted, last = {link.digest for link in links}, links[-1].digest if links else None
    found = {}
    for path in out.glob(f"*/{MANIFEST}"):
        digest, manifest = sha256_of(path), read_manifest(path.parent)
        if digest not in noted and manifest and manifest.mode == "upload":
            found[manifest.previous] = Link(digest, path.parent.name)
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
