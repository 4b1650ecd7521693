"""The standard variables of OpenTelemetry and Bytewax that say whether anybody looks on."""

import os
import re
from collections.abc import Callable
from contextlib import suppress

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "OTEL_"
_ENDPOINT = r"OTEL_EXPORTER_OTLP_((TRACES|METRICS|LOGS)_)?ENDPOINT"
_RATIO = 0.01
"""Of the good spots, where nobody says otherwise; the others are always traced."""

_PAGES = "BYTEWAX_DATAFLOW_API_ENABLED"


class Otel(BaseSettings):
    """What the standard variables `OTEL_…` say of telemetry; the exporters read the others."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="ignore", env_ignore_empty=True
    )

    sdk_disabled: bool = False
    exporter_otlp_endpoint: str = ""
    exporter_otlp_traces_endpoint: str = ""
    exporter_otlp_metrics_endpoint: str = ""
    exporter_otlp_logs_endpoint: str = ""
    exporter_otlp_protocol: str = "http/protobuf"
    traces_exporter: str = "otlp"
    metrics_exporter: str = "otlp"
    logs_exporter: str = "none"
    traces_sampler: str = ""
    traces_sampler_arg: str = ""
    bsp_max_queue_size: int = Field(2048, ge=1)
    bsp_max_export_batch_size: int = Field(512, ge=1)
    bsp_schedule_delay: float = Field(5000, gt=0, description="Milliseconds")
    bsp_export_timeout: float = Field(30_000, gt=0, description="Milliseconds")
    blrp_max_queue_size: int = Field(2048, ge=1)
    blrp_max_export_batch_size: int = Field(512, ge=1)
    blrp_schedule_delay: float = Field(1000, gt=0, description="Milliseconds")

    def sends(self, signal: str) -> bool:
        """Tell whether a signal has an exporter that we know, and somewhere to go."""
        where = self.exporter_otlp_endpoint or getattr(self, f"exporter_otlp_{signal}_endpoint")
        exporters = getattr(self, f"{signal}_exporter").lower().split(",")
        return bool(where) and "otlp" in map(str.strip, exporters)

    @property
    def sampler(self) -> str:
        """Name of the sampler, empty where nobody chose one."""
        return self.traces_sampler.strip().lower()

    @property
    def ratio(self) -> float | None:
        """Share of the good spots that are traced; None where only the SDK knows."""
        kind = self.sampler.removeprefix("parentbased_")  # a spot has no parent
        if kind == "traceidratio":
            with suppress(ValueError):
                found = float(self.traces_sampler_arg)
                return found if 0 <= found <= 1 else None
        return {"": _RATIO, "always_on": 1.0, "always_off": 0.0}.get(kind)


def load_otel(tell: Callable[[str], object]) -> Otel | None:
    """Read `OTEL_…`; None where nothing is to be sent, or nothing can be, which `tell` is told.

    Those that are empty are taken away, as the exporters would not take them for unset.
    """
    for name in [name for name, value in os.environ.items() if _is_empty(name, value)]:
        del os.environ[name]
    if not any(re.fullmatch(_ENDPOINT, name) for name in os.environ):
        return None
    try:
        otel = Otel()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        tell(f"{_PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}; there is no telemetry")
        return None
    if otel.sdk_disabled or not any(map(otel.sends, ("traces", "metrics", "logs"))):
        return None
    if otel.exporter_otlp_protocol.strip().lower() != "http/protobuf":
        tell("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf; there is no telemetry")
        return None
    return otel


def _is_empty(name: str, value: str) -> bool:
    return name.startswith(_PREFIX) and not value.strip()


def metrics_page_wanted() -> bool:
    """Tell whether the engine will serve its pages."""
    return _PAGES in os.environ


def end_metrics_page() -> None:
    """Let later engines of this process serve none: a second one could not, and would fail."""
    os.environ.pop(_PAGES, None)
