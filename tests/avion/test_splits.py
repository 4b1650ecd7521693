"""However an export is divided and its lanes cut off, together they read what one reader does."""

from importlib import import_module
from itertools import cycle, islice
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.avion import read_lines, survey
from connectors.avion.lane import Lane
from connectors.avion.survey import LANES

HEADER = b"SpotID,StationCode,AirDateTime,Duration,ClientName"
LIMIT = 200

PIECES = [
    b"SP1,K,2026-11-24T05:30:00Z,30,Acme",
    b'SP2,K,t,30,"a\nb"',
    b'SP3,K,t,30,"a ""quoted""\r\n\n,\nname"',
    b'SP4,K,t,30,"never closed',
    b'SP5,K,t,30,"' + b"long\n" * 60 + b'"',
    b'{"SpotID": "SP6", "ClientName": "a\\nb"}',
    b"",
    b" \t",
    b"\r",
    b"x" * (LIMIT - 1),
    b"x" * LIMIT,
    b"x" * (LIMIT + 1),
    b"y" * (3 * LIMIT),
    b'"',
    b"SP7,K,t,30,\xff",
]


class Case(NamedTuple):
    """An export, and how it is divided, read and cut off."""

    name: str
    text: bytes
    split_bytes: int
    survey_block: int
    reader_block: int
    batches: list[int]
    restart_every: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    name = draw(st.sampled_from(["a.ndjson", "a.csv"]))
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    lines = draw(st.lists(st.sampled_from(PIECES), max_size=60))
    text = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    text += HEADER + end if name == "a.csv" else b""
    text += end.join(lines) + draw(st.sampled_from([b"", end, end * 9]))
    return Case(
        name,
        text,
        draw(st.integers(1, 4000)),
        draw(st.integers(16, 700)),
        draw(st.integers(16, 700)),
        draw(st.lists(st.integers(1, 9), min_size=1, max_size=3)),
        draw(st.integers(1, 6)),
    )


def read_by_lanes(export, batches, restart_every):
    """Read lane by lane, each thrown away every few batches and built again from its positions."""
    for index in range(LANES):
        lane = Lane(index, [export], {}, line_limit=LIMIT)
        for turn, count in enumerate(cycle(batches), 1):
            batch = lane.read(count)
            if batch is None:
                break
            yield from batch
            if turn % restart_every == 0:
                lane.close()
                lane = Lane(index, [export], lane.positions, line_limit=LIMIT)
        lane.close()


@settings(max_examples=300)
@given(cases())
def test_lanes_read_what_one_reader_reads(tmp_path_factory, case):
    path = tmp_path_factory.mktemp("export") / case.name
    path.write_bytes(case.text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("connectors.avion.recognition"), "_BLOCK", case.survey_block)
        patch.setattr(import_module("connectors.avion.blocks"), "BLOCK", case.reader_block)
        patch.setattr(import_module("connectors.avion.cutter"), "HEAD", 16)
        export = survey(path, line_limit=LIMIT, split_bytes=case.split_bytes)
        found = list(read_by_lanes(export, case.batches, case.restart_every))
        whole = list(read_lines(export, line_limit=LIMIT))
    assert len(whole) == export.records
    assert found == whole
    for line in found:
        assert case.text[line.offset :].startswith(line.raw)
        assert line.number == case.text[: line.offset].count(b"\n") + 1
        assert line.length == len(line.raw) or line.length > LIMIT >= len(line.raw)


@settings(max_examples=100)
@given(cases())
def test_splits_follow_each_other_from_the_first_record_to_the_end(tmp_path_factory, case):
    path = tmp_path_factory.mktemp("export") / case.name
    path.write_bytes(case.text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("connectors.avion.recognition"), "_BLOCK", case.survey_block)
        splits = survey(path, line_limit=LIMIT, split_bytes=case.split_bytes).splits
    assert 1 <= len(splits) <= LANES
    assert splits[-1].end == len(case.text)
    for one, following in zip(splits, islice(splits, 1, None), strict=False):
        assert one.start <= one.end == following.start
        assert case.text[following.start - 1 : following.start] == b"\n"
        assert following.line == case.text[: following.start].count(b"\n") + 1


def test_the_cases_are_worth_their_name(tmp_path, monkeypatch):
    """There are splits, records over several lines, and some over the limit."""
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER + b"\n" + b"\n".join(PIECES * 9))
    monkeypatch.setattr(import_module("connectors.avion.recognition"), "_BLOCK", 64)
    export = survey(path, line_limit=LIMIT, split_bytes=500)
    lines = list(read_lines(export, line_limit=LIMIT))
    assert len(export.splits) == LANES
    assert any(b"\n" in line.raw for line in lines)
    assert any(line.length > LIMIT for line in lines)
