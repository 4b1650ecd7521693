import json
import re

import pytest

from tests.k8s.manifests import ADDITIONS, K8S, OVERLAYS, documents, needs_kubectl, workloads

TEXT = re.sub(r"\\\n\s*", "", (K8S / "Dockerfile").read_text())
STAGES = [stage.splitlines() for stage in re.split(r"^(?=FROM )", TEXT, flags=re.MULTILINE)]
PROJECT = (K8S.parent / "pyproject.toml").read_text()


def words(stage, instruction):
    return [line.partition(" ")[2] for line in stage if line.startswith(f"{instruction} ")]


def test_the_base_is_pinned_to_a_full_version_that_the_engine_has_wheels_for():
    [base] = re.findall(r"^ARG BASE=(\S+)$", TEXT, re.MULTILINE)
    assert re.fullmatch(r"[\w./-]+:3\.1[0-2]\.\d+-[\w-]+(@sha256:[0-9a-f]{64})?", base)
    assert [words(stage, "FROM") for stage in STAGES[1:]] == [["${BASE} AS build"], ["${BASE}"]]


def test_the_last_stage_takes_what_was_installed_and_installs_nothing():
    assert words(STAGES[-1], "RUN") == []
    assert words(STAGES[-1], "COPY") == ["--from=build /opt/avstar /opt/avstar"]
    assert "--only-binary :all:" in " ".join(words(STAGES[1], "RUN"))


def test_the_process_gets_its_signals_itself():
    [entry] = words(STAGES[-1], "ENTRYPOINT")
    assert json.loads(entry) == ["avstar"]
    assert words(STAGES[-1], "STOPSIGNAL") == ["SIGTERM"]


def test_memory_goes_back_to_the_system():
    assert "PYTHONMALLOC=malloc" in " ".join(words(STAGES[-1], "ENV"))


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_user_is_the_number_that_the_pods_run_as_and_the_version_that_of_the_project(overlay):
    [user] = words(STAGES[-1], "USER")
    [version] = re.findall(r'^version = "(.*)"$', PROJECT, re.MULTILINE)
    assert f"VERSION={version}" in words(STAGES[-1], "ARG")
    for one in workloads(documents(overlay, *ADDITIONS)):
        whole = one.pod["securityContext"]
        assert user == f"{whole['runAsUser']}:{whole['runAsGroup']}"
        assert {container["image"].rpartition(":")[2] for container in one.containers} == {version}


def test_nothing_but_the_source_comes_into_the_build():
    [first, *allowed] = [
        line
        for line in (K8S.parent / ".dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert first == "*"
    there = {line.removeprefix("!") for line in allowed if line.startswith("!")} - {"wheels"}
    assert all((K8S.parent / name).exists() for name in there)
    assert not {"tests", "benchmarks", "k8s", ".git"} & there
