"""What Avstar has of earlier runs over an export, or of the export that a sheet comes from."""

import logging
from collections.abc import Sequence

from connectors.errors import AvstarError
from connectors.ledger.excerpt import some_delivered
from connectors.ledger.fates import sent_to
from connectors.records import Export, Spot
from dataflows.settings import Settings

log = logging.getLogger(__name__)


def known(settings: Settings, exports: Sequence[Export]) -> list[Spot]:
    """Return some spots that this API has, as the ledgers say; none where they cannot be read."""
    api = settings.delivery()
    checksums = {one for export in exports for one in (export.checksum, *export.ancestors)}
    try:
        return [
            spot
            for folder, url in sent_to(settings.out_folder, checksums)
            if api.is_at(url)
            for spot in some_delivered(folder)
        ]
    except (AvstarError, OSError) as error:  # what they are for is not worth a run
        log.warning("ledgers not read", extra={"detail": str(error)})
        return []
