"""`avstar verify`: check ledgers against themselves and, where it is given, their export."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from connectors.errors import RefusedError
from connectors.ledger.audit.plain_export import plain_export
from connectors.ledger.audit.plain_lines import plain_lines
from connectors.ledger.verify import Verdict, is_ledger
from connectors.ledger.verify import verify as verify_ledger
from connectors.records import Export
from dataflows.settings import load_settings

EXIT_FAILED = 1


def verify(
    ledger: Annotated[
        Path,
        typer.Argument(
            help="Ledger folder, or the --out folder that holds several.", readable=False
        ),
    ],
    export: Annotated[
        Path | None,
        typer.Argument(help="Export to compare with, record by record.", readable=False),
    ] = None,
    *,
    line_limit: Annotated[
        int | None, typer.Option(help="Bytes a record may have, as in the run: 1048576.")
    ] = None,
) -> None:
    """Recompute everything that a ledger says from its files and name each thing that is wrong."""
    limit = load_settings(line_limit=line_limit).line_limit
    try:
        source = plain_export(export) if export else None
        verdicts = [_verdict(folder, source, limit) for folder in _ledgers(ledger, source)]
    except OSError as error:
        raise RefusedError(f"{error.filename or ledger} cannot be read: {error.strerror}") from None
    if any(verdict.findings for verdict in verdicts):
        raise typer.Exit(EXIT_FAILED)


def _verdict(folder: Path, export: Export | None, line_limit: int) -> Verdict:
    if export is None:
        verdict = verify_ledger(folder)
    else:
        with export.path.open("rb") as file:
            lines = plain_lines(file, export.format, limit=line_limit)
            verdict = verify_ledger(folder, export, lines)
    for line in verdict.findings:
        typer.echo(line)
    typer.echo(_summary(verdict))
    return verdict


def _summary(verdict: Verdict) -> str:
    if counts := verdict.findings.counts:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in counts.items())
        return f"{verdict.folder}: NOT verified, findings: {kinds}"
    if verdict.compared:
        return f"{verdict.folder}: verified: {verdict.records:,} records, all accounted for"
    return (
        f"{verdict.folder}: verified: {verdict.records:,} records, consistent in themselves; "
        "the export was not compared: name it as second argument"
    )


def _ledgers(path: Path, export: Export | None) -> list[Path]:
    if not path.is_dir():
        raise RefusedError(f"{path} is not a directory; name a ledger or the --out folder")
    if is_ledger(path):
        return [path]
    found = sorted(filter(is_ledger, _folders(path)))
    if not found:
        raise RefusedError(f"{path} holds no ledger; name a ledger or the --out folder of a run")
    if export is None:
        return found
    if mine := [folder for folder in found if folder.name == export.key]:
        return mine
    raise RefusedError(f"{path} holds no ledger of {export.path}: expected {export.key}")


def _folders(path: Path) -> Iterator[Path]:
    return (folder for folder in path.iterdir() if folder.is_dir())
