"""`avstar run`: upload exports and account for every record."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dataflows import job
from dataflows.cluster import load_cluster
from dataflows.follow import follow as follow_landing
from dataflows.settings import load_settings

Opt = partial(typer.Option, readable=False)
"""What cannot be read is told by who needs it, in one line, and not by typer in a box."""


def run(  # noqa: PLR0913 - one parameter an option
    exports: Annotated[
        list[Path] | None,
        typer.Argument(help="Traffic exports: NDJSON, CSV, .gz, .zst.", readable=False),
    ] = None,
    *,
    out: Annotated[Path | None, Opt(help="Folder of the ledgers.")] = None,
    api_url: Annotated[str | None, Opt(help="Address of the API, without /ingest.")] = None,
    rate: Annotated[str | None, Opt(help="The API's quota, requests/seconds: 600/60.")] = None,
    concurrency: Annotated[int | None, Opt(help="Most requests in flight: 20.")] = None,
    records_per_request: Annotated[
        int | None, Opt(help="Spots in one request, where the API takes bulk requests: 1.")
    ] = None,
    workers: Annotated[int | None, Opt(help="Worker threads: 1.")] = None,
    state: Annotated[Path | None, Opt(help="Recovery store: OUT/.state.")] = None,
    token_file: Annotated[Path | None, Opt(help="File of the bearer token.")] = None,
    oauth_url: Annotated[str | None, Opt(help="OAuth 2.0 token endpoint.")] = None,
    oauth_client_id: Annotated[str | None, Opt(help="ID of the OAuth client.")] = None,
    oauth_client_secret_file: Annotated[Path | None, Opt(help="File of its secret.")] = None,
    oauth_scope: Annotated[str | None, Opt(help="What its token is asked to allow.")] = None,
    timezone: Annotated[
        str | None, Opt(help="Zone of air times without an offset, as America/New_York.")
    ] = None,
    stations: Annotated[str | None, Opt(help="Keep these stations: KABC,WXYZ.")] = None,
    checkpoint_records: Annotated[int | None, Opt(help="Most records a batch: 5000.")] = None,
    checkpoint_seconds: Annotated[float | None, Opt(help="Time a batch takes: 5.")] = None,
    max_attempts: Annotated[int | None, Opt(help="Failed attempts a spot: 8.")] = None,
    backoff_base: Annotated[float | None, Opt(help="First backoff, seconds: 0.5.")] = None,
    backoff_max: Annotated[float | None, Opt(help="Longest backoff, seconds: 30.")] = None,
    breaker_failures: Annotated[int | None, Opt(help="Bad answers in a row: 5.")] = None,
    breaker_pause: Annotated[float | None, Opt(help="Pause of an open breaker: 60.")] = None,
    connect_timeout: Annotated[float | None, Opt(help="Seconds: 10.")] = None,
    request_timeout: Annotated[float | None, Opt(help="Seconds: 30.")] = None,
    ca_file: Annotated[Path | None, Opt(help="CA bundle, PEM, for the system's.")] = None,
    client_cert: Annotated[Path | None, Opt(help="Our certificate, PEM.")] = None,
    client_key: Annotated[Path | None, Opt(help="Its key, PEM.")] = None,
    proxy: Annotated[
        str | None, Opt(help="http://host:port; with a password set AVSTAR_PROXY instead.")
    ] = None,
    drain_seconds: Annotated[float | None, Opt(help="Time to settle when stopped: 30.")] = None,
    delivery_lanes: Annotated[int | None, Opt(help="Lanes that share the quota: 1.")] = None,
    line_limit: Annotated[int | None, Opt(help="Bytes a record may have: 1048576.")] = None,
    validate_only: Annotated[
        bool | None, Opt("--validate-only", help="Check the exports, send nothing.")
    ] = None,
    redrive: Annotated[
        bool | None,
        Opt("--redrive/--no-redrive", help="Send once more what can be, at the end: yes."),
    ] = None,
    sign_key: Annotated[Path | None, Opt(help="Ed25519 key that signs manifests, PEM.")] = None,
    strict: Annotated[
        bool | None, Opt("--strict", help="Exit 3 if there are dead letters.")
    ] = None,
    deadline: Annotated[
        str | None, Opt(help="Playout, HH:MM in --timezone: a run that will be late warns.")
    ] = None,
    follow: Annotated[
        Path | None, Opt(help="Upload what arrives in this folder, one by one, until stopped.")
    ] = None,
    archive: Annotated[
        Path | None, Opt(help="Where --follow keeps ledgers, and moves what is done.")
    ] = None,
    settle_seconds: Annotated[
        float | None, Opt(help="Quiet after which an arrival counts as whole: 120.")
    ] = None,
    page: Annotated[
        str | None, Opt(help="Serve /metrics, /ready and /live there: 0.0.0.0:3030.")
    ] = None,
    log_json: Annotated[
        bool | None, Opt("--log-json", help="Audit log as JSON lines on standard error.")
    ] = None,
) -> None:
    """Upload exports and account for every record; the same command again resumes.

    The token comes from AVSTAR_TOKEN, a file or an OAuth 2.0 client, whose secret is
    AVSTAR_OAUTH_CLIENT_SECRET. Every option has a variable, such as AVSTAR_RATE, and beats it.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    settings = load_settings(**{**given, "exports": exports or None})
    work = follow_landing if settings.follow else job.upload
    raise typer.Exit(work(settings, load_cluster()))
