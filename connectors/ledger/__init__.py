"""The ledger: every record of an export once, receipts and dead letters, sealed by a manifest."""

from connectors.ledger.checkpoint import Checkpoint, read_checkpoint
from connectors.ledger.identity import Identity, identity_of, read_identity
from connectors.ledger.loss import loss
from connectors.ledger.manifest import Manifest, read_manifest
from connectors.ledger.operators import record
from connectors.ledger.origin import begun, write_origin

__all__ = [
    "Checkpoint",
    "Identity",
    "Manifest",
    "begun",
    "identity_of",
    "loss",
    "read_checkpoint",
    "read_identity",
    "read_manifest",
    "record",
    "write_origin",
]
