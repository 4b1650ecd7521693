import hashlib
import json
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.avion import read_lines, survey
from connectors.avion.lane import Lane
from connectors.avion.stamp import stamp_of
from connectors.avion.survey import LANES
from connectors.errors import HaltedError, RefusedError
from connectors.records import Split

HEADER = b"SpotID,StationCode,AirDateTime,Duration,ClientName\n"
LIMIT = 4096


def all_lanes(export, count=7, line_limit=LIMIT):
    lines = []
    for index in range(LANES):
        lane = Lane(index, [export], {}, line_limit=line_limit)
        while (batch := lane.read(count)) is not None:
            lines += batch
    return lines


def refusal(path):
    with pytest.raises(RefusedError) as caught:
        survey(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_export_is_known_by_checksum_size_and_records(write, spot, to_ndjson):
    data = to_ndjson([spot(i) for i in range(300)])
    path = write("a.ndjson", data + b"\n\n")
    export = survey(path)
    assert export.path == path
    assert export.format == "ndjson"
    assert export.checksum == hashlib.sha256(data + b"\n\n").hexdigest()
    assert export.size == len(data) + 2
    assert export.records == 300
    assert export.splits == (Split(0, len(data) + 2, 1),)
    assert export.columns == ()


def test_a_csv_counts_rows_not_header_nor_blank_lines_nor_lines(write, spot, to_csv):
    data = to_csv([spot(i, ClientName=f'"A"\n{i}') for i in range(10)])
    export = survey(write("a.csv", data.replace(b"\nSP000005", b"\n\n \nSP000005")))
    assert export.records == 10
    assert export.columns == ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
    assert export.splits == (Split(len(HEADER), export.size, 2),)


def test_the_checksum_is_that_of_the_bytes_not_of_the_lines(write):
    data = b'\xef\xbb\xbf {"a": 1} \r\n\r\n\xff\0'
    assert survey(write("a.ndjson", data)).checksum == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n"])
def test_the_last_record_needs_no_line_end(write, end):
    assert survey(write("a.ndjson", b"{}\n{}" + end)).records == 2


def test_a_record_over_the_limit_counts_as_one(write):
    path = write("a.ndjson", b"{}\n" + b"x" * 5000 + b"\n{}\n")
    assert survey(path, line_limit=1000).records == 3


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ndjson", b""),
        ("a.ndjson", b"\n\r\n"),
        ("a.ndjson", b"\xef\xbb\xbf"),
        ("a.csv", b""),
        ("a.csv", b"\n\n"),
        ("a.csv", HEADER),
        ("a.csv", HEADER.rstrip()),
        ("a.csv", HEADER + b"\n \n"),
    ],
)
def test_an_export_without_records_has_one_split_that_can_be_read(write, name, data):
    export = survey(write(name, data))
    assert (export.records, export.size, len(export.splits)) == (0, len(data), 1)
    assert export.checksum == hashlib.sha256(data).hexdigest()
    assert export.splits[0].start <= export.splits[0].end == len(data)
    assert all_lanes(export) == []


def test_a_small_export_has_one_split(write, spot, to_ndjson):
    assert len(survey(write("a.ndjson", to_ndjson([spot()] * 5000))).splits) == 1


def test_a_large_export_is_split_evenly_at_records(write, spot, to_ndjson, small_blocks):
    data = to_ndjson([spot(i) for i in range(1000)])
    export = survey(write("a.ndjson", data), split_bytes=1)
    assert len(export.splits) == LANES
    assert export.splits[0].start == 0
    assert export.splits[-1].end == len(data)
    assert all(before.end == after.start for before, after in pairwise(export.splits))
    for start, end, line in export.splits:
        assert data[start : start + 2] == b'{"'
        assert line == data.count(b"\n", 0, start) + 1
        assert abs(end - start - len(data) / LANES) < 2 * small_blocks


def test_a_split_is_no_smaller_than_allowed(write, spot, to_ndjson, small_blocks):
    data = to_ndjson([spot(i) for i in range(100)])
    export = survey(write("a.ndjson", data), split_bytes=len(data) // 3)
    assert len(export.splits) == 3


def test_there_are_never_more_splits_than_lanes(write, small_blocks):
    record = b"x" * (small_blocks - 1) + b"\n"
    export = survey(write("a.ndjson", record * 64), split_bytes=1)
    assert len(export.splits) <= LANES


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_splits_of_a_csv_together_are_the_whole(write, spot, to_csv, small_blocks, end):
    records = [spot(i, ClientName=f'a "{i}"{end}{end}b,{end}' * (i % 5)) for i in range(400)]
    export = survey(write("a.csv", to_csv(records, end)), split_bytes=1)
    assert len(export.splits) == LANES
    assert export.records == 400
    assert all_lanes(export) == list(read_lines(export))


CSV_FRAGMENTS = [b'"', b'""', b",", b"\n", b"\r\n", b"a", b'"b\n\nc"', b"\xff", b"x" * 90]


@settings(max_examples=60)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(CSV_FRAGMENTS), max_size=25).map(b"".join), max_size=40
    ),
    split_bytes=st.integers(1, 3000),
    name=st.sampled_from(["a.csv", "a.ndjson"]),
)
def test_any_splits_together_are_the_whole(tmp_path_factory, texts, split_bytes, name):
    path = tmp_path_factory.mktemp("export") / name
    text = b"".join(text + b"\n" for text in texts)
    path.write_bytes((HEADER if name == "a.csv" else b"") + text + b"the last line, without end")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("connectors.avion.recognition"), "_BLOCK", 128)
        patch.setattr(import_module("connectors.avion.blocks"), "BLOCK", 96)
        patch.setattr(import_module("connectors.avion.cutter"), "HEAD", 16)  # below the limit
        export = survey(path, line_limit=300, split_bytes=split_bytes)
        whole = list(read_lines(export, line_limit=300))
        assert export.records == len(whole)
        assert all_lanes(export, line_limit=300) == whole


