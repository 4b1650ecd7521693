"""The dataflow: a traffic export goes in, spots are scheduled, the ledger accounts for each.

    avstar run tomorrow.ndjson --out ledgers --api-url https://avstar.example/v1

or, configured by `AVSTAR_` variables alone, under plain Bytewax:

    python -m bytewax.run dataflows.avion_to_avstar:flow -r STATE -s 0 -b 0
"""

import atexit
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from math import ceil
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream

from connectors.avion import AvionSource, validate
from connectors.avstar import Watches, deliver
from connectors.effort import Effort
from connectors.errors import AvstarError
from connectors.ledger import Signer, begun, record
from connectors.records import Export
from connectors.stop import Stop
from dataflows.audit import configure_audit
from dataflows.cluster import Witness, join, load_cluster
from dataflows.credentials import token_source
from dataflows.exports import open_exports, unsealed
from dataflows.hold import hold
from dataflows.known import known
from dataflows.memory import HeapGuard
from dataflows.meter import Meter
from dataflows.observed import observed
from dataflows.preflight import check_settings
from dataflows.resume import prepare
from dataflows.sealed_log import SealedLog
from dataflows.settings import Settings, load_settings
from dataflows.signals import stop_on_signals
from dataflows.telemetry import NOBODY, Onlookers

_CHECKED_AT_ONCE = 20_000
"""Records of a batch that is only checked: some 3 MB."""


def avion_to_avstar(  # noqa: PLR0913 - keyword-only settings
    settings: Settings,
    exports: Sequence[Export],
    *,
    stopping: Callable[[], bool] = lambda: False,
    meter: Meter | None = None,
    processes: int = 1,
    looking_on: Onlookers = NOBODY,
) -> Dataflow:
    """Build the dataflow. The step ids are storage format: renaming one loses its snapshots.

    The meter and who is `looking_on` are told of all that happens.
    """
    meter = meter or Meter()
    source = _source(settings, exports, stopping, meter, processes)
    flow = Dataflow("avion_to_avstar")
    lines = op.input("read", flow, source)
    checked = validate("validate", lines, zone=settings.timezone, stations=settings.stations)
    tallies = op.inspect("count", checked.tallies, meter.checked)
    tallies = op.inspect("heap", tallies, HeapGuard().passed)
    bad = op.inspect("reasons", checked.dead_letters, meter.refused)
    bad = op.inspect("rejected", bad, looking_on.rejected)
    outcomes: list[Stream[Any]] = [bad]
    efforts: Stream[Effort] | None = None
    if not settings.validate_only:
        sent = deliver(
            "deliver",
            checked.spots,
            settings=settings.delivery(),
            token=token_source(settings),
            lanes=settings.delivery_lanes,
            stopping=stopping,
            watch=Watches(meter, looking_on.watch),
            known=partial(known, settings, exports),
        )
        outcomes += [sent.dead_letters, sent.receipts]
        efforts = op.inspect("tail", sent.efforts, meter.waited)
    manifests = record(
        "ledger",
        tallies,
        *outcomes,
        out=settings.out_folder,
        exports=exports,
        efforts=efforts,
        mode="validate-only" if settings.validate_only else "upload",
        stations=settings.stations,
        api_url=None if settings.validate_only else settings.delivery().api_url,
        confirm=source.confirm,
        sign=Signer(settings.sign_key) if settings.sign_key else None,
    )
    op.output("sealed", manifests, SealedLog())
    return flow


def _source(
    settings: Settings,
    exports: Sequence[Export],
    stopping: Callable[[], bool],
    meter: Meter,
    processes: int,
) -> AvionSource:
    quota = ceil(settings.rate.per_second * settings.checkpoint_seconds)
    # Between two checkpoints each process reads a batch.
    records = max(1, settings.checkpoint_records // processes)
    least = min(settings.concurrency, quota) * settings.records_per_request
    if settings.validate_only:  # no checkpoints; after each batch the processes wait for each other
        records = least = _CHECKED_AT_ONCE
    return AvionSource(
        *exports,
        batch_records=records,
        batch_least=least,
        idle=lambda: meter.idle_seconds,
        batch_seconds=settings.checkpoint_seconds,
        line_limit=settings.line_limit,
        stopping=stopping,
        opening=lambda export: begun(settings.out_folder / export.key, export),
    )


def flow() -> Dataflow:
    """Build the dataflow from the environment, for `python -m bytewax.run`."""
    try:
        settings, cluster, stop = load_settings(), load_cluster(), Stop()
        if settings.log_json:
            configure_audit(json_lines=True)
        check_settings(settings)
        exports = open_exports(settings)
        todo = unsealed(settings, exports)
        kept = ExitStack()
        atexit.register(_let_go, kept)  # the engine tells nobody when it ends
        if settings.state and cluster.is_first and not settings.validate_only:
            kept.enter_context(hold(settings.out_folder / export.key for export in todo))
            prepare(settings, todo, settings.state, _tell)
        stop_on_signals(stop)
        peers = join(settings, todo, cluster, stop, _tell)
        meter = Meter()
        looking_on = kept.enter_context(observed(settings, todo, meter, _tell, cluster))
    except AvstarError as error:
        _tell(f"avstar: {error}")
        raise SystemExit(2) from None
    built = avion_to_avstar(
        settings,
        todo,
        stopping=stop,
        meter=meter,
        looking_on=looking_on,
        processes=cluster.size,
    )
    if not cluster.is_alone:
        Witness(lambda error: _tell(f"avstar: {error!r}")).watch(built)
        peers.watch()
        atexit.register(peers.part)
    return built


def _let_go(kept: ExitStack) -> None:
    """End what was held and who looked on, and say why the run failed, if it did."""
    error = getattr(sys, "last_value", None)
    while error is not None and error.__cause__ is not None:  # the engine's words say nothing
        error = error.__cause__
    kept.__exit__(type(error) if error else None, error, None)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
