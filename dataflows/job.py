"""One job from settings to exit code: survey, run, summary."""

from connectors.errors import RefusedError
from connectors.stop import Stop
from dataflows.audit import configure_audit
from dataflows.cluster import Cluster
from dataflows.exports import open_exports, sealed_manifest, unsealed
from dataflows.meter import Meter
from dataflows.preflight import check_settings
from dataflows.runner import ExitCode, run
from dataflows.screen import Screen
from dataflows.settings import Settings
from dataflows.signals import stop_on_signals


def upload(settings: Settings, cluster: Cluster) -> ExitCode:
    """Carry the settings' exports over and show how it went.

    Each process of a cluster does this, and ends when all exports are sealed.

    Raises:
        AvstarError: It could not be done; what was done is not lost.
    """
    configure_audit(json_lines=settings.log_json)
    check_settings(settings)
    screen = Screen(settings)
    stop, meter = Stop(), Meter()
    stop_on_signals(stop)
    with screen.surveying(settings.exports) as surveyed:
        exports = open_exports(settings, surveyed)
    todo = unsealed(settings, exports)
    for export in exports:
        if export not in todo:
            screen.sealed_already(export)
    if todo:
        with screen.running(todo, meter):
            run(settings, todo, stop, meter, cluster=cluster, tell=screen.tell)
    manifests = [sealed_manifest(settings, export) for export in exports]
    for export, manifest in zip(exports, manifests, strict=True):
        if manifest is None:
            raise RefusedError(f"the ledger of {export.path} went away while it was read")
        screen.summary(manifest)
    letters = any(manifest and manifest.dead_lettered for manifest in manifests)
    return ExitCode.DEAD_LETTERS if settings.strict and letters else ExitCode.SETTLED
