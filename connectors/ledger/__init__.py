"""The ledger: every record of an export once, receipts and dead letters, sealed by a manifest."""

from connectors.ledger.checkpoint import Checkpoint, read_checkpoint
from connectors.ledger.manifest import Manifest, read_manifest
from connectors.ledger.operators import record

__all__ = ["Checkpoint", "Manifest", "read_checkpoint", "read_manifest", "record"]
