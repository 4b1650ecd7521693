"""Which release of another tool stands here."""

import re
import subprocess
from importlib.metadata import PackageNotFoundError, version


def release(*command: str) -> str:
    """Return the first version number in what a command prints; nothing if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found[0] if found else ""


def release_of(package: str) -> str:
    """Return the version of a package of this environment; nothing if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
