"""`avstar report`: how the night went, as one page."""

from pathlib import Path
from typing import Annotated

import typer

from connectors.desk.page import render
from connectors.desk.report import gather
from connectors.errors import RefusedError
from connectors.ledger import sealed_ledgers
from connectors.ledger.files import write_whole
from dataflows.settings import DeskSettings, load_settings


def report(
    out: Annotated[
        Path,
        typer.Argument(
            help="The --out folder of a run, or one ledger in it.",
            readable=False,
            resolve_path=True,
        ),
    ],
    *,
    html: Annotated[Path, typer.Option(help="Page to write; it loads nothing.")],
    rate: Annotated[str | None, typer.Option(help="Quota of the picture: 600/60.")] = None,
    trace_url: Annotated[
        str | None, typer.Option(help="Page of a trace, with {trace_id} in it.")
    ] = None,
) -> None:
    """Write the handoff report: what arrived, what did not and why, and whether it is proven."""
    if not html.parent.is_dir():
        raise RefusedError(f"{html.parent} is not a directory; create it first")
    link = trace_url or DeskSettings().trace_url or ""
    if link and not (link.startswith(("http://", "https://")) and "{trace_id}" in link):
        raise RefusedError(f"trace URL {link!r} must be http(s) and hold {{trace_id}}")
    ledgers = sealed_ledgers(out)
    around = sealed_ledgers(out.parent) if ledgers[0].folder == out else ledgers
    quota = load_settings(rate=rate).rate
    page = render(
        gather(ledgers, around, per_second=quota.requests / quota.seconds, trace_url=link)
    )
    write_whole(html, page.encode())
    typer.echo(f"{html}: report of {len(ledgers):,} ledgers")
