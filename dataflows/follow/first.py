"""The process that takes exports in hand: nobody else moves anything in the landing folder."""

import errno
import logging
import time
from functools import partial
from pathlib import Path
from typing import NoReturn

from connectors.errors import (
    AvstarError,
    ChangedError,
    NotYetError,
    RefusedError,
    UnfitError,
)
from connectors.ledger.files import sha256_of
from connectors.records import Export
from dataflows.follow.afterwards import Afterwards, stamp_of, written_on, written_to
from dataflows.follow.archive import archive
from dataflows.follow.arrivals import Arrival, Settling, Stamp, arrivals, waiting
from dataflows.follow.landing import Landing
from dataflows.follow.late import put_late, put_to_its_own
from dataflows.follow.left_alone import LeftAlone
from dataflows.follow.member import Member
from dataflows.follow.names import manifest_of
from dataflows.follow.postponed import Postponed
from dataflows.followed import Followed
from dataflows.job import Means, carry, look_at
from dataflows.settings import Settings

log = logging.getLogger(__name__)

_LOOKS_FOR_LATE = 60
"""Looks at the landing folder from one for late manifests to the next."""

_NOT_MOVED = {errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY}
"""How a file system says that one file stays where it is, which others need not."""


class First(Member):
    """The first process, or the only one."""

    def __init__(self, settings: Settings, landing: Landing, given: Means) -> None:
        super().__init__(settings, landing, given)
        self._settling = Settling(settings.settle_seconds)
        self._postponed = Postponed()
        self._afterwards = Afterwards(settings.settle_seconds)
        self._followed = Followed(partial(waiting, landing.folder))
        self._left_alone = LeftAlone(landing.folder, given.screen.tell)
        self._looks = 0

    def run(self) -> NoReturn:
        """Upload what arrives, one export after the other."""
        self._landing.recover()
        for kept in self._landing.kept.exports():
            self._afterwards.add(kept, None, time.monotonic())
        self._given.screen.course.follow(self._followed)
        if path := self._landing.in_hand():
            self._process(path, quiet=False)
        while True:
            one = self._next()
            quiet = self._settling.was_quiet(one, time.monotonic())
            if path := self._claim(one):
                self._process(path, quiet=quiet)

    def _next(self) -> Arrival:
        """Wait for an export that is whole."""
        while not (one := self._look()):
            self._idle()
        self._refuse_to_go_on()
        self._waits = False
        return one

    def _look(self) -> Arrival | None:
        self._landing.confirm()
        if self._looks % _LOOKS_FOR_LATE == 0:
            put_late(self._landing.folder, self._settings.out_folder)
        self._looks += 1
        now = time.monotonic()
        self._look_after(now)
        found = self._postponed.without(arrivals(self._landing.folder), now)
        self._left_alone.look(self._settling.empty(found, now))
        return self._settling.whole(found, now)

    def _look_after(self, now: float) -> None:
        """See whether what was archived is written to, or need not be watched any more."""
        kept, (changed, over) = self._landing.kept, self._afterwards.look(now)
        for path in changed:
            mark, is_kept = stamp_of(path), path in kept
            if is_kept and kept.is_still(path, self._step):
                self._afterwards.add(path, mark, now)
                continue
            why = written_on(path, path.parent.name if is_kept else str(path))
            aside = self._landing.set_aside_kept if is_kept else self._note
            self._tell_aside(aside(path, why), why)
        for path in over:
            if path in kept:
                kept.forget(path)

    def _note(self, path: Path, why: str) -> Path:
        return self._landing.note(path.name, why)

    def _claim(self, one: Arrival) -> Path | None:
        """Take it in hand; None if it has gone again, or must stay where it is."""
        try:
            path = self._landing.claim(one.name)
        except OSError as error:
            if error.errno not in _NOT_MOVED:
                raise
            self._postpone(one.name, one.stamp, f"it cannot be moved: {error.strerror}")
            return None
        if path:
            log.info("taken", extra={"export": one.name, "announced": one.announced})
        return path

    def _process(self, path: Path, *, quiet: bool) -> None:
        """Upload what is in hand; `quiet` says that nobody has written to it for a while."""
        self._refuse_to_go_on()
        settings, before = self._uploading(path), stamp_of(path)
        try:
            [export] = look_at(settings, self._given)
        except RefusedError as error:
            self._refused(path, error, quiet=quiet and before == stamp_of(path))
            return
        except FileNotFoundError as error:
            self._set_aside(path, error)
            return
        try:
            carry(settings, [export], self._given)
        except UnfitError as error:
            self._set_aside(path, error)
            return
        except ChangedError as error:
            if not self._given.cluster.is_alone:
                raise  # the others have lost the run: all begin anew, and the next look refuses it
            self._set_aside(path, error)
            return
        self._refuse_to_go_on()  # what is sent again may have been cut off
        mark = stamp_of(path)
        if mark != before and not self._is_still(path, export):
            self._set_aside(path, written_to(export))
            return
        self._archive(export, mark)

    def _is_still(self, path: Path, export: Export) -> bool:
        try:
            return sha256_of(path, self._step) == export.checksum
        except FileNotFoundError:
            return False

    def _refused(self, path: Path, error: RefusedError, *, quiet: bool) -> None:
        """Set aside what nobody writes to any more; else nobody knows yet what it will be."""
        now = stamp_of(path)
        if now and isinstance(error, NotYetError):
            if self._landing.give_back(path):
                self._postpone(path.name, now, str(error))
                return
        elif now:
            manifest = manifest_of(path)
            stray = manifest.exists() and put_to_its_own(manifest, self._settings.out_folder)
            if (stray or not quiet) and self._landing.give_back(path):
                if not stray:
                    self._settling.doubt(path.name)
                log.info("not whole yet", extra={"export": path.name, "reason": str(error)})
                self._given.screen.tell(f"{path.name} may not be whole yet: {error}")
                return
        self._set_aside(path, error)

    def _postpone(self, name: str, mark: Stamp, why: str) -> None:
        if self._postponed.add(name, mark, time.monotonic()):
            log.warning("postponed", extra={"export": name, "reason": why})
            self._given.screen.tell(f"{name} waits: {why}")

    def _set_aside(self, path: Path, why: AvstarError | OSError) -> None:
        self._settling.believe(path.name)
        self._tell_aside(self._landing.set_aside(path, str(why)), str(why))

    def _tell_aside(self, place: Path, why: str) -> None:
        self._followed.set_aside += 1
        log.error("set aside", extra={"export": place.name, "to": str(place), "reason": why})
        self._given.screen.tell(f"set aside as {place}: {why}")

    def _archive(self, export: Export, mark: Stamp | None) -> None:
        self._settling.believe(export.path.name)
        try:
            place, original = archive(self._settings.out_folder, self._landing, export, self._step)
        except (ChangedError, RefusedError) as error:
            changed = isinstance(error, ChangedError)
            self._set_aside(export.path, written_to(export) if changed else error)
            return
        self._afterwards.add(original, mark, time.monotonic())
        log.info("archived", extra={"export": export.key, "to": str(place)})
        self._given.screen.tell(f"archived as {place}")
        self._looks = 0
