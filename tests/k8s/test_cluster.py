"""The cluster overlay: its figures, and its pods as processes on hosts of their own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from dataflows.cluster import load_cluster
from tests.dataflows.cluster.test_hosts import API, GET, PATIENCE, ROOT, Hosts, why_not
from tests.k8s.manifests import (
    NAMESPACE,
    SET,
    documents,
    environment,
    needs_kubectl,
    of_kind,
    workload,
)
from tests.k8s.pods import Pod

pytestmark = needs_kubectl

ADDRESSES = ("10.213.7.2", "10.213.7.3", "10.213.7.4")
RECORDS, VALID = 500, 490


@pytest.fixture
def rendered():
    return documents("cluster")


@pytest.fixture
def upload(rendered):
    return workload(rendered, SET)


def test_there_are_as_many_pods_as_addresses_and_each_finds_its_own(
    rendered, upload, tmp_path, monkeypatch
):
    for index in range(upload.stateful["replicas"]):
        pod = Pod(rendered, SET, tmp_path, index)
        for name, value in pod.moved(pod.given()).items():
            monkeypatch.setenv(name, value)
        found = load_cluster()
        assert found.process == index
        assert found.size == upload.stateful["replicas"]
        host = f"{SET}-{index}.{upload.stateful['serviceName']}.{NAMESPACE}.svc.cluster.local"
        assert found.addresses[index] == f"{host}:2101"


def test_the_pods_start_together_and_find_each_other_before_they_are_ready(rendered, upload):
    [service] = of_kind(rendered, "Service")
    assert service["metadata"]["name"] == upload.stateful["serviceName"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert upload.stateful["podManagementPolicy"] == "Parallel"


def test_one_pod_is_drained_at_a_time_and_all_are_renewed_at_once(rendered, upload):
    [budget] = of_kind(rendered, "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    update = upload.stateful["updateStrategy"]["rollingUpdate"]
    assert update["maxUnavailable"] == upload.stateful["replicas"]


def test_the_ledgers_are_shared_and_each_pod_has_a_state_of_its_own(rendered, upload):
    [claim] = [one for one in rendered if one["metadata"]["name"] == "avstar-data"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    [template] = upload.stateful["volumeClaimTemplates"]
    assert template["spec"]["accessModes"] == ["ReadWriteOnce"]
    given = environment(rendered, upload.main)
    [mount] = [one for one in upload.main["volumeMounts"] if one["name"] == "state"]
    assert given["AVSTAR_STATE"].startswith(f"{mount['mountPath']}/")
    assert given["AVSTAR_ARCHIVE"] == given["AVSTAR_OUT"]


def test_the_first_pod_finds_its_store_again_after_a_pause(upload):
    """Deleted when scaled, it would go with `replicas: 0` as those of the other pods do."""
    policy = upload.stateful["persistentVolumeClaimRetentionPolicy"]
    assert policy == {"whenDeleted": "Retain", "whenScaled": "Retain"}


def test_the_store_is_made_once_and_in_one_step(rendered, upload, tmp_path):
    """Whatever is left of one that was cut off in the making."""
    pod = Pod(rendered, SET, tmp_path)
    [container] = upload.pod["initContainers"]
    store = pod.place("/state") / "store"
    (store.parent / "store.new").mkdir()
    (store.parent / "store.new" / "half").touch()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    given = {**pod.moved(environment(rendered, container)), "PATH": path}
    before = []
    for _ in range(2):
        subprocess.run(
            [*container["command"], *container["args"]], env=given, check=True, cwd=tmp_path
        )
        before.append([(one.name, one.stat().st_mtime_ns) for one in store.iterdir()])
    assert before[0] == before[1]
    assert [name for name, _ in before[0]] == ["part-0.sqlite3"]
    assert list(store.parent.iterdir()) == [store]


def test_the_doctor_looks_at_the_landing_folder_by_a_job_of_its_own(
    rendered, avstar, api, tmp_path
):
    """The pods of the set may crash too fast for anybody to get in."""
    pod = Pod(rendered, "avstar-doctor", tmp_path / "pod")
    given = {"AVSTAR_API_URL": api().url, "AVSTAR_RATE": "10000/0.1"}
    variables = pod.moved({**pod.given(), **given})
    landing = pod.place("/exports")
    well = avstar(*pod.args, AVSTAR_TOKEN=None, **variables)
    assert well.code == 0, well.out
    assert f"ok    follow: {landing}, where 0 wait" in well.out
    assert "FAIL" not in well.out
    landing.rmdir()
    ill = avstar(*pod.args, AVSTAR_TOKEN=None, **variables)
    assert ill.code == 2
    assert f"FAIL  follow: {landing} is no folder" in ill.out


class Pods:
    """The set's pods, each a process on a host that knows the others by their names."""

    def __init__(self, rendered, hosts, folder):
        self._rendered, self._hosts, self._folder = rendered, hosts, folder
        options = ("--host", API, "--port", 0, "--rate", "100000/1", "--token", "secret-3f9a")
        latency = ("--latency", "0.3", "--database", folder / "api.db")
        pod = Pod(rendered, SET, folder)
        self.landing, self.archive = pod.place("/exports"), pod.place("/data") / "ledgers"
        sandbox = hosts.start(hosts.switch, "sandbox", *options, *latency)
        self._url = sandbox.stdout.readline().split()[-1]

    @property
    def stats(self):
        return self._hosts.ask(f"{self._url}/_sandbox/stats")

    def start(self):
        """Start all pods."""
        return [self.start_one(index) for index in range(len(self._hosts.names))]

    def start_one(self, index):
        pod = Pod(self._rendered, SET, self._folder, index)
        given = {"AVSTAR_API_URL": self._url, "AVSTAR_RATE": "10000/0.1", "AVSTAR_TOKEN": ""}
        given |= {"AVSTAR_CHECKPOINT_RECORDS": "120"}
        (pod.place("/state") / "store").mkdir(exist_ok=True)
        variables = pod.moved({**pod.given(), **given})
        return self._hosts.start(self._hosts.names[index], *pod.args, **variables)

    def probe(self, index, name):
        """Ask as the kubelet does, on the pod's own host."""
        probe = workload(self._rendered, SET).main[name]["httpGet"]
        url = f"http://{ADDRESSES[index]}:3030{probe['path']}"
        command = ["ip", "netns", "exec", self._hosts.names[index], sys.executable, "-c", GET, url]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def until_accepted(self, count):
        self.until(lambda: self.stats["accepted"] >= count)

    def until_archived(self, name):
        self.until(lambda: list(self.archive.glob(f"{name}.*/export/{name}")))


