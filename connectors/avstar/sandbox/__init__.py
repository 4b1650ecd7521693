"""A local stand-in for the Avstar API, for tests: a real HTTP server with quota and faults."""

from connectors.avstar.rate import Rate
from connectors.avstar.sandbox.faults import Faults
from connectors.avstar.sandbox.latency import Latency
from connectors.avstar.sandbox.server import Sandbox
from connectors.avstar.sandbox.settings import SandboxSettings
from connectors.avstar.sandbox.timers import exact_loop

__all__ = ["Faults", "Latency", "Rate", "Sandbox", "SandboxSettings", "exact_loop"]
