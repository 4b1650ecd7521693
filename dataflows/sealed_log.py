"""The end of the dataflow: a line in the audit log for every ledger that was sealed."""

import logging

from bytewax.outputs import DynamicSink, StatelessSinkPartition
from typing_extensions import override

from connectors.ledger import Manifest

log = logging.getLogger(__name__)


class SealedLog(DynamicSink[Manifest]):
    """Logs each manifest. Parallel: every worker. Delivery: at-least-once."""

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> "_Partition":
        return _Partition()


class _Partition(StatelessSinkPartition[Manifest]):
    @override
    def write_batch(self, items: list[Manifest]) -> None:
        for manifest in items:
            log.info(
                "sealed",
                extra={
                    "ledger": manifest.ledger,
                    "records": manifest.total_records,
                    "accepted": manifest.accepted,
                    "duplicates": manifest.duplicates,
                    "dead_lettered": manifest.dead_lettered,
                    "reconciled": manifest.reconciled,
                },
            )
