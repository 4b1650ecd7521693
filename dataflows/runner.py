"""Run the dataflow to its end, and say in one line why it could not."""

import gc
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from datetime import timedelta
from enum import IntEnum

from bytewax.run import cli_main

from connectors.errors import AvstarError, HaltedError, RefusedError, StoppedError, unwritten
from connectors.ledger import Manifest
from connectors.records import Export
from connectors.stop import Stop
from dataflows.avion_to_avstar import avion_to_avstar
from dataflows.exports import sealed_manifest
from dataflows.hold import hold
from dataflows.meter import Meter
from dataflows.observed import observed
from dataflows.quiet import quiet_engine
from dataflows.resume import prepare
from dataflows.settings import Settings
from dataflows.store import failure, recovery_store

log = logging.getLogger(__name__)

_ONE_BATCH_AN_EPOCH = timedelta(days=-36_500)
"""An epoch ends when the clock has passed its beginning by this: with every batch. With 0 none
would end for an hour if the clock were set back by one: no snapshot, and no backpressure."""


class ExitCode(IntEnum):
    """How `avstar` ends; scripts rely on it."""

    SETTLED = 0
    FAILED = 1
    USAGE = 2
    DEAD_LETTERS = 3
    STOPPED = 75


def exit_code(error: AvstarError) -> ExitCode:
    """Return the exit code that an error stands for."""
    if isinstance(error, RefusedError):
        return ExitCode.USAGE
    return ExitCode.STOPPED if isinstance(error, StoppedError) else ExitCode.FAILED


def run(
    settings: Settings,
    exports: Sequence[Export],
    stop: Stop,
    meter: Meter,
    tell: Callable[[str], object] = lambda _line: None,
) -> list[Manifest]:
    """Run the dataflow over exports that are not sealed yet, and return their manifests.

    `tell` is called with lines for people.

    Raises:
        RefusedError: The state folder, a ledger or a setting cannot be used.
        HaltedError: The run cannot go on, or an export is not accounted for at its end.
        StoppedError: It was asked to stop; run again to resume.
    """
    store = nullcontext() if settings.validate_only else recovery_store(settings.state_folder)
    with (
        store as recovery,
        hold(settings.out_folder / export.key for export in exports),
        ExitStack() as stack,
    ):
        if not settings.validate_only:
            prepare(settings, exports, settings.state_folder, tell)
        looking_on = stack.enter_context(observed(settings, exports, meter, tell))
        log.info("started", extra={"exports": [export.key for export in exports]})
        flow = avion_to_avstar(settings, exports, stopping=stop, meter=meter, looking_on=looking_on)
        gc.collect()
        gc.freeze()  # what is there now stays; collections need not look at it again
        with quiet_engine() as noise:
            try:
                cli_main(
                    flow,
                    workers_per_process=settings.workers,
                    epoch_interval=_ONE_BATCH_AN_EPOCH,
                    recovery_config=recovery,
                )
            except BaseException as error:
                why = failure(f"{_root(error)} {noise.text()}")
                full = unwritten(settings.state_folder, why) if why else None
                raise _our_own(error) or full or _unexpected(error, noise.text()) from error
        log.info("closed", extra={"exports": [export.key for export in exports]})
    return _manifests(settings, exports, stop)


def _manifests(settings: Settings, exports: Sequence[Export], stop: Stop) -> list[Manifest]:
    manifests = [sealed_manifest(settings, export) for export in exports]
    sealed = [manifest for manifest in manifests if manifest]
    if len(sealed) == len(exports):
        return sealed
    if stop():
        raise StoppedError("stopped before the end; run the same command again to resume")
    left = [export.key for export, manifest in zip(exports, manifests, strict=True) if not manifest]
    raise HaltedError(
        f"the run ended, but {', '.join(left)} is not accounted for; please report this, with "
        f"{settings.out_folder} as it is"
    )


def _our_own(error: BaseException | None) -> AvstarError | None:
    """Find our error under the engine's."""
    while error is not None:
        if isinstance(error, AvstarError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _unexpected(error: BaseException, noise: str) -> AvstarError:
    root = _root(error)
    log.error("unexpected", extra={"noise": noise}, exc_info=error)
    words = " ".join(str(root).split())
    return HaltedError(
        f"unexpected {type(root).__name__}: {words}; run again to resume, with --log-json for more"
    )
