"""Addon of mitmproxy: cuts a share of the flows, before the server is asked or after its answer."""

import os
from random import Random

from mitmproxy import http


class Severing:
    """Writes one line for each flow that it cuts: which side of the server, and its request ID."""

    def __init__(self) -> None:
        self._chance = Random(int(os.environ["SEVERING_SEED"]))
        self._share = float(os.environ["SEVERING_SHARE"])

    def request(self, flow: http.HTTPFlow) -> None:
        self._cut("before", flow)

    def response(self, flow: http.HTTPFlow) -> None:
        self._cut("after", flow)

    def _cut(self, side: str, flow: http.HTTPFlow) -> None:
        if self._chance.random() < self._share:
            flow.kill()
            print(side, flow.request.headers["X-Request-ID"], flush=True)  # noqa: T201 - read by the test


addons = [Severing()]
