"""The cluster overlay: its figures, and its pods as processes on hosts of their own."""

import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from dataflows.cluster import load_cluster
from tests.dataflows.cluster.test_hosts import API, PATIENCE, ROOT, Hosts, why_not
from tests.k8s.manifests import JOB, NAMESPACE, documents, needs_kubectl, of_kind, workload
from tests.k8s.pods import Pod

pytestmark = needs_kubectl

ADDRESSES = ("10.213.7.2", "10.213.7.3", "10.213.7.4")
RECORDS, VALID = 500, 490


@pytest.fixture
def rendered():
    return documents("cluster")


@pytest.fixture
def upload(rendered):
    return workload(rendered, "avstar-upload")


def test_there_are_as_many_pods_as_addresses_and_each_finds_its_own(
    rendered, upload, tmp_path, monkeypatch
):
    for index in range(upload.job["completions"]):
        given = Pod(rendered, "avstar-upload", tmp_path, index).given()
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        found = load_cluster()
        assert found.process == index
        assert found.size == upload.job["completions"] == upload.job["parallelism"]
        host = f"{JOB}-{index}.{upload.pod['subdomain']}.{NAMESPACE}.svc.cluster.local"
        assert found.addresses[index] == f"{host}:2101"
    assert upload.job["completionMode"] == "Indexed"


def test_the_pods_find_each_other_before_they_are_ready(rendered, upload):
    [service] = of_kind(rendered, "Service")
    assert service["metadata"]["name"] == upload.pod["subdomain"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True


def test_one_pod_is_drained_at_a_time(rendered, upload):
    [budget] = of_kind(rendered, "PodDisruptionBudget")
    assert budget["spec"]["minAvailable"] == upload.job["completions"] - 1


def test_the_ledgers_are_shared_and_the_store_is_not(rendered, upload):
    [claim] = [one for one in rendered if one["metadata"]["name"] == "avstar-data"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    [settings] = of_kind(rendered, "ConfigMap")
    [mount] = [one for one in upload.main["volumeMounts"] if one["mountPath"] == "/tmp"]
    assert settings["data"]["AVSTAR_STATE"].startswith("/tmp/")
    assert settings["data"]["AVSTAR_OUT"].startswith("/data/")
    assert {"name": mount["name"], "emptyDir": {"sizeLimit": "1Gi"}} in upload.pod["volumes"]


class Job:
    """The Job's pods, each a process on a host that knows the others by their names."""

    def __init__(self, rendered, hosts, folder, export):
        self._rendered, self._hosts, self._folder = rendered, hosts, folder
        options = ("--host", API, "--port", 0, "--rate", "100000/1", "--token", "secret-3f9a")
        latency = ("--latency", "0.3", "--database", folder / "api.db")
        self.export = Pod(rendered, "avstar-upload", folder).place("/exports") / "tomorrow.ndjson"
        export.rename(self.export)
        sandbox = hosts.start(hosts.switch, "sandbox", *options, *latency)
        self._url = sandbox.stdout.readline().split()[-1]

    @property
    def stats(self):
        return self._hosts.ask(f"{self._url}/_sandbox/stats")

    def start(self):
        """Start all pods; what a pod before had for itself is gone."""
        for own in self._folder.glob("tmp-*"):
            shutil.rmtree(own)
        return [self._start(index, host) for index, host in enumerate(self._hosts.names)]

    def _start(self, index, host):
        pod = Pod(self._rendered, "avstar-upload", self._folder, index)
        given = {"AVSTAR_API_URL": self._url, "AVSTAR_RATE": "10000/0.1", "AVSTAR_TOKEN": ""}
        given |= {"AVSTAR_CHECKPOINT_RECORDS": "120"}
        variables = pod.moved({**pod.given(), **given})
        return self._hosts.start(host, *pod.args, **variables)

    def until_accepted(self, count):
        deadline = time.monotonic() + PATIENCE
        while self.stats["accepted"] < count:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def job(rendered, tmp_path, new_export):
    if reason := why_not():
        pytest.skip(reason)
    with ExitStack() as stack:
        hosts = Hosts(stack, tmp_path, ADDRESSES)
        for host in hosts.names:
            stack.callback(shutil.rmtree, name_them(host))
        yield Job(rendered, hosts, tmp_path / "pods", new_export(RECORDS))


def name_them(host):
    """Write what the cluster's name server would say into the hosts file of a host."""
    names = f"avstar-peers.{NAMESPACE}.svc.cluster.local"
    folder = Path("/etc/netns") / host
    folder.mkdir(parents=True)
    lines = [f"{address} {JOB}-{i}.{names}\n" for i, address in enumerate(ADDRESSES)]
    (folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(lines))
    return folder


def test_a_pod_that_is_killed_stops_the_others_and_the_next_ones_end_exactly(job):
    """The first pod, which has the store; its next one has none, as on another node."""
    processes = job.start()
    job.until_accepted(80)
    processes[0].send_signal(signal.SIGKILL)
    for index, process in enumerate(processes):
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == (75 if index else -9), err

    for process in job.start():
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert "reconciled    yes" in out
    assert (job.stats["spots"], job.stats["accepted"]) == (VALID, VALID)
    [ledger] = (job.export.parents[1] / "data" / "ledgers").glob("tomorrow.*")
    command = [sys.executable, "-m", "dataflows.cli", "verify", ledger, job.export]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