@pytest.fixture
def pods(rendered, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    with ExitStack() as stack:
        hosts = Hosts(stack, tmp_path, ADDRESSES)
        for host in hosts.names:
            stack.callback(shutil.rmtree, name_them(host))
        yield Pods(rendered, hosts, tmp_path / "pods")


def name_them(host):
    """Write what the cluster's name server would say into the hosts file of a host."""
    names = f"avstar-peers.{NAMESPACE}.svc.cluster.local"
    folder = Path("/etc/netns") / host
    folder.mkdir(parents=True)
    lines = [f"{address} {SET}-{i}.{names}\n" for i, address in enumerate(ADDRESSES)]
    (folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(lines))
    return folder


def put(pods, new_export, name, **sample):
    path = new_export(RECORDS, name, **sample)
    path.with_name(f"{name}.done").touch()
    path.rename(pods.landing / name)
    path.with_name(f"{name}.done").rename(pods.landing / f"{name}.done")


def test_a_pod_that_is_killed_stops_the_others_and_the_next_ones_end_exactly(pods, new_export):
    """The first pod, which has the store; and later another, while there is nothing to do."""
    processes = pods.start()
    pods.until(lambda: all(pods.probe(index, "livenessProbe") for index in range(3)))
    put(pods, new_export, "first.ndjson", seed=1)
    put(pods, new_export, "second.ndjson", seed=2)
    pods.until_accepted(80)
    assert pods.probe(1, "readinessProbe")
    processes[0].send_signal(signal.SIGKILL)
    for index, process in enumerate(processes):
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == (75 if index else -9), err

    processes = pods.start()
    pods.until_archived("second.ndjson")
    processes[1].send_signal(signal.SIGKILL)
    processes[1].communicate(timeout=PATIENCE)
    processes[1] = pods.start_one(1)
    put(pods, new_export, "third.csv", seed=3)
    pods.until_archived("third.csv")
    for process in processes:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 75, err

    assert (pods.stats["spots"], pods.stats["accepted"]) == (3 * VALID, 3 * VALID)
    assert list(pods.landing.iterdir()) == []
    exports = pods.archive.glob("*/export/*.[nc]*[nv]")
    command = [sys.executable, "-m", "dataflows.cli", "verify", pods.archive, *exports]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.count("all accounted for") == 3
