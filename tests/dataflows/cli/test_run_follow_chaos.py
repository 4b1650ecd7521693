"""A follower is killed again and again while exports of all kinds arrive (SEED=17, KILLS=6).

Whatever is cut off, every good spot is scheduled once, and every export ends in one place.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

from tests.dataflows.cli.following import Landing

New = Callable[..., Any]
SEED, KILLS = int(os.environ.get("SEED", "17")), int(os.environ.get("KILLS", "6"))
KINDS = ("announced", "settled", "manifest", "same name", "header", "contradicted")


class Traffic:
    """Writes exports into a landing folder, each of another kind than the one before."""

    def __init__(self, one: Landing, chance: random.Random) -> None:
        self._one = one
        self._chance = chance
        self._numbers = iter(range(1_000_000))
        self.good: list[int] = []
        self.bad: list[str] = []

    def put(self) -> None:
        """Write the next one."""
        number = next(self._numbers)
        kind = KINDS[number % len(KINDS)]
        records = self._chance.randint(5, 120)
        packed = ["ndjson.zst"] if kind in {"announced", "settled"} else []
        suffix = self._chance.choice(["csv", "ndjson", *packed])
        name = f"{kind.replace(' ', '-')}-{number}.{suffix}"
        if kind == "header":
            self.bad.append(f"{name}.csv")
            self._bad(f"{name}.csv")
            return
        if kind == "contradicted":
            self.bad.append(name)
        else:
            self.good.append(records)
        self._good("night.ndjson" if kind == "same name" else name, kind, records, number)

    def _bad(self, name: str) -> None:
        (self._one.folder / "bad.part").write_text("Spot,Station\n1,KABC\n")
        (self._one.folder / "bad.part").rename(self._one.folder / name)
        (self._one.folder / f"{name}.done").touch()

    def _good(self, name: str, kind: str, records: int, number: int) -> None:
        place = self._one.folder / name
        while (
            place.exists()
        ):  # a traffic system that writes over what nobody has taken yet loses it
            time.sleep(0.01)
        if kind in {"manifest", "contradicted"}:
            draft = self._one.put(f"{name}.part", records, seed=number, format=_format(name))
            told = {} if kind == "manifest" else {"records": records + 1}
            manifest = self._one.announce(draft, **told)
            manifest.rename(place.with_name(f"{name}.manifest.json"))
            draft.rename(place)
            os.utime(place.with_name(f"{name}.manifest.json"))
        else:
            self._one.put(name, records, *[".done"] * (kind != "settled"), seed=number)


def _format(name: str) -> str:
    return "csv" if name.endswith(".csv") else "ndjson"


def _killed(one: Landing, chance: random.Random, kills: int) -> Iterator[int]:
    """Start the follower and kill it at a moment, so many times; count what was cut off where."""
    for _ in range(kills):
        running = one.start("--checkpoint-records", "20")
        moment = time.monotonic() + chance.uniform(0.8, 3.0)
        running.until(lambda moment=moment: time.monotonic() > moment)
        running.finish(signal.SIGKILL)
        yield int((one.folder / "processing").exists())


def test_however_often_it_is_killed_every_good_spot_is_scheduled_once(landing: New) -> None:
    one, chance = landing("--latency", "0.03"), random.Random(SEED)
    one.archive = Path(os.environ.get("ARCHIVE", one.archive))  # such as one on another disk
    traffic, over = Traffic(one, chance), []

    def arrive() -> None:
        while not over:
            traffic.put()
            time.sleep(0.15)

    writer = Thread(target=arrive)
    writer.start()
    try:
        in_hand = sum(_killed(one, random.Random(SEED), KILLS))
    finally:
        over.append(True)
        running = one.start()  # the writer may wait for its last name to be free
        writer.join()
    ends = len(traffic.good) + len(traffic.bad)
    rejected = one.folder / "rejected"
    running.until(lambda: len(_archived(one)) + len(list(rejected.glob("*"))) == ends)
    running.until(lambda: not _left(one))
    assert running.finish(signal.SIGTERM).code == 75
    assert one.spots_once() == sum(traffic.good)
    assert {path.name for path in rejected.iterdir()} == set(traffic.bad)
    done = one.verify(*_archived(one))
    assert done.code == 0, done.out
    assert done.out.count("all accounted for") == len(traffic.good)
    again = one.api.stats()["duplicates"]
    sys.stdout.write(
        f"{KILLS} kills, {in_hand} with an export in hand; {len(traffic.good)} good exports, "
        f"{len(traffic.bad)} bad ones; {sum(traffic.good):,} spots, {again:,} sent twice\n"
    )


def _archived(one: Landing) -> list[Path]:
    found = one.archive.glob("*/export/*")
    return sorted(path for path in found if path.suffix in {".csv", ".ndjson", ".zst"})


def _left(one: Landing) -> list[str]:
    return [name for name in one.left() if name != "rejected"]
