"""All settings of ours: in the environment, `AVSTAR_` and the name in capitals."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from connectors.avstar import AvstarSettings, Rate
from connectors.errors import RefusedError
from dataflows.values import Address, Paths, ProxyUrl, Quota, Stations, TimeOfDay, Zone

PREFIX = "AVSTAR_"

_OTHERS = re.compile(r"^AVSTAR_(SANDBOX_|TOOLS$|PORT(_\d|$)|SERVICE_(HOST|PORT))")


class Settings(BaseSettings):
    """Settings of a run; times in seconds. A value given beats the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        arbitrary_types_allowed=True,
        extra="ignore",
    )

    exports: Paths = Field((), description="Exports to upload, separated by colons")
    out: Path | None = Field(None, description="Folder of the ledgers")
    state: Path | None = Field(None, description="Folder of the recovery store (OUT/.state)")
    api_url: str | None = Field(None, description="Address of the API, without /ingest")
    token: SecretStr | None = Field(None, description="Bearer token")
    token_file: Path | None = Field(None, description="File of the bearer token, re-read on 401")
    oauth_url: str | None = Field(None, description="OAuth 2.0 token endpoint")
    oauth_client_id: str | None = Field(None, description="ID of the OAuth client")
    oauth_client_secret: SecretStr | None = Field(None, description="Secret of the OAuth client")
    oauth_client_secret_file: Path | None = Field(None, description="File of that secret")
    oauth_scope: str = Field("", description="What the token is asked to allow")
    rate: Quota = Field(
        Rate(600, 60), description="The API's quota: requests/seconds of its window"
    )
    concurrency: int = Field(20, description="Most requests in flight")
    records_per_request: int = Field(
        1, description="Most spots in one request; with more than 1 they go to the bulk endpoint"
    )
    workers: int = Field(1, ge=1, le=256, description="Worker threads")
    delivery_lanes: int = Field(1, ge=1, le=256, description="Lanes that share the quota")
    checkpoint_records: int = Field(
        5000, ge=1, le=5000, description="Most records from checkpoint to checkpoint"
    )
    checkpoint_seconds: float = Field(
        5.0, gt=0, le=3600, description="Time from checkpoint to checkpoint"
    )
    connect_timeout: float = Field(10.0, description="Time for a connection")
    request_timeout: float = Field(30.0, description="Time for a whole attempt")
    ca_file: Path | None = Field(None, description="CA bundle to trust instead of the system's")
    client_cert: Path | None = Field(None, description="Our certificate, if the API asks for one")
    client_key: Path | None = Field(None, description="Its key, if not in the same file")
    proxy: ProxyUrl | None = Field(None, description="HTTP proxy, http://[user:password@]host:port")
    backoff_base: float = Field(0.5, description="Longest wait before the first repetition")
    backoff_max: float = Field(30.0, description="Longest wait before any repetition")
    max_attempts: int = Field(8, description="Failed attempts before a spot is a dead letter")
    breaker_failures: int = Field(5, description="Bad answers in a row that open the breaker")
    breaker_pause: float = Field(60.0, description="Time before an open breaker probes")
    drain_seconds: float = Field(30.0, description="Time to settle the batch when stopped")
    line_limit: int = Field(
        1 << 20, ge=1024, le=1 << 26, description="Bytes that a record may have"
    )
    timezone: Zone | None = Field(None, description="Zone of air times without an offset")
    stations: Stations | None = Field(
        None, description="Stations to upload, separated by commas; others are skipped"
    )
    validate_only: bool = Field(default=False, description="Check the exports and send nothing")
    redrive: bool = Field(
        default=True, description="Send once more what can be, at the end of a run"
    )
    sign_key: Path | None = Field(None, description="Ed25519 key that signs manifests, PEM")
    strict: bool = Field(default=False, description="Exit 3 if there are dead letters")
    deadline: TimeOfDay | None = Field(None, description="Playout, HH:MM: a run that is late warns")
    follow: Path | None = Field(None, description="Folder in which exports arrive, one by one")
    archive: Path | None = Field(None, description="Where those go when done, with their ledgers")
    settle_seconds: float = Field(
        120.0, ge=0, description="Time for which an arrival must not change, without a companion"
    )
    page: Address | None = Field(None, description="host:port of /metrics, /ready and /live")
    log_json: bool = Field(
        default=False, description="Audit log as JSON lines on standard error, for no progress"
    )

    @property
    def out_folder(self) -> Path:
        """Folder of the ledgers.

        Raises:
            RefusedError: It was not given.
        """
        if self.out is None:
            raise RefusedError("no folder for the ledger; give --out DIR or set AVSTAR_OUT")
        return self.out

    @property
    def state_folder(self) -> Path:
        """Folder of the recovery store."""
        return self.state or self.out_folder / ".state"

    def delivery(self) -> AvstarSettings:
        """Return the settings of the API.

        Raises:
            RefusedError: One of them is missing or out of range.
        """
        if not self.api_url:
            raise RefusedError("no API URL; give --api-url or set AVSTAR_API_URL")
        names = AvstarSettings.__dataclass_fields__
        return AvstarSettings(**{name: getattr(self, name) for name in names})


class DeskSettings(BaseSettings):
    """Settings of the morning after: who is told, and where spots can be followed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    alert_urls: SecretStr | None = Field(None, description="Receivers, separated by blanks")
    alert_urls_file: Path | None = Field(None, description="File of the receivers, one a line")
    trace_url: str | None = Field(None, description="Page of a trace, with {trace_id} in it")

    def receivers(self) -> list[str]:
        """Return the addresses of those who are told.

        Raises:
            RefusedError: There is none, or the file cannot be read.
        """
        text = self.alert_urls.get_secret_value() if self.alert_urls else ""
        if self.alert_urls_file:
            try:
                text += "\n" + self.alert_urls_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is no text"
                raise RefusedError(f"{self.alert_urls_file} cannot be read: {why}") from None
        if found := list(dict.fromkeys(text.split())):
            return found
        raise RefusedError(
            "nobody to tell; set AVSTAR_ALERT_URLS or AVSTAR_ALERT_URLS_FILE, such as "
            "mailtos://user:password@mail.example?to=desk@example"
        )


class _Fixed(Settings):
    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def strange_variables() -> Iterator[tuple[str, str | None]]:
    """Give the variables named like settings that are none, and which of those is near.

    What Kubernetes sets for a Service called `avstar` is left out, and what others here read.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known and not _OTHERS.search(name):
            yield name, next(iter(get_close_matches(name, known, 1, 0.8)), None)


def fixed_settings(**given: Any) -> Settings:
    """Return settings of what is given and the defaults; the environment is not read."""
    return _Fixed(**given)


def load_settings(**given: Any) -> Settings:
    """Read the environment; what is given and not None comes before it.

    Raises:
        RefusedError: A value cannot be used; the message names it.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        option = "--" + name.replace("_", "-")
        raise RefusedError(f"{PREFIX}{name.upper()} ({option}): {first['msg']}") from None
