"""What Avstar has of earlier runs over an export, or of the export that a sheet comes from."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from connectors.errors import AvstarError
from connectors.ledger.excerpt import some_delivered
from connectors.ledger.fates import sent_to
from connectors.records import Export, Spot
from dataflows.settings import Settings

log = logging.getLogger(__name__)

RECENT = timedelta(hours=12)
"""What was delivered longer ago is not sent again to see how the API is: it might have forgotten
the request ID, which only a spot that it may not have yet is worth."""


def known(settings: Settings, exports: Sequence[Export]) -> list[Spot]:
    """Return some spots that this API took of late, as ledgers say; none where they are damaged."""
    api, since = settings.delivery(), datetime.now(timezone.utc) - RECENT
    checksums = {one for export in exports for one in (export.checksum, *export.ancestors)}
    try:
        return [
            spot
            for folder, url in sent_to(settings.out_folder, checksums)
            if api.is_at(url)
            for spot in some_delivered(folder, since)
        ]
    except (AvstarError, OSError) as error:  # what they are for is not worth a run
        log.warning("ledgers not read", extra={"detail": str(error)})
        return []
