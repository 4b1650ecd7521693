"""What the README for the platform says, held to the manifests."""

import re

import pytest

from connectors.avion.survey import LANES, SPLIT_BYTES
from dataflows.page.pulse import PATIENCE_SECONDS
from dataflows.runner import ExitCode
from tests.k8s.manifests import (
    ADDITIONS,
    K8S,
    OVERLAYS,
    documents,
    needs_kubectl,
    workload,
    workloads,
)

TEXT = (K8S / "README.md").read_text()
NAMES = set(re.findall(r"`(AVSTAR_\w+)`", TEXT))


def test_every_overlay_and_addition_is_told():
    for name in (*(f"overlays/{one}" for one in OVERLAYS), *ADDITIONS):
        assert f"`{name}`" in TEXT


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", TEXT)
    assert links
    assert [link for link in links if not (K8S / link).exists()] == []


def test_every_path_named_is_there():
    paths = re.findall(r"`((?:base|overlays|components|examples)/[\w./-]+)`", TEXT)
    assert paths
    assert [path for path in paths if not (K8S / path).exists()] == []


def test_every_exit_code_has_its_row():
    part = TEXT.partition("## What ends a pod")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \|", part, re.MULTILINE)
    assert [int(code) for code in rows] == [*sorted(ExitCode), 137]


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_job_that_is_made_by_hand_is_made_from_one_that_is_there(overlay):
    named = set(re.findall(r"create job --from=cronjob/([\w-]+) ", TEXT))
    assert named == {"avstar-doctor", "avstar-upload"}
    there = {one.name for one in workloads(documents(overlay)) if one.cron}
    assert there == named if overlay == "nightly" else there == {"avstar-doctor"}


def test_every_setting_named_is_one():
    readme = (K8S.parent / "README.md").read_text()
    assert NAMES
    assert {name for name in NAMES if f"`{name}`" not in readme} == set()


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_grace_is_that_of_the_manifests(overlay):
    one = workload(documents(overlay), "avstar-upload")
    seconds = one.pod["terminationGracePeriodSeconds"]
    assert f"`terminationGracePeriodSeconds` is {seconds}:" in TEXT


@needs_kubectl
def test_the_figures_of_the_night_are_those_of_its_manifests():
    one = workload(documents("nightly"), "avstar-upload")
    *_, oldest, patience = one.pod["initContainers"][0]["args"]
    told = [
        f"ends after {one.job['activeDeadlineSeconds'] // 3600} hours",
        f"younger than {int(oldest) // 60} hours",
        f"no export of tonight in {patience} minutes",
    ]
    assert [words for words in told if words not in TEXT] == []
    assert one.job["backoffLimit"] == 6
    assert "starts another pod, six times in ten minutes" in TEXT


def test_the_reading_lanes_are_those_of_the_survey():
    mib, split = 1 << 20, SPLIT_BYTES
    assert (split, LANES) == (32 * mib, 8)
    assert "a reading lane for every\n32 MiB of it" in TEXT
    last = (LANES - 1) * split // mib
    assert f"three from {2 * split // mib} MiB on, eight from {last} MiB on, and a\nninth" in TEXT


def test_the_patience_of_the_probes_is_that_of_the_page():
    assert PATIENCE_SECONDS == 10 * 60
    assert "made progress within ten minutes and the quota's window" in TEXT
