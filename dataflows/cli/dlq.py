"""`avstar dlq`: dead letters, to look at, to mend and to send again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from connectors.desk import alert as alert_desk
from connectors.desk import groups, new_sender, write_sheet
from connectors.errors import RefusedError
from connectors.ledger import Closing, Sealed, closing, family, sealed_ledgers
from connectors.ledger.manifest import MANIFEST
from dataflows.job import resend
from dataflows.letters import found_lines, group_lines, head_line
from dataflows.redrive_sheets import would_redrive
from dataflows.runner import ExitCode
from dataflows.settings import DeskSettings, load_settings

dlq = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, csv, redrive.")

Out = Annotated[
    Path,
    typer.Argument(
        help="The --out folder of a run, or one ledger in it.", readable=False, resolve_path=True
    ),
]


@dlq.command("list")
def list_(out: Out) -> None:
    """Show what was not delivered and is still open, by reason and station, with examples."""
    with _closing(out) as (index, mine):
        typer.echo(head_line(index.came()))
        for group in groups(index.open_letters(mine)):
            typer.echo("\n".join(group_lines(group)))


@dlq.command()
def show(
    out: Out,
    which: Annotated[str, typer.Argument(help="Line in the export, or request ID.")],
) -> None:
    """Show dead letters in full, closed ones too: record, errors, answer, request and trace ID."""
    lines = [
        line
        for ledger in sealed_ledgers(out)
        for _, letter in ledger.letters()
        if which in {str(letter.line), letter.request_id}
        for line in found_lines(ledger, letter)
    ]
    if not lines:
        raise RefusedError(f"no dead letter in {out} has the line or request ID {which}")
    typer.echo("\n".join(lines))


@dlq.command()
def csv(
    out: Out,
    *,
    file: Annotated[Path, typer.Option("--csv", help="Sheet to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Write the open dead letters to a sheet; corrected, it is an export for `avstar run`."""
    if file.exists() and not force:
        raise RefusedError(f"{file} exists; give --force to overwrite it")
    if not file.parent.is_dir():
        raise RefusedError(f"{file.parent} is not a directory; create it first")
    with _closing(out) as (index, mine):
        rows = write_sheet(file, index, mine)
    around = out.parent if (out / MANIFEST).is_file() else out
    typer.echo(f"{file}: {rows:,} dead letters; correct it, then: avstar run {file} --out {around}")


@dlq.command()
def redrive(
    out: Out,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    api_url: Annotated[str | None, typer.Option(help="Address of the API, as in the run.")] = None,
    rate: Annotated[str | None, typer.Option(help="The API's quota: 600/60.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="File of the bearer token.")] = None,
) -> None:
    """Send again, under their own request IDs, the spots whose fate is uncertain.

    All other settings are the variables of `avstar run`. Exit code 3: some are still open.
    """
    _refuse_single(out)
    if dry_run:
        typer.echo("\n".join(would_redrive(out)))
        return
    sealed_ledgers(out)  # where there is none, that is what to say
    settings = load_settings(out=out, api_url=api_url, rate=rate, token_file=token_file)
    raise typer.Exit(resend(settings))


@dlq.command()
def alert(out: Out) -> None:
    """Tell the traffic desk of nights with open dead letters: one message, and never twice.

    Receivers are AVSTAR_ALERT_URLS or the lines of AVSTAR_ALERT_URLS_FILE, as Apprise has them:
    mailtos://, jsons://, slack://, msteams:// and so on. Exit code 1: somebody was not reached.
    """
    receivers = DeskSettings().receivers()
    _refuse_single(out)
    sent = alert_desk(sealed_ledgers(out), out, receivers, new_sender())
    typer.echo(f"{sum(sent)} of {len(sent)} messages sent" if sent else "nothing new to tell")
    if not all(sent):
        raise typer.Exit(ExitCode.FAILED)


@contextmanager
def _closing(out: Path) -> Iterator[tuple[Closing, Callable[[Sealed], bool]]]:
    """Index a folder of ledgers, or the one around a ledger, since later ones close it.

    Yields the index, and what tells which ledgers are meant: a single one with its family.
    """
    named = sealed_ledgers(out)
    around = sealed_ledgers(out.parent) if named[0].folder == out else named
    mine = {one.folder for one in family(named, around)}
    with closing(around) as index:
        yield index, lambda ledger: ledger.folder in mine


def _refuse_single(out: Path) -> None:
    if (out / MANIFEST).is_file():
        raise RefusedError(f"{out} is one ledger; name the --out folder around it")
