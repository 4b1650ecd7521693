"""The rendered overlays before validators that nobody here wrote."""

import json
import shutil
import subprocess

import pytest

from tests.k8s.manifests import ADDITIONS, OVERLAYS, needs_kubectl, render

VALIDATE = shutil.which("kubernetes-validate")
CHECKOV = shutil.which("checkov")
MINORS = ["1.34", "1.37"]
"""The oldest in which all that is used here is there for good, and the newest."""

NOT_OURS = {
    "CKV_K8S_15": "policy Always: a night must not depend on the registry, and no tag is reused",
    "CKV_K8S_43": "digest: it is that of the image which the platform builds; its overlay names it",
}
"""Checks of checkov that do not hold here, and why."""

pytestmark = needs_kubectl


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All overlays, plain and with each addition, as files."""
    place = tmp_path_factory.mktemp("rendered")
    for overlay in OVERLAYS:
        for additions in ((), *((one,) for one in ADDITIONS)):
            (place / f"{'-'.join((overlay, *additions)).replace('/', '-')}.yaml").write_text(
                render(overlay, *additions)
            )
    return place


@pytest.mark.skipif(not VALIDATE, reason="no kubernetes-validate; .ci/run installs it")
@pytest.mark.parametrize("minor", MINORS)
def test_every_overlay_fits_the_schemas_of_kubernetes(folder, minor):
    command = [VALIDATE, "-k", minor, "--strict", "--quiet", *sorted(folder.glob("*.yaml"))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not VALIDATE, reason="no kubernetes-validate; .ci/run installs it")
def test_the_schemas_find_what_is_none(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(render("nightly").replace("concurrencyPolicy:", "concurrencyPolice:"))
    command = [VALIDATE, "-k", MINORS[0], "--strict", "--quiet", path]
    assert subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.skipif(not CHECKOV, reason="checkov is not installed; .ci/run installs it")
def test_checkov_finds_nothing_but_what_is_meant(folder):
    command = [CHECKOV, "--framework", "kubernetes", "--skip-download", "--quiet", "-o", "json"]
    done = subprocess.run(
        [*command, "-d", folder], check=False, capture_output=True, text=True, timeout=300
    )
    found = json.loads(done.stdout)
    failed = found["results"]["failed_checks"]
    assert {one["check_id"] for one in failed} == NOT_OURS.keys(), [
        (one["check_id"], one["check_name"], one["resource"]) for one in failed
    ]
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 500
