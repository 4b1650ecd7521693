"""The image, built without a network and run as the manifests say: `make image-check`.

Wants root and Debian's podman, runc, catatonit and debootstrap, and kubectl. No image registry is
needed, and all of it lives in a temporary folder. The demo runs in the image, and then the nightly
pod, which is stopped in the middle and started again. Ends at the first thing that is not right.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from benchmarks.sandbox import TOKEN, Api, opener, sandbox
from dataflows.generate import Sample, generate
from tests.k8s.manifests import documents, environment, of_kind, workload
from tests.k8s.podman import build, call, own_store, run, volume, why_not

RECORDS, VALID = 1000, 990
PATIENCE = 120
CLAIMS = ("avstar-data", "avstar-exports", "avstar-token")
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
LOCKED_UP = "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000"


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def check(what: str, *, well: bool, seen: object = "") -> None:
    """Say that something is as it should be, or end."""
    tell(f"{'ok  ' if well else 'FAIL'}  {what}")
    if not well:
        sys.exit(f"{seen}")


def until(what: str, condition: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    check(what, well=time.monotonic() < deadline)


class Night:
    """The nightly pod by `podman kube play`, on volumes that outlast it."""

    def __init__(self, folder: Path, api: Api) -> None:
        rendered = documents("nightly")
        one = workload(rendered, "avstar-upload")
        [settings] = of_kind(rendered, "ConfigMap")
        settings["data"] |= {"AVSTAR_API_URL": api.url, "AVSTAR_RATE": "100/1"}
        port = environment(rendered, one.main)["AVSTAR_PAGE"].rpartition(":")[2]
        self._page = f"http://127.0.0.1:{port}"
        self.grace = one.pod["terminationGracePeriodSeconds"]
        self.image = one.main["image"]
        # Podman would probe with a curl in the container, and ports need a bridge.
        self._probes = [one.main.pop(name) for name in PROBES]
        one.main.pop("ports")
        one.pod["volumes"] = [_on_podman(one) for one in one.pod["volumes"]]
        metadata = {"name": "night", **one.template["metadata"]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": one.pod}
        self._file = folder / "pod.yaml"
        self._file.write_text(yaml.safe_dump_all([settings, pod]))
        self.container = f"night-{one.main['name']}"

    def start(self) -> None:
        """Start the pod; its init container has ended when this returns."""
        call("podman", "kube", "play", "--network", "host", self._file)

    def end(self) -> tuple[int, str]:
        """Wait for the end and return exit code and log."""
        code = int(call("podman", "wait", self.container))
        log = call("podman", "logs", self.container)
        call("podman", "pod", "rm", "--force", "night")
        return code, log

    def is_well(self) -> bool:
        """Ask as the kubelet and Prometheus do."""
        try:
            for probe in self._probes:
                opener.open(f"{self._page}{probe['httpGet']['path']}", timeout=10).close()
            with opener.open(f"{self._page}/metrics", timeout=10) as answer:
                return b"avstar_settled_records" in answer.read()
        except OSError:
            return False


def _on_podman(given: dict[str, Any]) -> dict[str, Any]:
    """Put a volume for a Secret, which podman 4.3 mounts as it is encoded."""
    if "secret" not in given:
        return given
    claim = {"claimName": given["secret"]["secretName"]}
    return {"name": given["name"], "persistentVolumeClaim": claim}


def look(image: str) -> None:
    """Hold the image to what its file promises."""
    seen = run(image, "-c", "id -u; cat /proc/1/status; env", entrypoint="sh")
    check("runs as 10001", well=seen.startswith("10001\n"), seen=seen)
    check("has no capability", well=LOCKED_UP in seen, seen=seen)
    check("has malloc as its allocator", well="\nPYTHONMALLOC=malloc\n" in seen, seen=seen)
    told = call("podman", "inspect", "--format", "{{json .Labels}}", image)
    check("says what it is", well='"org.opencontainers.image.title":"avstar"' in told, seen=told)
    demo = run(image, "demo", "--folder", "/tmp/demo")
    check("the demo is green", well="reconciled    yes" in demo, seen=demo)


def pass_a_night(night: Night, api: Api) -> None:
    """Upload, stopped once in the middle."""
    night.start()
    until("the nightly pod sends", lambda: api.stats()["accepted"] > VALID // 4)
    until("its probes are answered", night.is_well)
    seen = call("podman", "top", night.container, "user", "capeff", "seccomp", "args")
    words = seen.splitlines()[-1].split()
    check("it is locked up", well=words[:3] == ["10001", "none", "filter"], seen=seen)
    peak = call("podman", "exec", night.container, "grep", "VmHWM", "/proc/1/status")
    tell(f"      peak memory {int(peak.split()[1]) / 1024:,.0f} MiB")
    began = time.monotonic()
    call("podman", "kill", "--signal", "TERM", night.container)
    code, log = night.end()
    in_time = time.monotonic() - began < night.grace
    check("SIGTERM ends it with 75 in its grace", well=code == 75 and in_time, seen=log)
    night.start()
    code, log = night.end()
    check("the next pod ends with 0", well=code == 0, seen=log)
    stats = api.stats()
    exact = stats["spots"] == stats["accepted"] == stats["requests"] == VALID
    check(f"{VALID} spots are scheduled by {VALID} requests", well=exact, seen=stats)


def main() -> None:
    """Build, look and run."""
    if reason := why_not():
        sys.exit(f"the image cannot be checked here: {reason}")
    with tempfile.TemporaryDirectory(prefix="avstar-image-") as name, own_store(Path(name)):
        folder = Path(name)
        with sandbox(folder) as api:
            night = Night(folder, api)
            build(folder, night.image)
            check("it builds without a network", well=True)
            look(night.image)
            places = dict(zip(CLAIMS, map(volume, CLAIMS), strict=True))
            export = places["avstar-exports"] / "tomorrow.ndjson"
            with export.open("wb") as file:
                file.writelines(generate(Sample(RECORDS)))
            os.utime(export, (time.time() - 300,) * 2)
            (places["avstar-token"] / "token").write_text(TOKEN)
            pass_a_night(night, api)
            ledger = places["avstar-data"] / "ledgers"
            [found] = ledger.glob("tomorrow.*")
            tell(call(sys.executable, "-m", "dataflows.cli", "verify", found, export).strip())


if __name__ == "__main__":
    main()
