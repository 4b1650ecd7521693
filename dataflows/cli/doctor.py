"""`avstar doctor`: what could keep the run from ending well, before the night."""

from pathlib import Path
from typing import Annotated

import typer

from dataflows.doctor import examine
from dataflows.runner import ExitCode
from dataflows.settings import load_settings


def doctor(  # noqa: PLR0913 - one parameter an option
    exports: Annotated[
        list[Path] | None, typer.Argument(help="Exports to look at.", readable=False)
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of the ledgers.", readable=False)] = None,
    state: Annotated[Path | None, typer.Option(help="Recovery store.", readable=False)] = None,
    api_url: Annotated[str | None, typer.Option(help="Address of the API.")] = None,
    rate: Annotated[str | None, typer.Option(help="The API's quota: 600/60.")] = None,
    follow: Annotated[
        Path | None, typer.Option(help="Folder in which exports arrive.", readable=False)
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="Where those go, and the ledgers are.", readable=False)
    ] = None,
) -> None:
    """Look at settings, folders, exports and API, and say what is not well; sends no spot.

    All settings of `avstar run` count, as AVSTAR_ variables. Exit code 2 if a run would fail.
    """
    given = {"out": out, "state": state, "api_url": api_url, "rate": rate}
    given |= {"follow": follow, "archive": archive}
    worst = ExitCode.SETTLED
    for level, what, words in examine(load_settings(**given, exports=exports or None)):
        typer.echo(f"{level:<5} {what}: {words}")
        worst = ExitCode.USAGE if level == "FAIL" else worst
    raise typer.Exit(worst)
