from copy import deepcopy

import pytest

from tests.k8s.manifests import ADDITIONS, OVERLAYS, documents, needs_kubectl, of_kind, workloads
from tests.k8s.pod_security import violations

pytestmark = needs_kubectl


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("additions", [[], ADDITIONS], ids=["plain", "with all"])
def test_every_pod_is_admitted_where_the_restricted_profile_is_enforced(overlay, additions):
    rendered = documents(overlay, *additions)
    found = [(one.name, what) for one in workloads(rendered) for what in violations(one.pod)]
    assert found == []
    assert list(workloads(rendered))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_namespace_enforces_it(overlay):
    [namespace] = of_kind(documents(overlay), "Namespace")
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert all(
        one["metadata"].get("namespace") == namespace["metadata"]["name"]
        for one in documents(overlay, *ADDITIONS)
        if one["kind"] != "Namespace"
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_more_than_the_profile_asks_for_is_so_too(overlay):
    for one in workloads(documents(overlay)):
        assert one.pod["automountServiceAccountToken"] is False
        assert one.pod["enableServiceLinks"] is False
        assert one.pod["securityContext"]["runAsUser"] >= 10_000
        for container in one.containers:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


BROKEN = [
    (("securityContext", "runAsNonRoot"), False, "runAsNonRoot"),
    (("securityContext", "runAsUser"), 0, "runAsUser"),
    (("securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile"),
    (("securityContext", "sysctls"), [{"name": "a", "value": "b"}], "sysctls"),
    (("hostNetwork",), True, "hostNetwork"),
    (("volumes",), [{"name": "a", "hostPath": {"path": "/"}}], "hostPath"),
    (("containers", 0, "securityContext"), {}, "allowPrivilegeEscalation"),
    (("containers", 0, "securityContext", "privileged"), True, "privileged"),
    (("containers", 0, "securityContext", "capabilities"), {}, "capabilities.drop"),
    (
        ("containers", 0, "securityContext", "capabilities"),
        {"drop": ["ALL"], "add": ["SYS_TIME"]},
        "capabilities.add",
    ),
    (("containers", 0, "ports"), [{"containerPort": 1, "hostPort": 1}], "hostPort"),
    (("initContainers", 0, "securityContext", "procMount"), "Unmasked", "procMount"),
]


@pytest.mark.parametrize(("path", "value", "name"), BROKEN, ids=[name for *_, name in BROKEN])
def test_a_pod_that_breaks_the_profile_is_found(path, value, name):
    [one] = [one for one in workloads(documents("nightly")) if "initContainers" in one.pod]
    pod = deepcopy(one.pod)
    place = pod
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert [what for what in violations(pod) if name in what]
