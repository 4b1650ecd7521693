"""What neither the schemas nor checkov see: each check yields what is wrong, in words."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import bytewax.run

from dataflows.otel import Otel
from dataflows.settings import DeskSettings, Settings
from tests.k8s.manifests import (
    Document,
    Workload,
    config_files,
    environment,
    of_kind,
    workloads,
)
from tests.k8s.schedule import wrong_schedule

SPARE_SECONDS = 30
"""Time beside the draining: the engine's end, the ledgers, and the other processes' good-bye."""

WRITTEN = {"AVSTAR_OUT", "AVSTAR_STATE", "AVSTAR_FOLLOW", "AVSTAR_ARCHIVE"}
"""Settings that name a folder which is written."""

Check = Callable[[list[Document]], Iterator[str]]


def schedules(rendered: list[Document]) -> Iterator[str]:
    """A job comes once a day, in a zone that there is."""
    for one in workloads(rendered):
        if not one.cron:
            continue
        if why := wrong_schedule(one.cron["schedule"], one.cron.get("timeZone", "")):
            yield f"{one.name}: {why}"


def mounts(rendered: list[Document]) -> Iterator[str]:
    """Every mount has its volume, every volume its mount, and what a volume names is there."""
    there = {(one["kind"], one["metadata"]["name"]) for one in rendered}
    for one in workloads(rendered):
        volumes = {volume["name"]: volume for volume in one.pod.get("volumes", ())}
        volumes |= {name: {} for name in one.claims}
        mounted = {mount["name"] for mount in _mounts(one)}
        yield from (f"{one.name}: no volume {name}" for name in mounted - volumes.keys())
        yield from (f"{one.name}: nobody mounts {name}" for name in volumes.keys() - mounted)
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            settings = volume.get("configMap", {}).get("name")
            if settings and ("ConfigMap", settings) not in there:
                yield f"{one.name}: no settings {settings}"
            if claim and ("PersistentVolumeClaim", claim) not in there:
                yield f"{one.name}: no claim {claim}"
        for mount in _mounts(one):
            if mount["name"] == "token" and "subPath" in mount:
                yield f"{one.name}: a token that is mounted by subPath is never renewed"


def names(rendered: list[Document]) -> Iterator[str]:
    """What a pod or a rule names is there: service account, settings, pods to select."""
    there = {(one["kind"], one["metadata"]["name"]) for one in rendered}
    labels = [one.template["metadata"]["labels"] for one in workloads(rendered)]
    for one in workloads(rendered):
        wanted = {("ServiceAccount", one.pod["serviceAccountName"])}
        if one.stateful:
            wanted.add(("Service", one.stateful["serviceName"]))
            if one.stateful["selector"]["matchLabels"] != one.template["metadata"]["labels"]:
                yield f"{one.name}: selects other pods than it makes"
        for container in one.containers:
            sources = container.get("envFrom", ())
            wanted |= {("ConfigMap", source["configMapRef"]["name"]) for source in sources}
        yield from (f"{one.name}: no {kind} {name}" for kind, name in wanted - there)
    for document in rendered:
        for selector in selectors(document):
            if not any(selector.items() <= found.items() for found in labels):
                yield f"{document['kind']} {document['metadata']['name']} selects no pod"
    policies = [one for policy in of_kind(rendered, "NetworkPolicy") for one in selectors(policy)]
    for one, found in zip(workloads(rendered), labels, strict=True):
        if not any(policy and policy.items() <= found.items() for policy in policies):
            yield f"{one.name}: no policy lets anything out"


def selectors(document: Document) -> Iterator[dict[str, str]]:
    spec = document.get("spec", {})
    if document["kind"] == "Service":
        yield spec["selector"]
    elif document["kind"] in {"PodDisruptionBudget", "PodMonitor"}:
        yield spec["selector"]["matchLabels"]
    elif document["kind"] == "NetworkPolicy":
        yield spec["podSelector"].get("matchLabels", {})
        for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
            for peer in (*rule.get("from", ()), *rule.get("to", ())):
                if "podSelector" in peer and "namespaceSelector" not in peer:
                    yield peer["podSelector"]["matchLabels"]


@cache
def engine_variables() -> set[str]:
    """Find the variables that the installed engine reads, in its code.

    The linker may have put another text right behind a name, so it may end in a letter too many.
    """
    module = Path(bytewax.run.__file__)
    texts = [path.read_bytes() for path in (module, *module.parent.glob("*.so"))]
    found = {name.decode() for text in texts for name in re.findall(rb"BYTEWAX_[A-Z_]+", text)}
    return found | {name[:-1] for name in found}


def variables(rendered: list[Document]) -> Iterator[str]:
    """Every variable is a setting, the engine's, or one that others are made of."""
    known = {
        f"{settings.model_config['env_prefix']}{name}".upper()
        for settings in (Settings, DeskSettings, Otel)
        for name in settings.model_fields
    } | engine_variables()
    for one in workloads(rendered):
        for container in one.containers:
            given = environment(rendered, container)
            written = str(container.get("env", ""))
            for name, value in given.items():
                if name not in known and f"$({name})" not in written:
                    yield f"{one.name}: nobody reads {name}"
                if "$(" in value:
                    yield f"{one.name}: {name} holds what no variable gives: {value}"


