"""JSON files with a digest of their values, so that what a disk or a hand changed is found out."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from connectors.ledger.files import read_values, write_whole

T = TypeVar("T")


def write_digested(path: Path, values: Mapping[str, Any], *, editable: str = "") -> None:
    """Write values in one step, and their digest, `sha256`; the `editable` one is not in it."""
    sealed = {**values, "sha256": _sha256(values, editable)}
    write_whole(path, json.dumps(sealed, indent=2).encode() + b"\n")


def read_digested(
    path: Path, kind: Callable[..., T], version: int, *, editable: str = ""
) -> T | None:
    """Make an object of the values; None if there is no file.

    Raises:
        RefusedError: They are not those of the digest, not what `kind` needs, or of another
            version.
        HaltedError: The disk fails.
    """

    def unchanged(sha256: str, **values: Any) -> T:
        if sha256 != _sha256(values, editable):
            raise ValueError("the values are not those of the digest")
        return kind(**values)

    return read_values(path, unchanged, version)


def _sha256(values: Mapping[str, Any], editable: str) -> str:
    kept = {name: value for name, value in values.items() if name != editable}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
