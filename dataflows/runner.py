"""Run the dataflow to its end, and say in one line why it could not."""

import atexit
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from datetime import timedelta
from enum import IntEnum

from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main

from connectors.errors import AvstarError, HaltedError, RefusedError, StoppedError, unwritten
from connectors.ledger import Manifest
from connectors.records import Export
from connectors.stop import Stop
from dataflows.avion_to_avstar import avion_to_avstar
from dataflows.cluster import (
    SHARED_FOLDER_SECONDS,
    Cluster,
    Witness,
    join,
    seen,
    worker_threads,
)
from dataflows.exports import sealed_manifest
from dataflows.hold import hold
from dataflows.leave import leave
from dataflows.memory import spared
from dataflows.meter import Meter
from dataflows.observed import observed
from dataflows.otel import end_metrics_page
from dataflows.quiet import quiet_engine
from dataflows.resume import prepare
from dataflows.settings import Settings
from dataflows.store import failure, no_store, recovery_store

log = logging.getLogger(__name__)

_ALONE = Cluster()

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


def run(  # noqa: PLR0913 - what a run has to do with
    settings: Settings,
    exports: Sequence[Export],
    stop: Stop,
    meter: Meter,
    *,
    cluster: Cluster = _ALONE,
    tell: Callable[[str], object] = lambda _line: None,
) -> list[Manifest]:
    """Run the dataflow over exports that are not sealed yet, and return their manifests.

    `tell` is called with lines for people.

    Raises:
        RefusedError: The state folder, a ledger, an address or a setting cannot be used.
        HaltedError: The run cannot go on, or an export is not accounted for at its end.
        StoppedError: It was asked to stop, or another process has gone; run again to resume.
    """
    cluster = replace(cluster, workers=worker_threads(settings, cluster))
    held = [settings.out_folder / export.key for export in exports] if cluster.is_first else []
    with _store(settings, cluster) as recovery, hold(held), ExitStack() as stack:
        if cluster.is_first and not settings.validate_only:
            prepare(settings, exports, settings.state_folder, tell)
        looking_on = stack.enter_context(observed(settings, exports, meter, tell, cluster))
        log.info("started", extra={"exports": [export.key for export in exports]})
        peers, witness = join(settings, exports, cluster, stop, tell), Witness()
        flow = avion_to_avstar(
            settings,
            exports,
            stopping=stop,
            meter=meter,
            looking_on=looking_on,
            processes=cluster.size,
        )
        if not cluster.is_alone:  # alone the engine tells what failed
            witness.watch(flow)
        with spared(), quiet_engine() as noise, peers:
            try:
                cli_main(
                    flow,
                    workers_per_process=cluster.workers,
                    process_id=cluster.process,
                    addresses=list(cluster.addresses) or None,
                    epoch_interval=_ONE_BATCH_AN_EPOCH,
                    recovery_config=recovery,
                )
            except BaseException as error:
                known = _known(settings, witness.error or error, noise.text())
                told = known or (None if witness.error else peers.why())
                why = told or _unexpected(witness.error or error, noise.text())
                if not cluster.is_alone:  # threads of the engine may outlive it, and crash an exit
                    atexit.register(leave, exit_code(why))
                raise why from error
            finally:
                end_metrics_page()
        log.info("closed", extra={"exports": [export.key for export in exports]})
    return _manifests(settings, exports, stop, 0.0 if cluster.is_alone else SHARED_FOLDER_SECONDS)


def _store(settings: Settings, cluster: Cluster) -> AbstractContextManager[RecoveryConfig | None]:
    if settings.validate_only:
        return nullcontext()
    return recovery_store(settings.state_folder) if cluster.is_first else no_store()


def _manifests(
    settings: Settings, exports: Sequence[Export], stop: Stop, patience: float = 0.0
) -> list[Manifest]:
    def found() -> list[Manifest | None]:
        return [sealed_manifest(settings, export) for export in exports]

    seen(lambda: all(found()) or stop(), patience)
    manifests = found()
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


def _known(settings: Settings, error: BaseException, noise: str) -> AvstarError | None:
    """Find what is told in our own words: our error, or a store that could not be written."""
    why = failure(f"{_root(error)} {noise}")
    return _our_own(error) or (unwritten(settings.state_folder, why) if why else None)


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
