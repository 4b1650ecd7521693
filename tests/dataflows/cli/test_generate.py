import gzip
import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest
from backports import zstd

from connectors.avion import packing, survey
from dataflows.cli.app import main
from dataflows.cli.generate import PACKERS, write
from dataflows.generate import Sample, generate


class Result(NamedTuple):
    code: object
    out: str
    err: str


@pytest.fixture
def avstar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["avstar", "generate", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return Result(left.value.code or 0, *capsys.readouterr())

    return run


Avstar = Callable[..., Result]


def assert_refused(result: Result, words: str) -> None:
    assert result.code == 2
    assert words in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("packed", ["", ".gz", ".GZIP", ".zst", ".zstd"])
@pytest.mark.parametrize(
    ("name", "form"),
    [("a.ndjson", "ndjson"), ("a.jsonl", "ndjson"), ("a.CSV", "csv"), ("a.json", "json")],
)
def test_the_name_says_format_and_packing(
    avstar: Avstar, tmp_path: Path, name: str, form: str, packed: str
) -> None:
    path = tmp_path / f"{name}{packed}"
    assert avstar(path, "--records", 100).code == 0
    export = survey(path)
    assert (export.records, export.format) == (100, form)
    assert export.packing == {"": "none", ".gz": "gzip", ".GZIP": "gzip"}.get(packed, "zstd")


def test_every_name_of_a_packed_file_is_known() -> None:
    assert tuple(PACKERS) == packing.SUFFIXES


@pytest.mark.parametrize("unpack", [gzip.decompress, zstd.decompress])
def test_a_packed_sample_is_the_sample_packed(
    tmp_path: Path, unpack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / ("a.csv.gz" if unpack is gzip.decompress else "a.csv.zst")
    sample = Sample(20_000, format="csv")
    write(path, sample)
    packed = path.read_bytes()
    assert unpack(packed) == b"".join(generate(sample))
    assert write(path, sample) == (len(packed), sha256(packed).hexdigest())


@pytest.mark.parametrize("bad", [0.0, 0.5])
@pytest.mark.parametrize("records", [0, 1, 500])
def test_an_array_is_json_where_no_row_is_spoilt_and_an_export_in_any_case(
    tmp_path: Path, records: int, bad: float
) -> None:
    path = tmp_path / "a.json"
    write(path, Sample(records, bad=bad, format="json"))
    export = survey(path)
    assert (export.format, export.records) == ("json", records)
    if not bad:
        assert len(json.loads(path.read_bytes())) == records


def test_every_option_reaches_the_sample(avstar: Avstar, tmp_path: Path) -> None:
    path = tmp_path / "avion"
    options = "--records 50 --seed 7 --bad 0.5 --format csv --stations 2 --date 2026-12-24"
    result = avstar(path, *options.split())
    written = path.read_bytes()
    assert b"2026-12-24T" in written
    assert b"WXYZ" in written
    assert b"KQED" not in written
    assert result.out == (
        f"{path}: 50 records, 25 of them bad; {len(written)} bytes, "
        f"SHA-256 {sha256(written).hexdigest()}\n"
    ).replace(str(len(written)), f"{len(written):,}", 1)


def test_the_companion_manifest_is_what_the_survey_expects(avstar: Avstar, tmp_path: Path) -> None:
    path = tmp_path / "avion.ndjson"
    avstar(path, "--records", 200, "--manifest")
    told = json.loads((tmp_path / "avion.ndjson.manifest.json").read_bytes())
    export = survey(path)
    assert told == {"records": export.records, "sha256": export.checksum}


def test_nothing_is_overwritten_unless_told_to(avstar: Avstar, tmp_path: Path) -> None:
    path = tmp_path / "avion.ndjson"
    path.write_text("precious")
    assert_refused(avstar(path), f"{path} exists; give --force to overwrite it")
    assert path.read_text() == "precious"
    assert avstar(path, "--force", "--records", 10).code == 0
    assert survey(path).records == 10


def test_a_companion_of_another_file_is_not_left_to_contradict(
    avstar: Avstar, tmp_path: Path
) -> None:
    path = tmp_path / "avion.ndjson"
    avstar(path, "--records", 10, "--manifest")
    path.unlink()
    assert_refused(avstar(path), "manifest.json exists; give --force")
    assert_refused(avstar(path, "--force"), "give --manifest to renew it")
    assert avstar(path, "--force", "--manifest", "--records", 20).code == 0
    assert survey(path).records == 20


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        (
            "avion.txt",
            "",
            "does not say its format; name it .ndjson, .csv or .json, or",
        ),
        ("avion.ndjson", "--date 2026-02-30", "'2026-02-30' is no date"),
        ("avion.ndjson", "--records -1", "-1 records cannot be generated"),
        ("avion.ndjson", "--bad 1.5", "choose 0 to 1"),
        ("avion.ndjson", "--stations 0", "0 stations are none"),
        ("nowhere/avion.ndjson", "", "nowhere is not a directory"),
        (".", "--format csv", "is a directory"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_left_behind(
    avstar: Avstar, tmp_path: Path, name: str, options: str, words: str
) -> None:
    assert_refused(avstar(tmp_path / name, *options.split()), words)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_fails_in_one_line(avstar: Avstar, tmp_path: Path) -> None:
    result = avstar(tmp_path / f"{'x' * 250}.csv")
    assert result.code == 1
    assert "cannot be written: File name too long" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_sample_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "avion.csv"
    sample = Sample(10_000, format="csv")
    written = write(path, sample)
    assert path.read_bytes() == b"".join(generate(sample))
    assert written == (path.stat().st_size, sha256(path.read_bytes()).hexdigest())
    assert list(tmp_path.iterdir()) == [path]
