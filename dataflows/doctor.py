"""What could keep tonight's run from ending well, looked at beforehand. No spot is sent."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Literal, NamedTuple

from connectors.avion.packing import MAGIC_BYTES, packing_of
from connectors.avstar.inquiry import Inquiry, inquire
from connectors.errors import AvstarError, RefusedError
from connectors.ledger import read_checkpoint
from connectors.records import Export
from dataflows.credentials import token_source
from dataflows.exports import open_exports, sealed_manifest
from dataflows.follow.arrivals import arrivals
from dataflows.follow.follow import folders
from dataflows.preflight import check_settings
from dataflows.settings import Settings, strange_variables

Level = Literal["ok", "warn", "FAIL"]

_MOUNTS = Path("/proc/self/mounts")
_NETWORK = ("nfs", "cifs", "smb", "fuse", "9p", "ceph", "gluster")
_ROOM = 2
"""Bytes of disk for each byte of an export: a ledger is about as long as what it is about."""

_PACKED_ROOM = 20
"""The same for an export that is packed: texts of this kind shrink to a tenth."""

_SKEW_SECONDS = 30.0
"""Difference of the clocks from which logs of both sides no longer fit together."""


class Finding(NamedTuple):
    """One thing that was looked at; `words` say what is, and how to mend what is not well."""

    level: Level
    what: str
    words: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that a run needs, each by itself, and say how it is."""
    names = ", ".join(f"{name} {version(name)}" for name in ("avion-to-avstar", "bytewax"))
    yield Finding("ok", "versions", f"{names}, Python {sys.version.split()[0]}")
    for name, near in strange_variables():
        yield Finding("warn", name, f"is no setting{f'; {near} is one' if near else ''}")
    follows = settings.follow and settings.archive
    there = settings.model_copy(update={"out": settings.archive}) if follows else settings
    for what in LOOKS:
        yield from _look(what, settings if what == "follow" else there)


def _look(what: str, settings: Settings) -> Iterator[Finding]:
    try:
        yield from LOOKS[what](settings)
    except AvstarError as error:
        yield Finding("FAIL", what, str(error))


def _follow(settings: Settings) -> Iterator[Finding]:
    if settings.follow is None:
        return
    landing, archive = folders(settings)
    try:
        there = len(arrivals(landing))
    except OSError as error:
        raise RefusedError(
            f"{landing} cannot be read: {error.strerror}; let this user read there, or give "
            "--follow another folder"
        ) from None
    same = landing.stat().st_dev == _there(archive).stat().st_dev
    moved = "in one step" if same else "by a copy that is compared: another file system"
    words = f"{landing}, where {there:,} wait; what is done is moved to {archive} {moved}"
    if archive.resolve().is_relative_to(landing.resolve()):
        words += "; that lies in the landing folder, which whoever writes there may change: give "
        yield Finding("warn", "follow", f"{words}--archive a folder outside")
    else:
        yield Finding("ok", "follow", words)


def _settings(settings: Settings) -> Iterator[Finding]:
    check_settings(settings)
    delivery = settings.delivery()
    limits = f"quota {settings.rate}, {settings.concurrency} in flight at most"
    if settings.records_per_request > 1:
        limits += f", up to {settings.records_per_request:,} spots in one"
    yield Finding("ok", "settings", f"{delivery.api_url}, {limits}")


def _folders(settings: Settings) -> Iterator[Finding]:
    out, state = settings.out_folder, settings.state_folder
    needed = sum(_room(path) for path in settings.exports if path.is_file())
    free = shutil.disk_usage(_there(out)).free
    room = f"{free / 1e9:,.1f} GB free"
    if free < needed:
        yield Finding("warn", "out", f"{out}: {room}, a ledger may need {needed / 1e9:,.1f} GB")
    else:
        yield Finding("ok", "out", f"{out}: {room}")
    if not os.access(_there(state), os.W_OK | os.X_OK):
        raise RefusedError(f"{state} cannot be written; choose another folder for --state")
    kind = _file_system(_there(state).resolve())
    if kind.startswith(_NETWORK):
        words = f"{state} is on {kind}; snapshots need a local or block volume: give --state"
        yield Finding("warn", "state", words)
    else:
        yield Finding("ok", "state", f"{state} ({kind or 'unknown file system'})")


def _room(path: Path) -> int:
    try:
        with path.open("rb") as file:
            packed = packing_of(file.read(MAGIC_BYTES)) != "none"
    except OSError:
        return 0  # the survey says why
    return (_PACKED_ROOM if packed else _ROOM) * path.stat().st_size


def _exports(settings: Settings) -> Iterator[Finding]:
    if settings.follow and not settings.exports:
        return  # whatever arrives
    if not settings.exports:
        yield Finding("warn", "exports", "none named, so none was looked at")
        return
    exports = open_exports(settings)
    for export in exports:
        words = f"{export.records:,} records, {_form(export)}, SHA-256 {export.checksum[:12]}…, "
        yield Finding("ok", str(export.path), words + _progress(settings, export))
    records = sum(export.records for export in exports)
    requests = ceil(records / settings.records_per_request)
    lasts = timedelta(seconds=int(requests / settings.rate.per_second))
    yield Finding("ok", "duration", f"{lasts} for {records:,} records at {settings.rate}")


def _form(export: Export) -> str:
    return export.format + (f" in {export.packing}" if export.packing != "none" else "")


def _progress(settings: Settings, export: Export) -> str:
    if sealed_manifest(settings, export):
        return "settled already"
    checkpoint = read_checkpoint(settings.out_folder / export.key)
    return f"{checkpoint.settled:,} settled so far" if checkpoint else "not begun"


def _api(settings: Settings) -> Iterator[Finding]:
    found = asyncio.run(_inquiry(settings))
    yield Finding(found.level, "api", found.words)
    if found.skew is not None:
        fits = abs(found.skew) < _SKEW_SECONDS
        mend = "" if fits else "; set the clocks, or logs of both sides will not fit together"
        words = f"the API's is {round(found.skew):+d} s from ours{mend}"
        yield Finding("ok" if fits else "warn", "clock", words)
    for one in found.announced:
        yield Finding("ok", "quota", f"the API announces {one.remaining} of {one.limit} left")


async def _inquiry(settings: Settings) -> Inquiry:
    token = await token_source(settings).fetch()
    return await inquire(settings.delivery(), token.secret)


def _there(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _file_system(folder: Path) -> str:
    """Return the type of the file system that a folder is on, empty if the system does not say."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    mounts = {fields[1]: fields[2] for fields in map(str.split, lines)}
    return next((mounts[str(p)] for p in (folder, *folder.parents) if str(p) in mounts), "")


LOOKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "follow": _follow,
    "settings": _settings,
    "folders": _folders,
    "exports": _exports,
    "api": _api,
}
"""What is looked at, in the order in which people would."""
