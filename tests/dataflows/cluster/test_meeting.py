import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from connectors.errors import RefusedError, StoppedError
from connectors.stop import Stop
from dataflows.cluster.cluster import Cluster, split_address
from dataflows.cluster.meeting import Meeting, listener

New = Callable[..., Any]
PATIENCE = 30


class Party:
    """Processes of one cluster, as threads."""

    def __init__(self, addresses: list[str], pool: ThreadPoolExecutor) -> None:
        self.addresses = tuple(addresses)
        self.stop = Stop()
        self.told: list[str] = []
        self._pool = pool
        self._found: list[Future[Any]] = []

    def meeting(self, process: int, **options: Any) -> Meeting:
        given = {"terms": {"exports": "day"}, "stop": self.stop, "tell": self.told.append}
        return Meeting(Cluster(process, self.addresses), **{**given, **options})

    def first(self, **options: Any) -> Future[Any]:
        return self._submit(lambda: self.meeting(0, **options).receive("parts"))

    def other(self, process: int, **options: Any) -> Future[Any]:
        return self._submit(lambda: self.meeting(process, **options).call())

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        self._found.append(self._pool.submit(work))
        return self._found[-1]

    def end(self) -> None:
        """Stop who still waits, and close what was opened."""
        self.stop.request()
        for found in self._found:
            if found.exception(PATIENCE) is None:
                made = found.result()
                for link in made.values() if isinstance(made, dict) else [made[0]]:
                    link.close()


@pytest.fixture
def new_party(new_addresses: New) -> Any:
    parties = []
    with ThreadPoolExecutor() as pool:

        def new(count: int) -> Party:
            parties.append(Party(new_addresses(count), pool))
            return parties[-1]

        yield new
        for party in parties:
            party.end()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_all_meet_in_whatever_order_they_come(order: tuple[int, ...], new_party: New) -> None:
    party = new_party(3)
    ways = {0: party.first, 1: lambda: party.other(1), 2: lambda: party.other(2)}
    found = {process: ways[process]() for process in order}
    links = found[0].result(PATIENCE)
    assert sorted(links) == [1, 2]
    for process in (1, 2):
        link, word = found[process].result(PATIENCE)
        assert word == "parts"
        links[process].say("stop")
        assert link.hear() == {"word": "stop"}


def test_nobody_goes_before_all_have_come(new_party: New) -> None:
    party = new_party(3)
    first, second = party.first(), party.other(1)
    assert not wait([second], 0.5).done
    assert not first.done()
    party.other(2)
    first.result(PATIENCE)
    second.result(PATIENCE)


def test_the_address_of_the_first_is_free_when_all_have_met(new_party: New) -> None:
    party = new_party(2)
    first, second = party.first(), party.other(1)
    first.result(PATIENCE)
    with socket.create_server(split_address(party.addresses[0])):
        second.result(PATIENCE)


def test_one_who_went_while_others_were_awaited_is_awaited_again(new_party: New) -> None:
    party = new_party(3)
    gone = Stop()
    first, second = party.first(), party.other(1, stop=gone)
    assert not wait([second], 0.5).done
    gone.request()
    with pytest.raises(StoppedError):
        second.result(PATIENCE)
    third = party.other(2)
    assert not wait([first], 0.5).done
    party.other(1).result(PATIENCE)
    third.result(PATIENCE)


def test_strangers_are_not_counted(new_party: New) -> None:
    party = new_party(2)
    first = party.first()
    for words in (b"GET / HTTP/1.1\r\n\r\n", b'{"word": "here", "process": 7}\n', b""):
        with _connected(party.addresses[0]) as stranger:
            stranger.sendall(words)
    assert not first.done()
    party.other(1).result(PATIENCE)
    assert list(first.result(PATIENCE)) == [1]


def test_processes_with_other_terms_refuse_each_other_by_name(new_party: New) -> None:
    party = new_party(2)
    first, second = party.first(), party.other(1, terms={"exports": "night"})
    for process, found in enumerate((first, second)):
        other = 1 - process
        words = f"process {other} at {party.addresses[other]} has other exports than this one"
        with pytest.raises(RefusedError, match=words):
            found.result(PATIENCE)


@pytest.mark.parametrize("process", [0, 1])
def test_who_waits_is_told_for_whom_and_can_be_stopped(
    process: int, new_party: New, caplog: pytest.LogCaptureFixture
) -> None:
    party = new_party(2)
    waiting = [party.first, lambda **options: party.other(1, **options)][process](say_after=0)
    awaited = f"process {1 - process} at {party.addresses[1 - process]}"
    while not party.told:
        assert not waiting.done()
    assert party.told == [f"waiting for {awaited}; start each process with the same command"]
    [logged] = caplog.records
    assert (logged.message, vars(logged)["awaited"]) == ("waiting", [1 - process])
    party.stop.request()
    with pytest.raises(StoppedError, match=f"stopped while it waited for {awaited}; nothing was"):
        waiting.result(PATIENCE)


@pytest.mark.parametrize("process", [0, 1])
def test_an_address_in_use_is_refused_before_the_engine_fails_at_it(
    process: int, new_party: New
) -> None:
    party = new_party(2)
    with (
        socket.create_server(split_address(party.addresses[process])),
        pytest.raises(RefusedError, match=f"process {process} at .* cannot listen there"),
    ):
        [party.first, lambda: party.other(1)][process]().result(PATIENCE)


@pytest.mark.parametrize("address", ["192.0.2.1:2101", "nowhere.invalid:2101"])
def test_an_address_of_another_machine_is_refused(address: str) -> None:
    with pytest.raises(RefusedError, match=f"process 0 at {address} cannot listen there"):
        listener(Cluster(0, (address, "127.0.0.1:1")))


def _connected(address: str) -> socket.socket:
    """Connect to one who is about to listen."""
    while True:
        try:
            return socket.create_connection(split_address(address))
        except ConnectionRefusedError:
            continue


def test_one_that_differs_in_what_passes_calls_again_until_it_does_not(new_party: New) -> None:
    party = new_party(2)
    first = party.first(passing=("exports",))
    calls = iter([{"exports": "yesterday"}] * 3)
    other = party.other(1, terms=_Changing(calls, {"exports": "day"}))
    assert set(first.result(PATIENCE)) == {1}
    assert other.result(PATIENCE)[1] == "parts"


def test_what_does_not_pass_is_refused_all_the_same(new_party: New) -> None:
    party = new_party(2)
    mine, theirs = {"exports": "day", "rate": "1/1"}, {"exports": "day", "rate": "2/1"}
    first = party.first(terms=mine, passing=("exports",))
    other = party.other(1, terms=theirs)
    for one in (first, other):
        assert "has other rate than this one" in str(one.exception(PATIENCE))


class _Changing(dict):
    """Terms that are others at each call, until there are no more: what is said is said in JSON."""

    def __init__(self, calls: Any, last: dict[str, str]) -> None:
        super().__init__(last)
        self._calls, self._last = calls, last

    def items(self) -> Any:
        return next(self._calls, self._last).items()
