"""`avstar verify`: check ledgers against themselves, each other and, where given, their exports."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from connectors.errors import RefusedError
from connectors.ledger import Verifier, read_manifest
from connectors.ledger.audit.chain import check_chain
from connectors.ledger.audit.findings import Findings
from connectors.ledger.audit.night import Night, night
from connectors.ledger.audit.plain_export import plain_export
from connectors.ledger.audit.plain_lines import plain_lines
from connectors.ledger.audit.plain_open import plain_open
from connectors.ledger.manifest import MANIFEST
from connectors.ledger.verify import Verdict, is_ledger
from connectors.ledger.verify import verify as verify_ledger
from connectors.records import Export
from dataflows.redrive_sheets import LINE_LIMIT as REDRIVE_LINE_LIMIT
from dataflows.redrive_sheets import redriven
from dataflows.settings import load_settings

EXIT_FAILED = 1


def verify(
    ledger: Annotated[
        Path,
        typer.Argument(
            help="Ledger folder, or the --out folder that holds several.", readable=False
        ),
    ],
    exports: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Exports to compare with, record by record; sheets sent back are exports.",
            readable=False,
        ),
    ] = None,
    *,
    line_limit: Annotated[
        int | None, typer.Option(help="Bytes a record may have, as in the run: 1048576.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="Ed25519 key that manifests must be signed with, PEM.")
    ] = None,
) -> None:
    """Recompute everything that a ledger says from its files and name each thing that is wrong."""
    limit = load_settings(line_limit=line_limit).line_limit
    try:
        sources = [plain_export(path) for path in exports or ()]
        chosen = list(_chosen(ledger, sources, limit))
        verifier = Verifier(public_key) if public_key else None
        verdicts = [_verdict(one, verifier) for one in chosen]
        sound = not any(verdict.findings for verdict in verdicts)
        if sound:
            sound = _tell_night(night([one.folder for one in chosen]))
        if not is_ledger(ledger):
            sound &= _tell_chain(check_chain(ledger))
    except OSError as error:
        raise RefusedError(f"{error.filename or ledger} cannot be read: {error.strerror}") from None
    if not sound:
        raise typer.Exit(EXIT_FAILED)


def _verdict(chosen: "_Chosen", verifier: Verifier | None) -> Verdict:
    folder, export, line_limit = chosen
    if export is None:
        verdict = verify_ledger(folder)
    else:
        with plain_open(export.path) as file:
            lines = plain_lines(file, export.format, limit=line_limit)
            verdict = verify_ledger(folder, export, lines)
    if verifier and (flaw := verifier.flaw(folder)):
        verdict.findings.add("signature", folder / MANIFEST, flaw)
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


def _tell_night(found: Night | None) -> bool:
    """Say what became of the dead letters; of ledgers that do not follow on another, nothing."""
    if found is None:
        return True
    for line in found.findings:
        typer.echo(line)
    came = found.came
    typer.echo(
        f"the night is {'NOT ' if found.findings else ''}in order: {came.delivered:,} dead letters "
        f"delivered since, {came.replaced:,} replaced by other rows, {came.open:,} open"
    )
    return not found.findings


def _tell_chain(findings: Findings) -> bool:
    """Say where the chain of ledgers is broken; of a whole one, nothing."""
    for line in findings:
        typer.echo(line)
    return not findings


class _Chosen(NamedTuple):
    folder: Path
    export: Export | None
    line_limit: int


def _chosen(path: Path, exports: Sequence[Export], line_limit: int) -> Iterator[_Chosen]:
    """Choose ledgers: all, or those of the exports and what was sent again of them by itself."""
    folders = _ledgers(path)
    if len(exports) == 1 and folders == [path]:
        yield _Chosen(path, exports[0], line_limit)
        return
    by_key = {export.key: export for export in exports}
    names = {folder.name for folder in folders}
    if lost := [export for key, export in by_key.items() if key not in names]:
        raise RefusedError(f"{path} holds no ledger of {lost[0].path}: expected {lost[0].key}")
    for folder in folders:
        if export := by_key.get(folder.name):
            yield _Chosen(folder, export, line_limit)
        elif sheet := redriven(folder):
            if not exports or _follows(folder, exports):
                yield _Chosen(folder, plain_export(sheet), REDRIVE_LINE_LIMIT)
        elif not exports:
            yield _Chosen(folder, None, line_limit)


def _follows(folder: Path, exports: Sequence[Export]) -> bool:
    manifest = read_manifest(folder)
    known = {export.checksum for export in exports}
    return manifest is not None and not known.isdisjoint(manifest.ancestors)


def _ledgers(path: Path) -> list[Path]:
    if not path.is_dir():
        raise RefusedError(f"{path} is not a directory; name a ledger or the --out folder")
    if is_ledger(path):
        return [path]
    if found := sorted(filter(is_ledger, _folders(path))):
        return found
    raise RefusedError(f"{path} holds no ledger; name a ledger or the --out folder of a run")


def _folders(path: Path) -> Iterator[Path]:
    return (folder for folder in path.iterdir() if folder.is_dir())