def paths(rendered: list[Document]) -> Iterator[str]:
    """Every path that a container is told is on a volume of its own, and what it writes can be."""
    for one in workloads(rendered):
        for container in one.containers:
            found = {
                mount["mountPath"]: mount.get("readOnly", False)
                for mount in container.get("volumeMounts", ())
            }
            for name, value in _told(rendered, one, container).items():
                if not value.startswith("/"):
                    continue
                folder = next(
                    (str(p) for p in (Path(value), *Path(value).parents) if str(p) in found), None
                )
                where = f"{one.name}: {container['name']}: {name}={value}"
                if folder is None:
                    yield f"{where} is on no volume"
                elif found[folder] and name in WRITTEN:
                    yield f"{where} cannot be written"


def _told(rendered: list[Document], one: Workload, container: Document) -> dict[str, str]:
    """Return what may be a path: the main container reads all, another what its script names."""
    given = environment(rendered, container)
    words = [*container.get("command", ()), *container.get("args", ())]
    if container is not one.main:
        named = re.findall(r"\$\{?(\w+)", " ".join(words))
        given = {name: value for name, value in given.items() if name in named}
    return given | {f"argument {word}": word for word in words}


def grace(rendered: list[Document]) -> Iterator[str]:
    """A pod has the time to drain before it is killed."""
    for one in workloads(rendered):
        if one.main["args"] != ["run"]:
            continue
        drain = float(environment(rendered, one.main)["AVSTAR_DRAIN_SECONDS"])
        if one.pod["terminationGracePeriodSeconds"] < drain + SPARE_SECONDS:
            yield f"{one.name}: killed before it has drained for {drain:g} s"


def ports(rendered: list[Document]) -> Iterator[str]:
    """Probes and policies lead to ports on which something listens."""
    for one in workloads(rendered):
        listening = {port["name"]: port["containerPort"] for port in one.main.get("ports", ())}
        given = environment(rendered, one.main)
        for name, port in listening.items():
            hosts = [text for text in _files(rendered, one).values() if "peers" in text]
            addresses = [given.get("AVSTAR_PAGE", "")] if name == "metrics" else _lines(hosts)
            told = [address.rpartition(":")[2] for address in addresses]
            if told.count(str(port)) < len(told):
                yield f"{one.name}: nothing listens on {name} {port}"
            if port not in _allowed(rendered):
                yield f"{one.name}: no policy lets anybody to {name} {port}"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in one.main and one.main[probe]["httpGet"]["port"] not in listening:
                yield f"{one.name}: {probe} asks at no port"


def _files(rendered: list[Document], one: Workload) -> dict[str, str]:
    """Files that ConfigMaps put into a pod, by their names."""
    found = [config_files(rendered, one, volume["name"]) for volume in one.pod["volumes"]]
    return {name: text for files in found for name, text in files.items()}


def _lines(texts: list[str]) -> list[str]:
    return [line for text in texts for line in text.splitlines()]


def _allowed(rendered: list[Document]) -> set[int]:
    rules = [rule for one in of_kind(rendered, "NetworkPolicy") for rule in _ingress(one)]
    return {port["port"] for rule in rules for port in rule["ports"]}


def _ingress(policy: Document) -> Any:
    return policy["spec"].get("ingress", ())


def _mounts(one: Workload) -> list[Document]:
    return [mount for container in one.containers for mount in container.get("volumeMounts", ())]


CHECKS: list[Check] = [schedules, mounts, names, variables, paths, grace, ports]
