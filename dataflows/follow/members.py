"""Who follows: one process that takes exports in hand, and others that help it to upload them."""

import logging
import time
from pathlib import Path
from typing import NoReturn

from connectors.errors import RefusedError, StoppedError, UnfitError
from connectors.ledger.files import sha256_of
from connectors.records import Export
from dataflows.cluster import OverError
from dataflows.exports import unsealed
from dataflows.follow.archive import archive
from dataflows.follow.arrivals import Settling, Stamp, arrivals, stamp
from dataflows.follow.landing import Landing
from dataflows.job import Means, carry, look_at
from dataflows.settings import Settings

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""Between two looks at the landing folder; one costs some ten microseconds."""


class _Member:
    def __init__(self, settings: Settings, landing: Landing, given: Means) -> None:
        self._settings = settings
        self._landing = landing
        self._given = given
        self._waits = False

    def _uploading(self, path: Path) -> Settings:
        return self._settings.model_copy(update={"exports": (path,)})

    def _idle(self) -> None:
        """Wait until it is time to look again; say so where the waiting begins."""
        if not self._waits:
            self._given.screen.tell(f"waiting for exports in {self._landing.folder}")
            log.info("idle", extra={"landing": str(self._landing.folder)})
        self._waits = True
        self._given.screen.course.step(idle=True)
        self._given.stop.wait(_LOOK_SECONDS)
        self._refuse_to_go_on()

    def _refuse_to_go_on(self) -> None:
        if self._given.stop():
            raise StoppedError("stopped; the same command again goes on")


class First(_Member):
    """The first process, or the only one: nobody else moves anything in the landing folder."""

    def __init__(self, settings: Settings, landing: Landing, given: Means) -> None:
        super().__init__(settings, landing, given)
        self._settling = Settling(settings.settle_seconds)

    def run(self) -> NoReturn:
        """Upload what arrives, one export after the other."""
        self._landing.recover()
        while True:
            if path := self._landing.in_hand() or self._next():
                self._process(path)

    def _next(self) -> Path | None:
        """Wait for an export that is whole, and take it in hand; None if it has gone again."""
        while not (one := self._settling.whole(arrivals(self._landing.folder), time.monotonic())):
            self._idle()
        self._refuse_to_go_on()
        self._waits = False
        log.info("taken", extra={"export": one.name, "announced": one.announced})
        return self._landing.claim(one.name)

    def _process(self, path: Path) -> None:
        self._refuse_to_go_on()
        settings = self._uploading(path)
        before = stamp(path.stat())
        try:
            [export] = look_at(settings, self._given)
        except RefusedError as error:
            if stamp(path.stat()) == before:
                self._set_aside(path, error)
            else:
                self._idle()  # it is still written to, so nobody knows yet what it will be
            return
        try:
            carry(settings, [export], self._given)
        except UnfitError as error:
            self._set_aside(path, error)
            return
        self._refuse_to_go_on()  # what is sent again may have been cut off
        if stamp(path.stat()) != before and sha256_of(path) != export.checksum:
            self._set_aside(path, _written_to(export))
            return
        self._archive(export)

    def _set_aside(self, path: Path, why: RefusedError) -> None:
        place = self._landing.set_aside(path, str(why))
        log.error("set aside", extra={"export": path.name, "to": str(place), "reason": str(why)})
        self._given.screen.tell(f"set aside as {place}: {why}")

    def _archive(self, export: Export) -> None:
        place = archive(
            self._settings.out_folder, self._landing, export, self._given.screen.course.step
        )
        log.info("archived", extra={"export": export.key, "to": str(place)})
        self._given.screen.tell(f"archived as {place}")


def _written_to(export: Export) -> RefusedError:
    return RefusedError(
        f"it was written to after {export.records:,} records of it had been uploaded (ledger "
        f"{export.key}); make an export of what has come since, and let the traffic system say "
        f"when one is whole ({export.path.name}.done)"
    )


class Other(_Member):
    """Another process of the cluster: helps with what the first one has in hand."""

    def run(self) -> NoReturn:
        """Help with one export after the other."""
        done: Stamp | None = None
        while True:
            self._refuse_to_go_on()
            path, mark = self._in_hand()
            if path and mark != done and self._help(path):
                done, self._waits = mark, False
            else:
                done = mark and done  # what comes again after it was gone is looked at again
                self._idle()

    def _in_hand(self) -> tuple[Path | None, Stamp | None]:
        try:
            path = self._landing.in_hand()
            return path, stamp(path.stat()) if path else None
        except (RefusedError, OSError):  # it has gone; or the first process says what is wrong
            return None, None

    def _help(self, path: Path) -> bool:
        """Upload it with the others, and tell whether that is done."""
        settings = self._uploading(path)
        try:
            exports = look_at(settings, self._given)
        except RefusedError:
            return False  # the first process sets it aside, or sees it sooner
        try:
            if unsealed(settings, exports):
                carry(settings, exports, self._given)
        except OverError:
            return False
        return True
