import multiprocessing
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.audit.chain import check_chain
from connectors.ledger.chain import CHAIN, Link, chained, read_chain
from connectors.ledger.files import sha256_of
from connectors.ledger.manifest import MANIFEST, Manifest, read_manifest

PLAIN = Manifest(
    **{
        name: 0
        for name in Manifest.__dataclass_fields__
        if name not in {"version", "mode", "ledger", "previous", "reasons"}
    },
    mode="upload",
    ledger="",
    previous=None,
)


def seal(out: Path, name: str, *, crash: bool = False) -> str:
    """Seal a ledger; a crash comes between its manifest and the note of it."""
    ledger = out / name
    ledger.mkdir(exist_ok=True)

    with suppress(KeyboardInterrupt), chained(ledger) as previous:
        replace(PLAIN, ledger=name, previous=previous).write(ledger)
        if crash:
            raise KeyboardInterrupt
    return sha256_of(ledger / MANIFEST)


def previous(out: Path, name: str) -> str | None:
    manifest = read_manifest(out / name)
    assert manifest
    return manifest.previous


def test_each_manifest_names_the_one_before_it(tmp_path: Path) -> None:
    digests = [seal(tmp_path, name) for name in ("one", "two", "three")]
    assert [previous(tmp_path, name) for name in ("one", "two", "three")] == [None, *digests[:2]]
    assert read_chain(tmp_path) == list(map(Link, digests, ("one", "two", "three")))
    assert not check_chain(tmp_path)


def test_the_file_is_what_sha256sum_writes(tmp_path: Path) -> None:
    digest = seal(tmp_path, "one")
    assert (tmp_path / CHAIN).read_text() == f"{digest}  one\n"


@given(crashes=st.lists(st.booleans(), min_size=1, max_size=6))
def test_what_a_crash_kept_from_being_noted_is_noted_by_the_next(
    tmp_path_factory: pytest.TempPathFactory, crashes: Sequence[bool]
) -> None:
    out = tmp_path_factory.mktemp("out")
    digests = [seal(out, f"night-{i}", crash=crash) for i, crash in enumerate(crashes)]
    assert not check_chain(out)
    assert [previous(out, f"night-{i}") for i in range(len(crashes))] == [None, *digests[:-1]]
    digests.append(seal(out, "last"))
    assert [link.digest for link in read_chain(out)] == digests


def test_a_line_that_a_crash_cut_off_is_written_anew(tmp_path: Path) -> None:
    digests = [seal(tmp_path, "one"), seal(tmp_path, "two")]
    path = tmp_path / CHAIN
    path.write_bytes(path.read_bytes()[:-9])
    assert not check_chain(tmp_path)
    digests.append(seal(tmp_path, "three"))
    assert [link.digest for link in read_chain(tmp_path)] == digests


def test_a_chain_that_was_lost_is_told_by_the_manifests(tmp_path: Path) -> None:
    digests = [seal(tmp_path, name) for name in ("one", "two")]
    (tmp_path / CHAIN).unlink()
    assert not check_chain(tmp_path)
    digests.append(seal(tmp_path, "three"))
    assert [link.digest for link in read_chain(tmp_path)] == digests


def test_a_check_is_no_night(tmp_path: Path) -> None:
    first = seal(tmp_path, "one")
    (tmp_path / "check").mkdir()
    replace(PLAIN, ledger="check", mode="validate-only").write(tmp_path / "check")
    assert not check_chain(tmp_path)
    seal(tmp_path, "two")
    assert previous(tmp_path, "two") == first


def nights(out: Path) -> None:
    for name in ("one", "two", "three"):
        seal(out, name)


@pytest.mark.parametrize("name", ["one", "two", "three"])
def test_a_night_that_was_removed_shows(tmp_path: Path, name: str) -> None:
    nights(tmp_path)
    (tmp_path / name / MANIFEST).unlink()
    [finding] = check_chain(tmp_path)
    assert f"{tmp_path / name / MANIFEST}: is gone or was replaced" in finding


@pytest.mark.parametrize("name", ["one", "two", "three"])
def test_a_night_that_was_replaced_shows(tmp_path: Path, name: str) -> None:
    nights(tmp_path)
    manifest = read_manifest(tmp_path / name)
    assert manifest
    replace(manifest, accepted=7).write(tmp_path / name)
    found = "\n".join(check_chain(tmp_path))
    assert "is gone or was replaced" in found
    assert f"{tmp_path / name / MANIFEST}: is no part of .chain" in found


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_night_removed_from_the_chain_as_well_shows_by_the_next(
    tmp_path: Path, name: str
) -> None:
    nights(tmp_path)
    (tmp_path / name / MANIFEST).unlink()
    lines = (tmp_path / CHAIN).read_text().splitlines(keepends=True)
    (tmp_path / CHAIN).write_text("".join(line for line in lines if name not in line))
    assert check_chain(tmp_path).counts == {"chain": 1}


def test_ledgers_that_are_sealed_at_once_stand_one_after_the_other(tmp_path: Path) -> None:
    names = [f"night-{number}" for number in range(8)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        pool.starmap(seal, [(tmp_path, name) for name in names])
    assert len(read_chain(tmp_path)) == len(names)
    assert not check_chain(tmp_path)
