"""A landing folder, its archive, and the command that follows it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backports import zstd

from connectors.ledger import read_manifest
from dataflows.generate import Sample, generate

SOON = ("--settle-seconds", "0.2")


class Landing:
    """A landing folder, its archive, and the command that follows it."""

    def __init__(self, avstar: Any, folder: Path, api: Any) -> None:
        self._avstar = avstar
        self.folder = folder / "landing"
        self.archive = folder / "archive"
        self.folder.mkdir(exist_ok=True)
        self.api = api

    def put(self, name: str, records: int = 100, *companions: str, **sample: Any) -> Path:
        """Write an export under another name, packed if it is called so; rename it when whole."""
        path, draft = self.folder / name, self.folder / f"{name}.part"
        sample.setdefault("format", "csv" if name.endswith(".csv") else "ndjson")
        text = b"".join(generate(Sample(records, **{"bad": 0, **sample})))
        draft.write_bytes(zstd.compress(text) if name.endswith(".zst") else text)
        draft.rename(path)
        for suffix in companions:
            path.with_name(name + suffix).touch()
        return path

    def announce(self, path: Path, **told: Any) -> Path:
        """Write the traffic system's manifest of an export; what is `told` is not true."""
        content = path.read_bytes()
        records = content.count(b"\n") - (".csv" in path.suffixes)  # less the header
        digest = {"records": records, "sha256": hashlib.sha256(content).hexdigest()}
        manifest = path.with_name(f"{path.name}.manifest.json")
        manifest.write_text(json.dumps(digest | told))
        return manifest

    def reason(self, name: str) -> Path:
        """Return where it stands why an export was set aside."""
        return self.folder / "rejected" / name / f"{name}.reason"

    def start(self, *options: object, **variables: str | None) -> Any:
        words = ["run", "--follow", self.folder, "--archive", self.archive, *SOON]
        address = ["--api-url", self.api.url, "--rate", "10000/0.1"]
        return self._avstar.start(*words, *address, *options, **variables)

    def place(self, name: str) -> Path | None:
        """Return where an export is in the archive."""
        return next(iter(self.archive.glob(f"{name}.*/export/{name}")), None)

    def until(self, running: Any, *names: str) -> None:
        running.until(lambda: all(map(self.place, names)))

    def until_accepted(self, running: Any, count: int) -> None:
        running.until(lambda: self.api.stats()["accepted"] >= count)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def written(self) -> dict[Path, tuple[int, int]]:
        """Return what of the archive changes when something is written."""
        stats = {path: path.stat() for path in self.archive.rglob("*")}
        return {path: (one.st_size, one.st_mtime_ns) for path, one in stats.items()}

    def sealed(self) -> Iterator[Any]:
        """Manifests in the order in which they were sealed."""
        found = [read_manifest(path) for path in self.archive.glob("*.*") if path.is_dir()]
        return iter(sorted((one for one in found if one), key=lambda one: one.completed_at))

    def spots_once(self) -> int:
        """Return how many spots the API has, none of them under two request IDs."""
        spots = self.api.spots()
        airings = {(spot["spot_id"], spot["station"], spot["airtime"]) for spot in spots}
        assert len(airings) == len(spots)
        return len(spots)

    def verify(self, *places: Path) -> Any:
        """Hold the ledgers against exports, by the command."""
        return self._avstar("verify", self.archive, *places)

    def assert_exact(self, spots: int, *names: str) -> None:
        """Every export is archived and verified, and every spot at the API once."""
        places = [self.place(name) for name in names]
        done = self.verify(*places)
        assert done.code == 0, done.out
        assert done.out.count("all accounted for") == len(names)
        assert len(self.api.spots()) == self.api.stats()["accepted"] == spots
