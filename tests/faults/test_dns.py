"""A name server that fails in the night: faults of the network, with no answer at all."""

from connectors.avstar.answer import Answer
from connectors.avstar.client import Client
from connectors.avstar.outcome import Verdict, judge
from connectors.avstar.settings import AvstarSettings
from connectors.loop import event_loop
from connectors.records import Spot


async def attempt(url: str) -> Answer:
    client = Client(AvstarSettings(api_url=url))
    await client.open()
    try:
        return await client.attempt([SPOT], "secret")
    finally:
        await client.close()


SPOT = Spot(1, 0, "SP1", "KABC", "2026-11-24T05:30:00Z", 30, "Acme", "0" * 32, b"")


def test_a_name_without_an_address_is_transient() -> None:
    answer = event_loop().run(attempt("http://name.invalid"))
    assert answer.status is None
    assert "name.invalid" in answer.detail
    assert judge(answer, proven=False) is Verdict.TRANSIENT
