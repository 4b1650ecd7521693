"""Exports that were surveyed before: known by their bytes, and not unpacked for it again."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion import survey
from connectors.avion.cutter import LINE_LIMIT
from connectors.errors import RefusedError
from connectors.records import Export
from connectors.surveyed import Surveyed


def found_in(export: Export, **changes: Any) -> Surveyed:
    """Return what is kept of a survey."""
    kept = Surveyed(
        export.checksum,
        export.size,
        LINE_LIMIT,
        export.records,
        export.splits,
        export.text_checksum,
    )
    return kept._replace(**changes)


@pytest.fixture
def packed(
    write: Callable[..., Path],
    spot: Callable[..., dict[str, Any]],
    to_ndjson: Callable[..., bytes],
) -> Path:
    text = to_ndjson([spot(i, ClientName="x" * 1000) for i in range(3000)])
    half = len(text) // 2  # more than is looked at for the head
    return write("day.ndjson.zst", zstd.compress(text[:half]) + zstd.compress(text[half:]))


@given(rows=st.lists(st.text(max_size=50), max_size=30), frames=st.integers(1, 4), data=st.data())
def test_what_was_surveyed_before_is_the_same_export(tmp_path_factory, rows, frames, data):
    ndjson = "".join(json.dumps({"a": row}) + "\n" for row in rows)
    columns = "SpotID,StationCode,AirDateTime,Duration,ClientName\n"
    texts = {"a.ndjson.zst": ndjson, "a.csv.zst": columns + ndjson, "a.json.zst": json.dumps(rows)}
    name = data.draw(st.sampled_from(sorted(texts)))
    text = texts[name].encode()
    size = -(-len(text) // frames) or 1
    path = tmp_path_factory.mktemp("packed") / name
    pieces = [text[begin : begin + size] for begin in range(0, len(text), size)] or [b""]
    path.write_bytes(b"".join(map(zstd.compress, pieces)))
    export = survey(path)

    assert survey(path, known=[found_in(export)]) == export


def test_it_is_not_unpacked_for_it(packed: Path) -> None:
    export, damaged = survey(packed), packed.read_bytes()[:-8] + b"damaged!"
    packed.write_bytes(damaged)
    with pytest.raises(RefusedError, match="damaged zstd"):
        survey(packed)

    known = found_in(export, checksum=hashlib.sha256(damaged).hexdigest())

    assert survey(packed, known=[known]).records == 3000


@pytest.mark.parametrize(
    "otherwise",
    [{"checksum": "ab" * 32}, {"size": 7}, {"line_limit": LINE_LIMIT - 1}],
    ids=["content", "size", "line limit"],
)
def test_what_is_known_of_others_says_nothing(packed: Path, otherwise: dict[str, object]) -> None:
    export = survey(packed)

    assert survey(packed, known=[found_in(export, records=7, **otherwise)]) == export


def test_of_several_that_of_the_same_bytes_counts(packed: Path) -> None:
    export = survey(packed)
    others = [found_in(export, checksum=digit * 64, records=7) for digit in "ab"]

    assert survey(packed, known=[*others, found_in(export, records=3001), *others]).records == 3001


@pytest.mark.parametrize(("name", "pack"), [("a.ndjson", bytes), ("a.ndjson.gz", gzip.compress)])
def test_others_than_zstd_are_surveyed_again(
    write: Callable[..., Path],
    spot: Callable[..., dict[str, Any]],
    to_ndjson: Callable[..., bytes],
    name: str,
    pack: Callable[[bytes], bytes],
) -> None:
    path = write(name, pack(to_ndjson([spot(i) for i in range(9)])))
    export = survey(path)

    assert survey(path, known=[found_in(export, records=7)]) == export


def test_whoever_asks_is_told_how_far_it_is(packed: Path) -> None:
    export, told = survey(packed), list[int]()

    survey(packed, known=[found_in(export)], progress=told.append)

    assert told[-1] == export.size


def test_one_that_is_written_while_it_is_hashed_is_refused(packed: Path) -> None:
    export = survey(packed)

    def append(done: int) -> None:
        if done == export.size:
            with packed.open("ab") as file:
                file.write(b"more")

    with pytest.raises(RefusedError, match="changed while it was surveyed"):
        survey(packed, known=[found_in(export)], progress=append)


def test_what_the_traffic_system_says_counts_as_well(packed: Path) -> None:
    export = survey(packed)
    told = {"records": 3001, "sha256": export.checksum}
    packed.with_name(packed.name + ".manifest.json").write_text(json.dumps(told))

    with pytest.raises(RefusedError, match="holds 3000 records"):
        survey(packed, known=[found_in(export)])
