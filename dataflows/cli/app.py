"""All commands in one place, and the one line that an error becomes."""

import sys
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated

import typer

from connectors.errors import AvstarError
from dataflows.cli.demo import demo
from dataflows.cli.dlq import dlq
from dataflows.cli.doctor import doctor
from dataflows.cli.generate import generate
from dataflows.cli.report import report
from dataflows.cli.run import run
from dataflows.cli.sandbox import sandbox
from dataflows.cli.verify import verify
from dataflows.runner import ExitCode, exit_code

app = typer.Typer(
    name="avstar",
    help="Carry traffic exports (Avion) into the scheduling API (Avstar).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run, demo, verify, doctor, report, generate, sandbox):
    app.command()(command)
app.add_typer(dlq, name="dlq")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"avstar {version('avion-to-avstar')}")
        raise typer.Exit


@app.callback()
def avstar(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Carry traffic exports (Avion) into the scheduling API (Avstar)."""


def main() -> None:
    """Run the command line; an error that we know is one line and an exit code."""
    try:
        app()
    except AvstarError as error:
        _complain(str(error))
        sys.exit(exit_code(error))
    except OSError as error:  # a disk or a file, wherever it was needed
        _complain(f"{error.filename or 'file'}: {error.strerror}")
        sys.exit(ExitCode.FAILED)


def _complain(words: str) -> None:
    with suppress(OSError):  # the exit code says it as well
        sys.stderr.write(f"avstar: {words}\n")
