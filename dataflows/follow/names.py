"""What a file in the landing folder is, by its name."""

import os
from pathlib import Path

MANIFEST = ".manifest.json"

COMPANIONS = (".done", MANIFEST)
"""What the traffic system adds to an export's name, for a file that says that it is whole."""

REASON = ".reason"
"""What we add, for a file that says why it was set aside."""

_NOT_YET = (".part", ".partial", ".filepart", ".tmp", ".temp", ".draft", ".crdownload", "~")
"""How names end under which programs write what they rename when it is whole."""

_BESIDE = (".md5", ".sha256", ".sig", ".asc", ".lock")
"""How names end of what other programs add."""

_LONGEST_BYTES = 230
"""Of a name to which more is added; a file system takes 255."""


def is_export(name: str) -> bool:
    """Tell whether a file may be an export, be it a bad one."""
    ends = (*COMPANIONS, REASON, *_NOT_YET, *_BESIDE)
    return not name.startswith(".") and not name.lower().endswith(ends)


def exports_in(folder: Path) -> list[Path]:
    """Return the exports in a folder of ours, if it is there."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_export(path.name) and not path.is_dir())


def reason_of(export: Path) -> Path:
    """Return where it is written why an export was set aside."""
    fits = len(os.fsencode(export.name)) <= _LONGEST_BYTES
    return export.with_name((export.name if fits else "export") + REASON)


def manifest_of(export: Path) -> Path:
    """Return where the traffic system says what an export holds."""
    return export.with_name(export.name + MANIFEST)


def companions(export: Path) -> list[Path]:
    """Return the companions of an export that are there."""
    named = [export.with_name(export.name + suffix) for suffix in COMPANIONS]
    return [path for path in named if _is_there(path)]


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long a name
        return False
