import json
from collections import Counter
from pathlib import Path

import pytest

from connectors.ledger.audit.findings import Findings
from connectors.ledger.audit.seal import RULES, Seal, read_seal
from connectors.ledger.manifest import Manifest

SOUND = Manifest(
    mode="upload",
    ledger="avion.csv.cccccccccccc",
    export="avion.csv",
    format="csv",
    columns=[],
    ancestors=[],
    previous=None,
    checksum="c" * 64,
    bytes=4_000,
    total_records=10,
    valid_records=6,
    rejected_records=3,
    skipped=1,
    stations=["KABC"],
    api_url="http://a",
    accepted=4,
    duplicates=1,
    failed=1,
    dead_lettered=4,
    reasons={"schema": 2, "not_csv": 1, "rejected": 1},
    reconciled=True,
    attempts=7,
    parked=0,
    throttled=1,
    breaker_openings=0,
    paused_seconds=2.5,
    breaker_seconds=0.0,
    token_renewals=0,
    held_up={"2026-11-24T03:20": [1.0, 2.5, 0.0, 0.0]},
    receipts_sha256="a" * 64,
    dead_letters_sha256="b" * 64,
    started_at="2026-11-24T03:00:00+00:00",
    completed_at="2026-11-24T04:00:00+00:00",
)
ROWS = Counter(accepted=4, duplicate=1, schema=2, not_csv=1, rejected=1)


@pytest.fixture
def findings() -> Findings:
    return Findings()


def seal(folder: Path, findings: Findings, **changes: object) -> Seal:
    SOUND.write(folder)
    path = folder / "manifest.json"
    claims = json.loads(path.read_bytes())
    path.chmod(0o644)
    path.write_text(json.dumps(claims | changes))
    found = read_seal(folder, findings)
    assert found, list(findings)
    return found


def test_a_sound_manifest_agrees_with_its_rows_and_with_itself(
    tmp_path: Path, findings: Findings
) -> None:
    sound = seal(tmp_path, findings)
    sound.compare_counts(ROWS)
    sound.check_invariants()
    sound.compare_digest("receipts_sha256", tmp_path, "a" * 64)
    assert not findings


def test_each_count_is_held_against_the_rows(tmp_path: Path, findings: Findings) -> None:
    seal(tmp_path, findings).compare_counts(ROWS + Counter(circuit_open=2))
    path = tmp_path / "manifest.json"
    assert list(findings)[:2] == [
        f"{path}: `dead_lettered` is 4, found 6 [count]",
        f"{path}: `failed` is 1, found 3 [count]",
    ]
    assert findings.counts == {"count": 4}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"skipped": 2}, "total_records = valid_records + rejected_records + skipped"),
        ({"dead_lettered": 3}, "dead_lettered = rejected_records + failed"),
        ({"accepted": 5}, "valid_records = accepted + duplicates + failed in an upload"),
        ({"mode": "validate-only"}, "nothing is delivered where spots are only validated"),
        ({"stations": None}, "nothing is skipped where no stations are chosen"),
        ({"ledger": "avion.csv.dddddddddddd"}, "`ledger` ends with the first digits of `checksum`"),
        ({"throttled": 2}, "`held_up` adds up to `throttled` and `breaker_openings`"),
        ({"reconciled": False}, "`reconciled` is true"),
    ],
)
def test_each_invariant_that_does_not_hold_is_named(
    tmp_path: Path, findings: Findings, changes: dict[str, object], rule: str
) -> None:
    assert rule in RULES
    seal(tmp_path, findings, **changes).check_invariants()
    assert list(findings) == [f"{tmp_path}/manifest.json: does not hold: {rule} [invariant]"]


def test_another_digest_is_held_against_the_file(tmp_path: Path, findings: Findings) -> None:
    seal(tmp_path, findings).compare_digest("receipts_sha256", tmp_path / "x", "f" * 64)
    [finding] = findings
    assert finding.startswith(f"{tmp_path}/x: is not the file that was sealed")


def test_stations_that_were_not_chosen_are_skipped(tmp_path: Path, findings: Findings) -> None:
    chosen = seal(tmp_path, findings)
    assert [chosen.skips("KABC"), chosen.skips("WXYZ")] == [False, True]
    assert not seal(tmp_path, findings, stations=None).skips("WXYZ")


def test_without_manifest_a_ledger_is_not_sealed(tmp_path: Path, findings: Findings) -> None:
    assert read_seal(tmp_path, findings) is None
    assert findings.counts == {"unsealed": 1}


@pytest.mark.parametrize(
    ("content", "count"), [(b"{", 1), (b"[]", 1), (b"\xff", 1), (b"[" * 1_000_000, 1), (b"{}", 34)]
)
def test_a_manifest_that_cannot_be_used_says_all_that_is_wrong(
    tmp_path: Path, findings: Findings, content: bytes, count: int
) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    assert read_seal(tmp_path, findings) is None
    assert findings.counts == {"manifest": count}
