"""The ledger: every record of an export once, receipts and dead letters, sealed by a manifest."""

from connectors.ledger.checkpoint import Checkpoint, read_checkpoint
from connectors.ledger.closing import Came, Closing, closing
from connectors.ledger.identity import Identity, identity_of, read_identity
from connectors.ledger.loss import loss
from connectors.ledger.manifest import Manifest, read_manifest
from connectors.ledger.open_letter import OpenLetter
from connectors.ledger.operators import record
from connectors.ledger.origin import begun, write_origin
from connectors.ledger.original import original
from connectors.ledger.sealed import Sealed, family, sealed_ledgers
from connectors.ledger.signature import Signer, Verifier

__all__ = [
    "Came",
    "Checkpoint",
    "Closing",
    "Identity",
    "Manifest",
    "OpenLetter",
    "Sealed",
    "Signer",
    "Verifier",
    "begun",
    "closing",
    "family",
    "identity_of",
    "loss",
    "original",
    "read_checkpoint",
    "read_identity",
    "read_manifest",
    "record",
    "sealed_ledgers",
    "write_origin",
]
