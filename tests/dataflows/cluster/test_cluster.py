from pathlib import Path

import pytest

from connectors.errors import RefusedError
from dataflows.cluster import Cluster, load_cluster
from dataflows.cluster.cluster import split_address

TWO = "a:2101;b:2102"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "ADDRESSES",
        "HOSTFILE_PATH",
        "PROCESS_ID",
        "POD_NAME",
        "STATEFULSET_NAME",
        "WORKERS_PER_PROCESS",
    ):
        monkeypatch.delenv(f"BYTEWAX_{name}", raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **variables: object) -> Cluster:
    for name, value in variables.items():
        monkeypatch.setenv(f"BYTEWAX_{name}", str(value))
    return load_cluster()


def test_without_bytewax_s_variables_a_process_is_alone() -> None:
    assert load_cluster() == Cluster()
    assert load_cluster().is_alone
    assert load_cluster().is_first


def test_addresses_are_separated_by_semicolons(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = load(monkeypatch, ADDRESSES=TWO, PROCESS_ID=1)
    assert cluster == Cluster(1, ("a:2101", "b:2102"))
    assert (cluster.size, cluster.is_first) == (2, False)
    assert cluster.name(0) == "process 0 at a:2101"
    assert not cluster.is_alone


def test_a_process_without_an_index_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, ADDRESSES=TWO).process == 0


def test_a_pod_of_a_stateful_set_has_its_ordinal_as_index(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("up-0.up:2101\n\n up-1.up:2101 \n")
    cluster = load(monkeypatch, HOSTFILE_PATH=hosts, POD_NAME="up-1", STATEFULSET_NAME="up")
    assert cluster == Cluster(1, ("up-0.up:2101", "up-1.up:2101"))


def test_addresses_come_before_a_file_of_hosts_and_an_index_before_a_pod(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = load(
        monkeypatch,
        ADDRESSES=TWO,
        HOSTFILE_PATH="/nowhere",
        PROCESS_ID=0,
        POD_NAME="up-1",
        STATEFULSET_NAME="up",
    )
    assert cluster == Cluster(0, ("a:2101", "b:2102"))


def test_a_file_of_hosts_means_nothing_without_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, HOSTFILE_PATH="/nowhere").is_alone


def test_a_variable_that_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, ADDRESSES="", PROCESS_ID="", WORKERS_PER_PROCESS="") == Cluster()


def test_the_workers_of_a_process_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, WORKERS_PER_PROCESS=3).workers == 3


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PROCESS_ID": "one"}, "BYTEWAX_PROCESS_ID: .*integer"),
        ({"PROCESS_ID": 1}, "no addresses; set BYTEWAX_ADDRESSES"),
        ({"PROCESS_ID": 2, "ADDRESSES": TWO}, "process 2 has no address: .* names 2"),
        ({"PROCESS_ID": -1, "ADDRESSES": TWO}, "process -1 has no address"),
        ({"ADDRESSES": "a:1;a:1"}, "names one address twice"),
        ({"ADDRESSES": "a:1,b:1"}, "'a:1,b:1' is no address"),
        ({"ADDRESSES": "a"}, "'a' is no address of a process; write host:port"),
        ({"ADDRESSES": "a:1;"}, "'' is no address"),
        ({"POD_NAME": "up", "STATEFULSET_NAME": "up"}, "'up' is no pod of the StatefulSet 'up'"),
        ({"PROCESS_ID": 0, "HOSTFILE_PATH": "/nowhere"}, "/nowhere cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    variables: dict[str, object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RefusedError, match=words):
        load(monkeypatch, **variables)


@pytest.mark.parametrize(
    ("address", "parts"),
    [("a.b:2101", ("a.b", 2101)), ("[::1]:80", ("::1", 80)), ("10.0.0.1:9", ("10.0.0.1", 9))],
)
def test_an_address_is_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts
