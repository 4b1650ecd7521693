"""Packed exports and arrays in the survey: what they are, and what is refused."""

import gzip
import hashlib
import json

import pytest
from backports import zstd

from connectors.avion import read_lines, survey
from connectors.avion.lane import Lane
from connectors.avion.survey import LANES
from connectors.errors import RefusedError
from connectors.records import Split

PACK = {"gzip": gzip.compress, "zstd": zstd.compress}

both = pytest.mark.parametrize("packing", ["gzip", "zstd"])


def refusal(path):
    with pytest.raises(RefusedError) as caught:
        survey(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def all_lanes(export):
    lines = []
    for index in range(LANES):
        lane = Lane(index, [export], {}, line_limit=4096)
        while (batch := lane.read(7)) is not None:
            lines += batch
    return lines


@both
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
def test_a_packed_export_is_known_by_its_bytes_and_divided_by_its_text(
    write, spot, to_csv, packing, name
):
    text = to_csv([spot(i, ClientName=f'"A"\n{i}') for i in range(300)])
    data = PACK[packing](text)
    export = survey(write(name, data))
    assert (export.format, export.packing, export.records) == ("csv", packing, 300)
    assert (export.checksum, export.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert export.text_checksum == hashlib.sha256(text).hexdigest()
    assert export.splits == (Split(text.index(b"\n") + 1, len(text), 2),)
    plain = survey(write("plain.csv", text))
    assert list(read_lines(export)) == list(read_lines(plain)) == all_lanes(export)
    assert plain.text_checksum == ""


@both
def test_a_large_packed_export_is_one_lane(write, spot, to_ndjson, small_blocks, packing):
    data = PACK[packing](to_ndjson([spot(i) for i in range(1000)]))
    assert len(survey(write("a.ndjson", data), split_bytes=1).splits) == 1


@both
def test_a_manifest_beside_a_packed_export_has_the_checksum_of_the_file(write, packing):
    data = PACK[packing](b"{}\n{}\n")
    told = {"records": 2, "sha256": hashlib.sha256(data).hexdigest()}
    write("a.ndjson.gz.manifest.json", json.dumps(told).encode())
    assert survey(write("a.ndjson.gz", data)).records == 2


@both
@pytest.mark.parametrize("lost", [1, 5, 400])
def test_a_torn_archive_is_refused(write, spot, to_ndjson, packing, lost):
    data = PACK[packing](to_ndjson([spot(i, SpotID=f"{i * i * 7919}") for i in range(1000)]))
    path = write("a.ndjson", data[:-lost])
    assert refusal(path) == (
        f"{path} is cut: its {packing} ends in the middle; fetch it again: nothing was sent"
    )


@both
def test_an_archive_with_something_else_behind_it_is_refused(write, packing):
    words = refusal(write("a.ndjson", PACK[packing](b"{}\n") + b"<html>"))
    assert f"is damaged {packing}: " in words


def test_an_archive_in_an_archive_is_refused(write):
    data = gzip.compress(gzip.compress(b"{}\n"))
    assert "is packed twice: unpack it once" in refusal(write("a.ndjson.gz", data))


@both
def test_an_archive_of_nothing_is_an_export_without_records(write, packing):
    export = survey(write("a.ndjson.gz", PACK[packing](b"")))
    assert (export.records, export.splits) == (0, (Split(0, 0, 1),))
    assert all_lanes(export) == []


def test_progress_tells_the_bytes_of_the_file(write, spot, to_ndjson, small_blocks):
    data = gzip.compress(to_ndjson([spot(i) for i in range(100)]))
    seen = []
    survey(write("a.ndjson.gz", data), progress=seen.append)
    assert seen == [*range(small_blocks, len(data), small_blocks), len(data)]


def test_a_large_array_is_split_evenly_at_elements(write, spot, small_blocks):
    spots = [spot(i, ClientName="[{,") for i in range(1000)]
    text = json.dumps(spots, indent=1, ensure_ascii=False).encode()
    export = survey(write("a.json", text), split_bytes=1)
    assert (export.format, export.records, len(export.splits)) == ("json", 1000, LANES)
    assert [json.loads(line.raw) for line in all_lanes(export)] == spots
    assert all_lanes(export) == list(read_lines(export))
    for line in read_lines(export):
        assert text[line.offset : line.offset + line.length] == line.raw
        assert line.number == text.count(b"\n", 0, line.offset) + 1


@pytest.mark.parametrize("text", [b"[]", b" [ ]\n", b"\xef\xbb\xbf[\n]"])
def test_an_empty_array_has_no_records(write, text):
    export = survey(write("a.json", text))
    assert (export.records, export.format) == (0, "json")
    assert all_lanes(export) == []


@pytest.mark.parametrize("text", [b'[{"a": 1},', b'[{"a": 1}', b"[", b"[{}]\n[{}]", b'[{"a": "b}]'])
def test_an_array_that_is_cut_or_goes_on_behind_its_end_is_refused(write, text):
    path = write("a.json", text)
    assert refusal(path) == (
        f"{path} is a JSON array whose last bracket is not where the file ends: it is cut or "
        "damaged; fetch it again: nothing was sent"
    )
