"""`avstar run --follow`: exports are uploaded as they arrive, one run for each."""

from pathlib import Path
from typing import NoReturn

from connectors.errors import RefusedError
from dataflows.cluster import Cluster
from dataflows.follow.first import First
from dataflows.follow.landing import OWN, Landing
from dataflows.follow.other import Other
from dataflows.hold import hold
from dataflows.job import means
from dataflows.settings import Settings


def follow(settings: Settings, cluster: Cluster) -> NoReturn:
    """Upload what arrives in the landing folder until somebody stops it.

    Raises:
        StoppedError: It was asked to stop.
        AvstarError: It cannot go on; what is in hand is gone on with by the next one.
    """
    landing, folder = folders(settings)
    settings = settings.model_copy(update={"out": folder})
    with means(settings, cluster) as given, hold([landing] if cluster.is_first else []):
        if cluster.is_first:
            First(settings, Landing(landing), given).run()
        Other(settings, Landing(landing), given).run()


def folders(settings: Settings) -> tuple[Path, Path]:
    """Return landing folder and archive.

    Raises:
        RefusedError: One of them cannot be used, or does not go with another setting.
    """
    landing, folder = settings.follow, settings.archive
    if landing is None or folder is None:
        raise RefusedError("--follow needs --archive, where ledgers are kept, and what is done")
    if not landing.is_dir():
        raise RefusedError(f"{landing} is no folder; give --follow the one where exports arrive")
    for own in OWN:
        if folder.resolve().is_relative_to((landing / own).resolve()):
            raise RefusedError(
                f"{folder} lies in {landing / own}, where exports come and go; give --archive "
                "another folder"
            )
    no = {
        "an EXPORT": bool(settings.exports),
        "--validate-only": settings.validate_only,
        "--strict": settings.strict,
    }
    for what in (name for name, given in no.items() if given):
        raise RefusedError(f"--follow does not go with {what}; {_WHY[what]}")
    if settings.out not in {None, folder}:
        raise RefusedError(
            f"with --follow ledgers are in --archive from their first row on, where sheets find "
            f"them; leave --out away (it is {settings.out})"
        )
    return landing, folder


_WHY = {
    "an EXPORT": "leave it away (or AVSTAR_EXPORTS), or put it into the folder",
    "--validate-only": "check an export by a run of its own",
    "--strict": "it does not end with an export; `avstar dlq list` tells what is open",
}
