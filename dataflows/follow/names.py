"""What a file in the landing folder is, by its name."""

from pathlib import Path

COMPANIONS = (".done", ".manifest.json")
"""What the traffic system adds to an export's name, for a file that says that it is whole."""

REASON = ".reason"
"""What we add, for a file that says why it was set aside."""

_NOT_YET = (".part", ".partial", ".filepart", ".tmp", ".temp", ".draft", ".crdownload", "~")
"""How names end under which programs write what they rename when it is whole."""


def is_export(name: str) -> bool:
    """Tell whether a file may be an export, be it a bad one."""
    return not name.startswith(".") and not name.endswith((*COMPANIONS, REASON, *_NOT_YET))


def companions(export: Path) -> list[Path]:
    """Return the companions of an export that are there."""
    named = [export.with_name(export.name + suffix) for suffix in COMPANIONS]
    return [path for path in named if path.is_file()]
