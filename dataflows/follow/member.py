"""What all processes that follow a folder have in common."""

import logging
from pathlib import Path

from connectors.errors import StoppedError
from dataflows.follow.landing import Landing
from dataflows.job import Means
from dataflows.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at the landing folder; one costs some ten microseconds."""


class Member:
    """One process that follows."""

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
        self._given.stop.wait(LOOK_SECONDS)
        self._refuse_to_go_on()

    def _step(self) -> None:
        """Note that something was done; end where somebody asks for it."""
        self._given.screen.course.step()
        self._refuse_to_go_on()

    def _refuse_to_go_on(self) -> None:
        if self._given.stop():
            raise StoppedError("stopped; the same command again goes on")
