"""Where a file differs from the export that it was."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from connectors.avion.milestones import DIGITS, Milestones
from connectors.avion.packing import MAGIC_BYTES, packing_of


class Former(NamedTuple):
    """What is known of an export's former content: `milestones` as its survey left them."""

    checksum: str
    size: int
    milestones: bytes


class Difference(NamedTuple):
    """What became of an export's content.

    `changed`: up to `start` it is as it was, and up to `end` no more. `truncated`: what is there is
    the beginning of what was, for certain up to `start`. `grown`: what was is the beginning of what
    is there. `line` is the physical line at `start`, 0 in a packed file; `size` today's.
    """

    kind: Literal["changed", "truncated", "grown"]
    former: Former
    checksum: str
    size: int
    start: int
    end: int
    line: int

    def __str__(self) -> str:
        """Say it in words that follow the file's name."""
        digests = f"SHA-256 was {self.former.checksum}, is {self.checksum}"
        if self.kind == "grown":
            more = self.size - self.former.size
            return f"has grown by {more:,} bytes behind the {self.former.size:,} it had ({digests})"
        if self.kind == "truncated":
            return f"is cut to {self.size:,} of its {self.former.size:,} bytes ({digests})"
        sizes = f" from {self.former.size:,} to {self.size:,} bytes"
        line = f", in line {self.line:,} or later" if self.line else ""
        return (
            f"has changed{sizes * (self.size != self.former.size)}: the first difference lies "
            f"between byte {self.start:,} and {self.end:,}{line} ({digests})"
        )


def difference(
    path: Path, former: Former, heard: Callable[[], object] = lambda: None
) -> Difference | None:
    """Read a file and say how it differs from what it was, None if it does not.

    `heard` is called for every block that is read; what it raises ends that.

    Raises:
        OSError: It cannot be read.
    """
    now, grown, line, lines = Milestones(former.size), not former.size, 1, [1]
    with path.open("rb") as file:
        packed = packing_of(file.read(MAGIC_BYTES)) != "none"
        file.seek(0)
        for block in _blocks(file, now.step, former.size):
            heard()
            now.add(block)
            line += block.count(b"\n")
            if now.size % now.step == 0:
                lines.append(line)
            if now.size == former.size:
                grown = now.checksum == former.checksum
    if now.checksum == former.checksum:
        return None
    equal = _equal(now.passed, former.milestones)
    told = equal < len(former.milestones) // DIGITS
    end = min(now.size, (equal + 1) * now.step if told else former.size)
    found = Difference(
        "changed",
        former,
        now.checksum,
        now.size,
        equal * now.step,
        end,
        0 if packed else lines[equal],
    )
    if grown:
        return found._replace(kind="grown")
    cut = now.size < former.size and equal == now.size // now.step and (equal or not now.size)
    return found._replace(kind="truncated") if cut else found


def _blocks(file: BinaryIO, step: int, stop: int) -> Iterator[bytes]:
    """Yield a file in blocks, one of which ends at each milestone and one at `stop`."""
    at = 0
    while block := file.read(min(step - at % step, stop - at if at < stop else step)):
        at += len(block)
        yield block


def _equal(ours: bytes, theirs: bytes) -> int:
    """Count the milestones, from the first one on, at which both are equal."""
    count = min(len(ours), len(theirs)) // DIGITS
    pieces = (slice(i * DIGITS, (i + 1) * DIGITS) for i in range(count))
    return next((i for i, piece in enumerate(pieces) if ours[piece] != theirs[piece]), count)
