"""What a follower does with files, in processes each of which is killed before another step.

`python steps.py FOLDER ACTION [apart]` prints how many steps there are; where
landing folder and archive lie `apart`, nothing can be renamed from one to the other.
"""

import errno
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connectors.avion import survey
from dataflows.follow.archive import archive
from dataflows.follow.landing import Landing

NAME = "day.ndjson"
RECORDS = '{"SpotID": "1"}\n' * 100
CONTENT = {
    NAME: RECORDS,
    f"{NAME}.done": "",
    f"{NAME}.manifest.json": json.dumps(
        {"records": 100, "sha256": hashlib.sha256(RECORDS.encode()).hexdigest()}
    ),
}


def archived(folder: Path) -> None:
    """Take the export in hand and move it to its ledger; or go on with that."""
    landing = Landing(folder / "landing")
    landing.recover()
    if (path := landing.in_hand()) is None and (landing.folder / NAME).exists():
        path = landing.claim(NAME)
    if path:
        export = survey(path)
        (folder / "archive" / export.key).mkdir(parents=True, exist_ok=True)
        archive(folder / "archive", landing, export, lambda: None)
    for kept in landing.kept.exports():
        landing.kept.forget(kept)


def rejected(folder: Path) -> None:
    """Take the export in hand and set it aside; or go on with that."""
    landing = Landing(folder / "landing")
    landing.recover()
    if (path := landing.in_hand()) is None and (landing.folder / NAME).exists():
        path = landing.claim(NAME)
    if path:
        landing.set_aside(path, "it is bad")


def given_back(folder: Path) -> None:
    """Take the export in hand and give it back; or go on with that."""
    landing = Landing(folder / "landing")
    landing.recover()
    if path := landing.in_hand() or landing.claim(NAME):
        landing.give_back(path)


def _counted(owner: Any, name: str, left: list[int]) -> None:
    real = getattr(owner, name)

    def step(*args: Any, **options: Any) -> Any:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return real(*args, **options)

    setattr(owner, name, step)


def _apart() -> None:
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if ("archive" in path.parts) != ("archive" in target.parts):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(path, target)

    Path.rename = rename  # type: ignore[method-assign,assignment]


def arrived(folder: Path) -> Path:
    """Put the export and its companions into a landing folder."""
    (folder / "landing").mkdir(parents=True)
    for name, content in CONTENT.items():
        (folder / "landing" / name).write_text(content)
    return folder


def _until(step: int, act: Callable[[], None]) -> None:
    left = [step]
    for owner, names in COUNTED.items():
        for name in names:
            _counted(owner, name, left)
    act()


COUNTED: dict[Any, tuple[str, ...]] = {
    Path: ("rename", "replace", "mkdir", "rmdir", "unlink"),
    os: ("fsync", "unlink", "rmdir"),
    shutil: ("copystat",),
}

if __name__ == "__main__":
    if "apart" in sys.argv:
        _apart()
    action = {"archived": archived, "rejected": rejected, "given_back": given_back}[sys.argv[2]]
    for step in range(100):
        place = arrived(Path(sys.argv[1]) / str(step))
        if not (child := os.fork()):
            _until(step, lambda: action(place))  # noqa: B023 - here and now
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if not status:
            sys.stdout.write(f"{step}\n")
            break
        if status != -signal.SIGKILL:
            sys.exit(status)
