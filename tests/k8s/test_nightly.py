"""The containers of the nightly overlay as processes, with exactly the variables they are given."""

import signal
import time
from http import HTTPStatus
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.external.ports import free_port
from tests.k8s.manifests import documents, needs_kubectl, workload
from tests.k8s.pods import Pod

pytestmark = needs_kubectl

RECORDS, VALID = 400, 390
PATIENCE = 60

_opener = build_opener(ProxyHandler({}))


class Running(Pod):
    """The nightly pod, whose probes are answered on a port of this machine."""

    def __init__(self, name, avstar, folder, api_url):
        super().__init__(documents("nightly", "components/desk"), name, folder)
        port = str(free_port())
        given = {"AVSTAR_API_URL": api_url, "AVSTAR_RATE": "10000/0.1"}
        self.variables = self.moved({**self.given(), **given, "AVSTAR_PAGE": f"127.0.0.1:{port}"})
        self._avstar = avstar

    def start(self):
        return self._avstar.start(*self.args, AVSTAR_TOKEN=None, **self.variables)

    def probe(self, name):
        """Ask as the kubelet does, and tell whether the answer is a good one."""
        path = self.container[name]["httpGet"]["path"]
        url = f"http://{self.variables['AVSTAR_PAGE']}{path}"
        try:
            with _opener.open(url, timeout=self.container[name]["timeoutSeconds"]) as answer:
                return answer.status == HTTPStatus.OK
        except (URLError, OSError):
            return False


@pytest.fixture
def new_pod(avstar, tmp_path, new_export):
    def make(name, url):
        pod = Running(name, avstar, tmp_path / "pod", url)
        if name == "avstar-upload":
            export = new_export(RECORDS, "tomorrow.ndjson", bad=0.025)
            export.rename(pod.place("/exports") / "tomorrow.ndjson")
        return pod

    return make


@pytest.fixture
def nowhere():
    """An API that is down: nobody listens at its address."""
    return f"http://127.0.0.1:{free_port()}"


def test_a_night_is_uploaded_and_the_next_pod_has_nothing_left_to_do(new_pod, api):
    running = api()
    pod = new_pod("avstar-upload", running.url)
    first = pod.start().finish()
    assert first.code == 0, first.err
    assert running.stats()["accepted"] == VALID
    again = pod.start().finish()
    assert again.code == 0, again.err
    assert running.stats()["requests"] == VALID


def test_the_probes_are_answered_while_the_api_is_down_and_a_stop_is_heard(new_pod, nowhere):
    """Whoever waits with a reason is alive: a pod killed for it would only wait again."""
    pod = new_pod("avstar-upload", nowhere)
    running = pod.start()
    running.until(lambda: pod.probe("startupProbe"))
    running.until(lambda: '"breaker open"' in running.err)
    assert pod.probe("livenessProbe")
    assert not pod.probe("readinessProbe")
    began = time.monotonic()
    running.process.terminate()
    assert running.process.wait(PATIENCE) == 75
    grace = workload(documents("nightly"), "avstar-upload").pod["terminationGracePeriodSeconds"]
    assert time.monotonic() - began < grace


def test_a_pod_is_ready_when_the_api_answers(new_pod, api):
    pod = new_pod("avstar-upload", api("--latency", "0.2").url)
    running = pod.start()
    running.until(lambda: pod.probe("readinessProbe"))
    assert running.finish(signal.SIGTERM).code in {0, 75}


def test_a_process_that_stands_still_fails_its_liveness_probe(new_pod, nowhere):
    pod = new_pod("avstar-upload", nowhere)
    pod.container["livenessProbe"]["timeoutSeconds"] = 0.5
    running = pod.start()
    running.until(lambda: pod.probe("livenessProbe"))
    running.process.send_signal(signal.SIGSTOP)
    running.until(lambda: not pod.probe("livenessProbe"))


def test_the_doctor_is_content_in_the_evening_and_not_where_the_api_is_away(new_pod, api, nowhere):
    well = new_pod("avstar-doctor", api().url).start().finish()
    assert well.code == 0, well.out
    assert "FAIL" not in well.out
    ill = new_pod("avstar-doctor", nowhere).start().finish()
    assert ill.code == 2
    assert "FAIL  api" in ill.out


def test_the_desk_is_told_of_a_night_once(new_pod, api, recorder):
    recorder.status = 200
    desk = new_pod("avstar-desk", api().url)
    (desk.place("/var/run/avstar-desk") / "urls").write_text(
        f"{recorder.url}\n".replace("http", "json")
    )
    early = desk.start().finish()
    assert early.code == 2, early.out
    assert new_pod("avstar-upload", api().url).start().finish().code == 0
    before = recorder.requests
    for _ in range(2):
        told = desk.start().finish()
        assert told.code == 0, told.err
        assert recorder.requests == before + 1
