"""Joining the other processes of a cluster, once it is sure that all work on the same."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

from connectors.avion.stamp import stamp_of
from connectors.errors import RefusedError, StoppedError
from connectors.ledger import begun, read_identity
from connectors.records import Export
from connectors.stop import Stop
from dataflows.cluster.cluster import Cluster
from dataflows.cluster.meeting import Meeting
from dataflows.cluster.peers import Peers
from dataflows.settings import PREFIX, Settings

SHARED_FOLDER_SECONDS = 60.0
"""Time for what another process wrote to be seen here: a network folder has caches."""

_LOOK_SECONDS = 0.2

_AGREED = (
    "api_url",
    "rate",
    "delivery_lanes",
    "line_limit",
    "timezone",
    "stations",
    "validate_only",
)
"""Settings in which processes must not differ: each decides about spots that others handle."""


class OverError(StoppedError):
    """The first process has done with the exports before this one could help; nothing stopped."""


def join(  # noqa: PLR0913 - settings, and what it is given to work with
    settings: Settings,
    exports: Sequence[Export],
    cluster: Cluster,
    stop: Stop,
    tell: Callable[[str], object],
    *,
    patience: float = SHARED_FOLDER_SECONDS,
) -> Peers:
    """Meet the other processes; who is alone has nobody to meet.

    The first process calls this when its ledgers are prepared, so that all read the same parts.

    Args:
        settings: Settings of this process.
        exports: What it is to read.
        cluster: Which process this one is.
        stop: Ends the waiting; later that of another process is requested here.
        tell: Called with lines for people.
        patience: Seconds in which this process must see what the first one wrote.

    Raises:
        RefusedError: They do not work on the same.
        StoppedError: It was asked to stop meanwhile.
        OverError: Exports are followed, and the first process has done with these already.
    """
    if cluster.is_alone:
        return Peers(cluster, {}, stop)
    follows = settings.follow is not None
    meeting = Meeting(
        cluster,
        _terms(settings, exports, cluster),
        lambda: stop() or (follows and not all(map(_is_there, exports))),
        tell,
        passing=("exports",) if follows else (),
    )
    if cluster.is_first:
        return Peers(cluster, meeting.receive(_parts(settings, exports)), stop)
    try:
        first, parts = meeting.call()
    except StoppedError:
        if stop():
            raise
        raise OverError("the exports have gone, and nothing was sent") from None
    if not seen(lambda: _parts(settings, exports) == parts, patience):
        first.close()
        raise RefusedError(
            f"{settings.out_folder} is not what {cluster.name(0)} sees there; --out must be one "
            "folder that all processes of a cluster share"
        )
    return Peers(cluster, {0: first}, stop)


def seen(what: Callable[[], bool], patience: float) -> bool:
    """Tell whether something that another process wrote is seen here within some seconds."""
    until = time.monotonic() + patience
    while not what():
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _is_there(export: Export) -> bool:
    try:
        return stamp_of(export.path) == export.stamp
    except OSError:
        return False


def worker_threads(settings: Settings, cluster: Cluster) -> int:
    """Return the worker threads: our setting beats Bytewax's variable, which beats the default."""
    chosen = "workers" in settings.model_fields_set
    return settings.workers if chosen or cluster.workers is None else cluster.workers


def _terms(settings: Settings, exports: Sequence[Export], cluster: Cluster) -> Mapping[str, str]:
    values = {name: getattr(settings, name) for name in _AGREED}
    values["workers"] = worker_threads(settings, cluster)  # the engine counts them alike everywhere
    agreed = {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()}
    return {"exports": " ".join(export.key for export in exports), **agreed}


def _parts(settings: Settings, exports: Sequence[Export]) -> str:
    """Say which parts of the exports are to be read, and whether that stands with the ledgers."""
    folders = [settings.out_folder / export.key for export in exports]
    parts = [
        (begun(folder, export).splits, read_identity(folder) is not None)
        for folder, export in zip(folders, exports, strict=True)
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()
