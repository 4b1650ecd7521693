"""The init container's script, by the shell."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.k8s.manifests import documents, needs_kubectl, workload

pytestmark = needs_kubectl

OLD, PATIENCE = 1200, 180


@pytest.fixture
def export(tmp_path):
    return tmp_path / "tomorrow.ndjson"


def command(patience):
    [container] = workload(documents("nightly"), "avstar-upload").pod["initContainers"]
    script, name, *figures = container["args"]
    assert figures == [str(OLD), str(PATIENCE)]
    return [*container["command"], script, name, str(OLD), str(patience)]


def awaited(export, patience=0):
    return subprocess.run(
        command(patience),
        env={"PATH": os.environ["PATH"], "AVSTAR_EXPORTS": str(export)},
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )


def write(path, minutes):
    """Write an export that was last changed so many minutes ago."""
    path.write_text("{}\n")
    then = time.time() - 60 * minutes
    os.utime(path, (then, then))


@pytest.mark.parametrize("minutes", [3, OLD - 10])
def test_an_export_of_tonight_that_changes_no_more_is_taken(export, minutes):
    write(export, minutes)
    done = awaited(export)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("minutes", [0, OLD + 10], ids=["still written", "of last night"])
def test_another_one_is_not_and_says_so_at_last(export, minutes):
    write(export, minutes)
    done = awaited(export)
    assert done.returncode == 2
    assert done.stderr == f"{export}: no export of tonight in 0 minutes\n"


def test_none_is_missed(export):
    assert awaited(export).returncode == 2


def test_a_link_to_one_is_as_good(export):
    dated = export.with_name("2026-11-25.ndjson")
    write(dated, 5)
    export.symlink_to(dated.name)
    assert awaited(export).returncode == 0


def test_a_stop_is_heard_while_it_is_waited_for(export):
    with subprocess.Popen(
        command(PATIENCE),
        env={"PATH": os.environ["PATH"], "AVSTAR_EXPORTS": str(export)},
        start_new_session=True,
    ) as waiting:
        while not sleeping(waiting.pid):
            time.sleep(0.01)
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(20) == 75
        os.killpg(waiting.pid, signal.SIGKILL)  # the sleep; in a pod it ends with its container


def sleeping(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return any(Path(f"/proc/{child}/comm").read_text() == "sleep\n" for child in children)
