"""Several processes that run one dataflow."""

from dataflows.cluster.cluster import Cluster, load_cluster
from dataflows.cluster.joining import (
    SHARED_FOLDER_SECONDS,
    OverError,
    join,
    seen,
    worker_threads,
)
from dataflows.cluster.peers import Peers
from dataflows.cluster.witness import Witness

__all__ = [
    "SHARED_FOLDER_SECONDS",
    "Cluster",
    "OverError",
    "Peers",
    "Witness",
    "join",
    "load_cluster",
    "seen",
    "worker_threads",
]
