"""`avstar sandbox`: a local stand-in for the Avstar API."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from connectors.avstar.sandbox import Faults, Latency, Rate, Sandbox, SandboxSettings, exact_loop
from connectors.avstar.sandbox.announcement import Announcement, RetryAfter
from connectors.avstar.sandbox.settings import MAX_PORT
from connectors.errors import RefusedError

T = TypeVar("T")


def _env(name: str) -> str:
    return f"AVSTAR_SANDBOX_{name}"


def _option(parse: Callable[[str], T]) -> Callable[[str], T]:
    # Raised as a BadParameter, the reason stands beside the name of the option.
    def read(text: str) -> T:
        try:
            return parse(text)
        except RefusedError as error:
            raise typer.BadParameter(str(error)) from None

    return read


def sandbox(  # noqa: PLR0913 - one parameter for each option
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on.", envvar=_env("HOST"))
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="0 takes a free one.", min=0, max=MAX_PORT, envvar=_env("PORT"))
    ] = 8080,
    token: Annotated[
        str, typer.Option(help="Bearer token that is accepted.", envvar=_env("TOKEN"))
    ] = "sandbox",  # noqa: S107 - opens a sandbox only
    client_id: Annotated[
        str,
        typer.Option(help="OAuth client that may fetch tokens.", envvar=_env("CLIENT_ID")),
    ] = "sandbox",
    client_secret: Annotated[
        str, typer.Option(help="Its secret.", envvar=_env("CLIENT_SECRET"))
    ] = "sandbox",  # noqa: S107 - opens a sandbox only
    token_seconds: Annotated[
        int,
        typer.Option(help="How long a fetched token is good.", min=1, envvar=_env("TOKEN_SECONDS")),
    ] = 3600,
    database: Annotated[
        Path | None,
        typer.Option(
            help="SQLite file that keeps the spots; a temporary one by default.",
            envvar=_env("DATABASE"),
        ),
    ] = None,
    rate: Annotated[
        Rate,
        typer.Option(
            help="Requests/seconds of the sliding window.",
            metavar="N/SECONDS",
            parser=_option(Rate.parse),
            envvar=_env("RATE"),
        ),
    ] = "600/60",  # type: ignore[assignment] # typer parses defaults
    retry_after: Annotated[
        RetryAfter, typer.Option(help="Form of Retry-After on a 429.", envvar=_env("RETRY_AFTER"))
    ] = "seconds",
    announce: Annotated[
        Announcement,
        typer.Option(help="Headers that announce the quota.", envvar=_env("ANNOUNCE")),
    ] = "none",
    conflict: Annotated[
        Literal["409", "422", "plain"],
        typer.Option(
            help="Status for a request ID used with another spot; plain: the same 409 as for the "
            "same spot.",
            envvar=_env("CONFLICT"),
        ),
    ] = "422",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="500, reset, lost, slow, throttle, expired or partial, and how often: lost=0.05, "
            "slow=0.01:3 (seconds); may be repeated.",
            metavar="KIND=P[:SECONDS]",
            envvar=_env("FAULT"),
        ),
    ] = None,
    oauth_fault: Annotated[
        list[str] | None,
        typer.Option(
            help="The same for POST /oauth/token, where expired refuses the client.",
            metavar="KIND=P[:SECONDS]",
            envvar=_env("OAUTH_FAULT"),
        ),
    ] = None,
    max_bulk_records: Annotated[
        int,
        typer.Option(
            help="Records that a bulk request may hold; 0: there are none.",
            min=0,
            envvar=_env("MAX_BULK_RECORDS"),
        ),
    ] = 1000,
    bulk_atomic: Annotated[
        bool,
        typer.Option(
            "--bulk-atomic",
            help="One bad record has its whole bulk request refused.",
            envvar=_env("BULK_ATOMIC"),
        ),
    ] = False,
    latency: Annotated[
        Latency,
        typer.Option(
            help="Delay of every answer in seconds.",
            metavar="MEAN[:JITTER]",
            parser=_option(Latency.parse),
            envvar=_env("LATENCY"),
        ),
    ] = "0",  # type: ignore[assignment] # typer parses defaults
    seed: Annotated[
        int, typer.Option(help="Decides whom the faults strike.", envvar=_env("SEED"))
    ] = 0,
) -> None:
    """Serve a local stand-in for the Avstar API, with its quota and, on demand, its faults."""
    settings = SandboxSettings(
        host=host,
        port=port,
        token=token,
        client_id=client_id,
        client_secret=client_secret,
        token_seconds=token_seconds,
        database=database,
        rate=rate,
        retry_after=retry_after,
        announce=announce,
        conflict="plain" if conflict == "plain" else 409 if conflict == "409" else 422,
        faults=Faults.parse(fault or ()),
        oauth_faults=Faults.parse(oauth_fault or ()),
        max_bulk_records=max_bulk_records,
        bulk_atomic=bulk_atomic,
        latency=latency,
        seed=seed,
    )
    with closing(exact_loop()) as loop:
        loop.run_until_complete(_serve(settings))


async def _serve(settings: SandboxSettings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with Sandbox(settings) as running:
        typer.echo(f"Avstar sandbox listening on {running.url}")
        await stopped.wait()
