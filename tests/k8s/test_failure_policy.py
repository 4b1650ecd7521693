"""What becomes of a pod that ends, by the rules that the Job controller follows."""

import pytest

from dataflows.runner import ExitCode
from tests.k8s.manifests import documents, needs_kubectl, workload

pytestmark = needs_kubectl

DECIDED = {
    ExitCode.FAILED: "Count",
    ExitCode.USAGE: "FailJob",
    ExitCode.DEAD_LETTERS: "FailJob",
    ExitCode.STOPPED: "Ignore",
    137: "Count",
}


DISRUPTED = {"type": "DisruptionTarget", "status": "True"}


def decide(policy, code, *, disrupted=False):
    """Return the action of the first rule that fits, as the Job controller does."""
    for rule in policy["rules"]:
        if codes := rule.get("onExitCodes"):
            if (code in codes["values"]) == (codes["operator"] == "In"):
                return rule["action"]
        elif disrupted and DISRUPTED in rule["onPodConditions"]:
            return rule["action"]
    return "Count"


@pytest.fixture
def upload():
    return workload(documents("nightly"), "avstar-upload")


def test_every_exit_code_is_decided():
    assert {*ExitCode, 137} == {*DECIDED, ExitCode.SETTLED}


@pytest.mark.parametrize(("code", "action"), DECIDED.items())
def test_a_pod_that_ends_is_started_again_or_not_by_its_exit_code(upload, code, action):
    assert decide(upload.job["podFailurePolicy"], code) == action


def test_a_pod_that_was_drained_from_its_node_does_not_count_however_it_ended(upload):
    assert decide(upload.job["podFailurePolicy"], 143, disrupted=True) == "Ignore"
    assert decide(upload.job["podFailurePolicy"], 137, disrupted=True) == "Ignore"


def test_there_is_one_run_at_a_time(upload):
    assert upload.cron["concurrencyPolicy"] == "Forbid"
    assert upload.job["podReplacementPolicy"] == "Failed"
    assert upload.job.get("parallelism", 1) == upload.job.get("completions", 1)
    assert upload.pod["restartPolicy"] == "Never"


def test_no_night_keeps_the_next_from_starting(upload):
    assert upload.job["activeDeadlineSeconds"] < 24 * 3600 - 600
