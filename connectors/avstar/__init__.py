"""The Avstar scheduling API: delivery that keeps its quota and schedules nothing twice."""

from connectors.avstar.oauth import OAuthToken
from connectors.avstar.operators import DeliverOut, deliver
from connectors.avstar.proxy import Proxy
from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.sink import AvstarSink, UndeliveredError
from connectors.avstar.token import (
    StaticToken,
    Token,
    TokenFile,
    TokenSource,
    TokenUnavailableError,
)
from connectors.avstar.watch import Lane, Watch, Watches

__all__ = [
    "AvstarSettings",
    "AvstarSink",
    "DeliverOut",
    "Lane",
    "OAuthToken",
    "Proxy",
    "Rate",
    "StaticToken",
    "Token",
    "TokenFile",
    "TokenSource",
    "TokenUnavailableError",
    "UndeliveredError",
    "Watch",
    "Watches",
    "deliver",
]