def test_progress_tells_the_bytes_read(write, spot, to_ndjson, small_blocks):
    data = to_ndjson([spot(i) for i in range(20)])
    seen = []
    survey(write("a.ndjson", data), progress=seen.append)
    assert seen == [*range(small_blocks, len(data), small_blocks), len(data)]


def test_a_missing_file_is_refused(tmp_path):
    words = refusal(tmp_path / "a.ndjson")
    assert words == f"{tmp_path / 'a.ndjson'} cannot be read: No such file or directory"


def test_a_directory_is_refused(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a directory; name the export file itself"


def test_a_path_through_a_file_is_refused(write):
    assert refusal(write("a", b"") / "a.ndjson").endswith("cannot be read: Not a directory")


def test_a_disk_that_fails_halts_since_it_is_not_the_export():
    with pytest.raises(HaltedError, match="mem cannot be read: Input/output error; mend that"):
        survey(Path("/proc/self/mem"))


def test_a_loop_of_links_is_refused(tmp_path):
    path = tmp_path / "a.ndjson"
    path.symlink_to(path)
    assert "cannot be read: " in refusal(path)


def test_an_export_in_a_foreign_format_is_refused(write):
    assert "is a PDF" in refusal(write("a.ndjson", b"%PDF-1.7"))


@pytest.fixture
def with_manifest(write):
    def make(told):
        data = b"{}\n{}\n"
        text = told if isinstance(told, bytes) else json.dumps(told).encode()
        write("a.ndjson.manifest.json", text)
        return write("a.ndjson", data)

    return make


CHECKSUM = hashlib.sha256(b"{}\n{}\n").hexdigest()


@pytest.mark.parametrize("checksum", [CHECKSUM, CHECKSUM.upper()])
def test_an_export_that_its_manifest_agrees_with_is_taken(with_manifest, checksum):
    assert survey(with_manifest({"records": 2, "sha256": checksum, "by": "Avion"})).records == 2


def test_an_export_with_another_count_than_its_manifest_is_refused(with_manifest):
    path = with_manifest({"records": 3, "sha256": CHECKSUM})
    assert f"{path} holds 2 records, a.ndjson.manifest.json says 3" in refusal(path)


def test_an_export_with_another_checksum_than_its_manifest_is_refused(with_manifest):
    path = with_manifest({"records": 2, "sha256": "0" * 64})
    words = refusal(path)
    assert CHECKSUM in words
    assert "0" * 64 in words
    assert words.endswith("fetch the export again")


@pytest.mark.parametrize(
    "told",
    [b"", b"{", b"\xff\xfe", [], 5, None, {}, {"records": 2}, {"sha256": CHECKSUM}],
    ids=repr,
)
def test_a_manifest_that_cannot_be_used_is_no_reason_to_trust_the_export(with_manifest, told):
    path = with_manifest(told)
    words = refusal(path)
    assert words.startswith(f"{path}.manifest.json cannot be used: ")
    assert words.endswith('it must hold {"records", "sha256"}')


def test_a_count_in_quotes_is_a_manifest_that_cannot_be_used(with_manifest):
    words = refusal(with_manifest({"records": "2", "sha256": CHECKSUM}))
    assert "cannot be used" in words


def test_a_manifest_that_is_a_folder_cannot_be_used(write, tmp_path):
    (tmp_path / "a.ndjson.manifest.json").mkdir()
    assert "manifest.json cannot be read: Is a directory" in refusal(write("a.ndjson", b""))


@pytest.mark.parametrize("format_name", ["ndjson", "csv"])
def test_a_survey_leaves_milestones_and_the_stamp_of_the_file(
    write, spot, to_ndjson, to_csv, format_name
):
    encode = to_csv if format_name == "csv" else to_ndjson
    path = write(f"a.{format_name}", encode([spot(i) for i in range(3000)]))
    export = survey(path)
    text = path.read_bytes()
    assert export.milestones == b"".join(
        hashlib.sha256(text[:end]).digest()[:4] for end in range(4096, len(text) + 1, 4096)
    )
    assert export.stamp == stamp_of(path)


@pytest.mark.parametrize("change", ["touched", "grown", "cut", "edited"])
def test_a_file_that_is_written_while_it_is_surveyed_is_refused(write, spot, to_ndjson, change):
    path = write("a.ndjson", to_ndjson([spot(i) for i in range(3000)]))
    text = path.read_bytes()
    after = {
        "touched": text,
        "grown": text + b"\n",
        "cut": text[:-9],
        "edited": text.replace(b"SP000001", b"SP000002"),
    }

    def write_on(_done):
        path.write_bytes(after[change])

    with pytest.raises(RefusedError) as caught:
        survey(path, progress=write_on)
    assert str(caught.value) == (
        f"{path} changed while it was surveyed; run again when the traffic system has written all "
        "of it"
    )
    assert survey(path).checksum == hashlib.sha256(after[change]).hexdigest()
