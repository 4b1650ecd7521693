"""The manifests as kustomize renders them, and what of them a pod gets."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
import yaml

K8S = Path(__file__).parents[2] / "k8s"
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
ADDITIONS = sorted(
    f"{kind}/{path.name}" for kind in ("components", "examples") for path in (K8S / kind).iterdir()
)
"""What may be added to an overlay."""

KUBECTL = shutil.which("kubectl")

Document = dict[str, Any]

needs_kubectl = pytest.mark.skipif(
    not KUBECTL, reason="kubectl is not installed; .ci/run installs it"
)

SET, NAMESPACE = "avstar-upload", "avstar"


@cache
def render(overlay: str, *additions: str) -> str:
    """Render an overlay, with some of the additions, as `kubectl apply -k` would."""
    with TemporaryDirectory() as name:
        folder = Path(os.path.realpath(name))
        written = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(K8S / "overlays" / overlay, folder)],
            "components": [os.path.relpath(K8S / one, folder) for one in additions],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(written))
        done = subprocess.run(
            [KUBECTL or "kubectl", "kustomize", folder],
            check=False,
            capture_output=True,
            text=True,
        )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def documents(overlay: str, *additions: str) -> list[Document]:
    return list(yaml.safe_load_all(render(overlay, *additions)))


class Workload(NamedTuple):
    """What makes pods: the settings of its CronJob and Job, or of its set, and the pods' template.

    Of `cron` and `job` on the one side and `stateful` on the other the rest is empty.
    """

    name: str
    cron: Document
    job: Document
    stateful: Document
    template: Document

    @property
    def pod(self) -> Document:
        return self.template["spec"]

    @property
    def containers(self) -> list[Document]:
        return [*self.pod.get("initContainers", ()), *self.pod["containers"]]

    @property
    def claims(self) -> list[str]:
        """Names of the volumes of which each pod of a set has its own."""
        return [one["metadata"]["name"] for one in self.stateful.get("volumeClaimTemplates", ())]

    @property
    def main(self) -> Document:
        [container] = self.pod["containers"]
        return container


def workloads(rendered: list[Document]) -> Iterator[Workload]:
    for document in rendered:
        if document["kind"] == "CronJob":
            cron = document["spec"]
            job = cron["jobTemplate"]["spec"]
            yield Workload(document["metadata"]["name"], cron, job, {}, job["template"])
        elif document["kind"] == "StatefulSet":
            spec = document["spec"]
            yield Workload(document["metadata"]["name"], {}, {}, spec, spec["template"])


def workload(rendered: list[Document], name: str) -> Workload:
    [found] = [one for one in workloads(rendered) if one.name == name]
    return found


def of_kind(rendered: list[Document], kind: str) -> Iterator[Document]:
    return (document for document in rendered if document["kind"] == kind)


def config_files(rendered: list[Document], one: Workload, volume: str) -> dict[str, str]:
    """Return the files of a volume that is a ConfigMap, none for any other."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(rendered, "ConfigMap")}
    found = [volume_ for volume_ in one.pod["volumes"] if volume_["name"] == volume]
    return next((maps[one["configMap"]["name"]] for one in found if "configMap" in one), {})


def environment(rendered: list[Document], container: Document, index: int = 0) -> dict[str, str]:
    """Return the variables that the kubelet would give a container of the set's pod `index`."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(rendered, "ConfigMap")}
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found |= maps[source["configMapRef"]["name"]]
    for variable in container.get("env", ()):
        found[variable["name"]] = _value(variable, found, index)
    return found


def _value(variable: Document, before: Mapping[str, str], index: int) -> str:
    fields = {
        "metadata.name": f"{SET}-{index}",
    }
    if source := variable.get("valueFrom"):
        return fields[source["fieldRef"]["fieldPath"]]
    text = variable.get("value", "")
    return re.sub(r"\$\((\w+)\)", lambda found: before.get(found[1], found[0]), text)
