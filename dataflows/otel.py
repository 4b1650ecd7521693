"""The standard variables of OpenTelemetry and Bytewax that say whether anybody looks on."""

import os
from collections.abc import Callable

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_PAGE = "BYTEWAX_DATAFLOW_API_ENABLED"


class Otel(BaseSettings):
    """What the standard variables `OTEL_…` say of telemetry; the exporters read the others."""

    model_config = SettingsConfigDict(env_prefix="OTEL_", frozen=True, extra="ignore")

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
        return bool(where) and getattr(self, f"{signal}_exporter") == "otlp"


def load_otel(tell: Callable[[str], object]) -> Otel | None:
    """Read `OTEL_…`; None where nothing is to be sent, or nothing can be, which `tell` is told."""
    try:
        otel = Otel()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        tell(f"OTEL_{str(first['loc'][0]).upper()}: {first['msg']}; there is no telemetry")
        return None
    if otel.sdk_disabled or not any(map(otel.sends, ("traces", "metrics", "logs"))):
        return None
    if otel.exporter_otlp_protocol != "http/protobuf":
        tell("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf; there is no telemetry")
        return None
    return otel


def metrics_page_wanted() -> bool:
    """Tell whether the engine will serve its pages."""
    return _PAGE in os.environ


def want_no_metrics_page() -> None:
    """Have the engine serve no pages from now on: in one process it can do so only once."""
    os.environ.pop(_PAGE, None)
