"""A Bytewax flow whose sink posts with `requests`, a session for each of its workers.

python benchmarks/peer/requests_sink.py EXPORT URL
"""

import json
import sys
from typing import Any

import bytewax.operators as op
import requests
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.run import cli_main
from typing_extensions import override

WORKERS = 4
"""As many as still made it faster."""


class RequestsPartition(StatelessSinkPartition[Any]):
    """Posts what a worker has, one after another."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    @override
    def write_batch(self, items: list[Any]) -> None:
        for item in items:
            self._session.post(self._url, json=item, timeout=30).raise_for_status()


class RequestsSink(DynamicSink[Any]):
    """Posts every item to an address."""

    def __init__(self, url: str) -> None:
        self._url = url

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> RequestsPartition:
        return RequestsPartition(self._url)


def main(path: str, url: str) -> None:
    """Run the flow."""
    flow = Dataflow("peer")
    lines = op.redistribute("spread", op.input("read", flow, FileSource(path, batch_size=100)))
    op.output("post", op.map("parse", lines, json.loads), RequestsSink(url))
    cli_main(flow, workers_per_process=WORKERS)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
