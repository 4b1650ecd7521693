from copy import deepcopy

import pytest

from tests.k8s.checks import CHECKS
from tests.k8s.manifests import ADDITIONS, OVERLAYS, documents, needs_kubectl, workload
from tests.k8s.schedule import wrong_cron

pytestmark = needs_kubectl

ALONE = [(), *((one,) for one in ADDITIONS)]
VARIANTS = [(overlay, one) for overlay in OVERLAYS for one in ALONE]


@pytest.mark.parametrize(("overlay", "additions"), VARIANTS, ids=str)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_an_overlay_is_whole(check, overlay, additions):
    assert list(check(documents(overlay, *additions))) == []


def settings(rendered, name="avstar-settings"):
    maps = [one for one in rendered if one["kind"] == "ConfigMap"]
    [found] = [one["data"] for one in maps if one["metadata"]["name"].startswith(name)]
    return found


def upload(rendered):
    return workload(rendered, "avstar-upload")


def unmount(container, path):
    container["volumeMounts"] = [
        mount for mount in container["volumeMounts"] if mount["mountPath"] != path
    ]


BREAKS = {
    "schedules: a line that is none": lambda r: upload(r).cron.update(schedule="30 25 * * *"),
    "schedules: a zone that is none": lambda r: upload(r).cron.update(timeZone="America/Newyork"),
    "schedules: no zone": lambda r: upload(r).cron.pop("timeZone"),
    "schedules: an hour that is left out in spring": lambda r: upload(r).cron.update(
        schedule="30 2 * * *"
    ),
    "schedules: an hour that comes twice in autumn": lambda r: upload(r).cron.update(
        schedule="30 1 * * *"
    ),
    "mounts: no volume": lambda r: upload(r).pod["volumes"].pop(0),
    "mounts: no mount": lambda r: upload(r).main["volumeMounts"].pop(1),
    "mounts: no claim": lambda r: r.remove(
        next(one for one in r if one["metadata"]["name"] == "avstar-data")
    ),
    "mounts: a token by subPath": lambda r: [
        mount.update(subPath="token") for mount in upload(r).main["volumeMounts"]
    ],
    "names: no account": lambda r: upload(r).pod.update(serviceAccountName="other"),
    "names: no settings": lambda r: upload(r).main["envFrom"][0]["configMapRef"].update(name="x"),
    "names: a policy for nobody": lambda r: upload(r).template["metadata"].update(labels={}),
    "variables: one that is no setting": lambda r: settings(r).update(AVSTAR_RATES="1/1"),
    "variables: half an engine's name": lambda r: settings(r).update(BYTEWAX_POD="a"),
    "variables: one that is not there": lambda r: (
        upload(r)
        .main.setdefault("env", [])
        .append({"name": "AVSTAR_OUT", "value": "/data/$(PLACE)"})
    ),
    "paths: on no volume": lambda r: settings(r).update(AVSTAR_OUT="/ledgers"),
    "paths: an argument on no volume": lambda r: upload(r).main["args"].append("/ledgers"),
    "paths: a mount that only the init container has": lambda r: unmount(
        upload(r).main, "/exports"
    ),
    "paths: a mount that only the main container has": lambda r: unmount(
        upload(r).containers[0], "/exports"
    ),
    "paths: on one to read": lambda r: settings(r).update(AVSTAR_STATE="/exports/state"),
    "grace: a longer drain": lambda r: settings(r).update(AVSTAR_DRAIN_SECONDS="61"),
    "ports: metrics elsewhere": lambda r: settings(r).update(AVSTAR_PAGE="0.0.0.0:3031"),
    "ports: a probe of none": lambda r: upload(r).main["livenessProbe"]["httpGet"].update(port="x"),
    "ports: no policy": lambda r: [
        one["spec"].pop("ingress", None) for one in r if one["kind"] == "NetworkPolicy"
    ],
}


@pytest.mark.parametrize("name", BREAKS)
def test_an_overlay_that_is_not_is_found(name):
    rendered = deepcopy(documents("nightly"))
    BREAKS[name](rendered)
    [check] = [check for check in CHECKS if check.__name__ == name.partition(":")[0]]
    assert list(check(rendered))


BREAKS_IN_THE_CLUSTER = {
    "mounts: no hosts": lambda r: r.remove(
        next(one for one in r if one["metadata"]["name"].startswith("avstar-hosts"))
    ),
    "mounts: no volume for the state": lambda r: upload(r).stateful.pop("volumeClaimTemplates"),
    "names: no service": lambda r: upload(r).stateful.update(serviceName="nowhere"),
    "names: other pods": lambda r: upload(r).template["metadata"]["labels"].update(more="x"),
    "paths: exports that cannot be moved": lambda r: [
        mount.update(readOnly=True)
        for mount in upload(r).main["volumeMounts"]
        if mount["mountPath"] == "/exports"
    ],
    "paths: a store that only the init container sees": lambda r: unmount(upload(r).main, "/state"),
    "paths: a store that the init container makes elsewhere": lambda r: (
        upload(r).containers[0]["volumeMounts"][0].update(mountPath="/stat")
    ),
    "ports: peers elsewhere": lambda r: settings(r, "avstar-hosts").update(hosts="a.peers:2102"),
}


@pytest.mark.parametrize("name", BREAKS_IN_THE_CLUSTER)
def test_a_cluster_that_is_not_whole_is_found(name):
    rendered = deepcopy(documents("cluster"))
    BREAKS_IN_THE_CLUSTER[name](rendered)
    [check] = [check for check in CHECKS if check.__name__ == name.partition(":")[0]]
    assert list(check(rendered))


@pytest.mark.parametrize("line", ["* * * * *", "30 22 * * 1-5", "*/15 0,12 1 1-6/2 7", "0 0 * * 0"])
def test_a_cron_line_is_one(line):
    assert wrong_cron(line) is None


NO_CRON = ["", "30 22 * *", "60 0 * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8"]
NO_CRON += ["a 0 * * *", "*/0 0 * * *", "0 0 * * mon-", "@daily"]


@pytest.mark.parametrize("line", NO_CRON)
def test_what_is_none_is_found(line):
    assert wrong_cron(line)
