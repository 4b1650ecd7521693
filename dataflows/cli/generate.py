"""`avstar generate`: write a sample export."""

import json
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol

import typer
from backports import zstd

from connectors.avion.packing import suffix_within
from connectors.errors import AvstarError, RefusedError
from dataflows.generate import Sample
from dataflows.generate import generate as generate_lines
from dataflows.spoilt import Form

SUFFIXES: dict[str, Form] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".json": "json",
}
_GZIP = 31
"""`wbits` of zlib that makes gzip, without a time in it."""

PACKERS: dict[str, Callable[[], "Packer"]] = {
    ".gz": lambda: zlib.compressobj(wbits=_GZIP),
    ".gzip": lambda: zlib.compressobj(wbits=_GZIP),
    ".zst": zstd.ZstdCompressor,
    ".zstd": zstd.ZstdCompressor,
}
"""What packs a file that is called so."""

BLOCK_LINES = 4_096
"""Lines hashed and written at once."""


class Packer(Protocol):
    """Packs text that comes piece by piece."""

    def compress(self, data: bytes, /) -> bytes:
        """Return what is packed so far."""

    def flush(self) -> bytes:
        """Return the rest."""


class Written(NamedTuple):
    """What a file came to: its size in bytes and its SHA-256."""

    size: int
    checksum: str


def generate(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[
        Path,
        typer.Argument(
            help="Export to write: .ndjson, .jsonl, .csv or .json (an array), and .gz or .zst."
        ),
    ],
    *,
    records: Annotated[int, typer.Option(help="Records, bad ones included.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 1,
    bad: Annotated[float, typer.Option(help="Share of bad records, 0 to 1.")] = 0.01,
    form: Annotated[
        Form | None, typer.Option("--format", help="By default what the suffix says.")
    ] = None,
    stations: Annotated[int, typer.Option(help="Stations that the spots air on.")] = 4,
    day: Annotated[
        str, typer.Option("--date", help="Day of the air times.", metavar="YYYY-MM-DD")
    ] = "2026-11-24",
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Write FILE.manifest.json as traffic systems do.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Write a sample export: a day of spots, some of them bad in every way that exports are."""
    sample = Sample(records, seed, bad, form or _format(file), stations, _day(day))
    try:
        _refuse_to_overwrite(file, manifest=manifest, force=force)
        written = write(file, sample)
        if manifest:
            text = json.dumps({"records": records, "sha256": written.checksum})
            _companion(file).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise AvstarError(f"{file} cannot be written: {error.strerror}") from None
    typer.echo(
        f"{file}: {records:,} records, {sample.bad_records:,} of them bad; "
        f"{written.size:,} bytes, SHA-256 {written.checksum}"
    )


def write(path: Path, sample: Sample) -> Written:
    """Write a sample beside `path` and move it there when it is whole.

    Raises:
        OSError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    digest, size = sha256(), 0
    try:
        with part.open("wb") as file:
            for block in _packed(_blocks(generate_lines(sample)), path):
                digest.update(block)
                size += file.write(block)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Written(size, digest.hexdigest())


def _blocks(lines: Iterator[bytes]) -> Iterator[bytes]:
    while block := b"".join(islice(lines, BLOCK_LINES)):
        yield block


def _packed(blocks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    new_packer = PACKERS.get(path.suffix.lower())
    if not new_packer:
        yield from blocks
        return
    packer = new_packer()
    yield from filter(None, map(packer.compress, blocks))
    yield packer.flush()


def _format(path: Path) -> Form:
    try:
        return SUFFIXES[suffix_within(path)]
    except KeyError:
        raise RefusedError(
            f"{path} does not say its format; name it .ndjson, .csv or .json, or give --format"
        ) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RefusedError(f"{text!r} is no date; write it like 2026-11-24") from None


def _companion(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")


def _refuse_to_overwrite(path: Path, *, manifest: bool, force: bool) -> None:
    if not path.parent.is_dir():
        raise RefusedError(f"{path.parent} is not a directory; create it first")
    if path.is_dir():
        raise RefusedError(f"{path} is a directory; name the export file itself")
    companion = _companion(path)
    for there in (path, companion):
        if there.exists() and not force:
            raise RefusedError(f"{there} exists; give --force to overwrite it")
    if companion.exists() and not manifest:
        raise RefusedError(f"{companion} would not fit the new file; give --manifest to renew it")
