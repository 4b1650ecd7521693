import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from backports import zstd

from connectors.errors import RefusedError
from connectors.ledger import identity_of
from connectors.ledger.counts import Counts
from connectors.ledger.manifest import new_manifest
from connectors.records import Export
from dataflows.exports import open_exports, sealed_manifest, unsealed
from dataflows.settings import Settings, load_settings


@pytest.fixture
def settings(new_export: Callable[..., Path], tmp_path: Path) -> Settings:
    paths = (new_export(30), new_export(20, "night.csv"))
    return load_settings(exports=paths, out=tmp_path / "out", api_url="http://a")


def seal(settings: Settings, export: Export, mode: str) -> None:
    folder = settings.out_folder / export.key
    folder.mkdir(parents=True)
    new_manifest(
        export,
        Counts(),
        mode=mode,
        stations=None,
        api_url="http://a",
        receipts_sha256="",
        dead_letters_sha256="",
        started_at="",
        completed_at="",
    ).write(folder)


def test_exports_are_surveyed_in_the_order_given(settings: Settings) -> None:
    exports = open_exports(settings)
    assert [export.path for export in exports] == list(settings.exports)
    assert [(export.format, export.records) for export in exports] == [("ndjson", 30), ("csv", 20)]


def test_whoever_asks_is_told_how_far_the_survey_is(settings: Settings) -> None:
    told: dict[Path, int] = {}
    open_exports(settings, told.__setitem__)
    assert told == {path: path.stat().st_size for path in settings.exports}


def test_the_limit_of_a_record_is_that_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"a":"' + b"x" * 5000 + b'"}\n{}\n')
    (export,) = open_exports(load_settings(exports=(path,), out=tmp_path, line_limit=1024))
    assert export.records == 2


@pytest.fixture
def packed(new_export: Callable[..., Path], tmp_path: Path) -> Settings:
    path = tmp_path / "day.ndjson.zst"
    path.write_bytes(zstd.compress(new_export(30).read_bytes()))
    return load_settings(exports=(path,), out=tmp_path / "out", api_url="http://a")


def begin(settings: Settings, export: Export) -> Path:
    """Note that an upload began, and say that its survey found a record more."""
    folder = settings.out_folder / export.key
    more, limit = replace(export, records=31), settings.line_limit
    identity_of(more, api_url="http://a", line_limit=limit, stations=None).write(folder)
    return folder / ".export"


def test_what_an_upload_began_with_is_not_surveyed_again(packed: Settings) -> None:
    (export,) = open_exports(packed)
    begin(packed, export)

    assert open_exports(packed) == [replace(export, records=31)]


def test_with_another_limit_it_is(packed: Settings) -> None:
    (export,) = open_exports(packed)
    begin(packed, export)

    assert open_exports(packed.model_copy(update={"line_limit": 1 << 19})) == [export]


def test_what_a_damaged_ledger_says_of_it_is_not_believed(packed: Settings) -> None:
    (export,) = open_exports(packed)
    path = begin(packed, export)
    path.write_bytes(path.read_bytes().replace(b'"total_records": 31', b'"total_records": 29'))

    with pytest.raises(RefusedError, match=r"\.export is damaged"):
        open_exports(packed)


def test_a_check_surveys_what_a_damaged_ledger_would_have_known(packed: Settings) -> None:
    (export,) = open_exports(packed)
    begin(packed, export).write_bytes(b"{broken")

    assert open_exports(packed.model_copy(update={"validate_only": True})) == [export]


def test_a_run_without_an_export_is_refused() -> None:
    with pytest.raises(RefusedError, match="AVSTAR_EXPORTS"):
        open_exports(load_settings(exports=()))


def test_twins_are_refused_by_both_names(settings: Settings, tmp_path: Path) -> None:
    first = settings.exports[0]
    twin = tmp_path / "twin.ndjson"
    twin.write_bytes(first.read_bytes())
    with pytest.raises(RefusedError) as caught:
        open_exports(load_settings(exports=(*settings.exports, twin)))
    assert f"{first} and {twin} hold the same" in str(caught.value)


def test_the_same_export_named_twice_is_refused(settings: Settings) -> None:
    with pytest.raises(RefusedError, match="hold the same"):
        open_exports(load_settings(exports=settings.exports * 2))


@pytest.mark.parametrize(
    ("sealed", "validate_only", "done"),
    [
        (None, False, False),
        (None, True, False),
        ("upload", False, True),
        ("upload", True, True),
        ("validate-only", True, True),
        ("validate-only", False, False),
    ],
)
def test_an_export_is_done_if_its_ledger_is_sealed_by_this_mode(
    settings: Settings, sealed: str | None, *, validate_only: bool, done: bool
) -> None:
    first, second = open_exports(settings)
    if sealed:
        seal(settings, first, sealed)
    mine = settings.model_copy(update={"validate_only": validate_only})
    assert (sealed_manifest(mine, first) is not None) is done
    assert unsealed(mine, [first, second]) == ([second] if done else [first, second])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"api_url": "http://b"},
            "to http://a, and this is http://b; give another --out",
        ),
        ({"stations": ("KABC",)}, "the sealed ledger of all stations; give another --out"),
    ],
)
def test_what_was_sent_elsewhere_or_in_part_is_not_taken_for_settled(
    settings: Settings, change: dict[str, object], words: str
) -> None:
    first, _ = open_exports(settings)
    seal(settings, first, "upload")
    open_exports(settings.model_copy(update={"api_url": "http://a:8080/"}))
    other = settings.model_copy(update=change)
    with pytest.raises(RefusedError) as caught:
        open_exports(other)
    assert words in str(caught.value)
    assert str(settings.out_folder / first.key) in str(caught.value)
    open_exports(other.model_copy(update={"validate_only": True}))  # which sends nothing


@pytest.mark.parametrize("name", [b"caf\xe9.ndjson", b"two\nlines.ndjson"])
def test_a_name_that_cannot_be_written_down_is_refused(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"{}\n")
    with pytest.raises(RefusedError, match="rename it") as caught:
        open_exports(load_settings(exports=(path,), out=tmp_path))
    str(caught.value).encode()  # can be printed anywhere
    assert "\n" not in str(caught.value)


def test_a_name_that_leaves_no_room_for_that_of_a_ledger_is_refused(
    settings: Settings, new_export: Callable[..., Path]
) -> None:
    for name, fits in (("d" * 200, True), ("d" * 201, False), ("ü" * 101, False)):
        given = settings.model_copy(update={"exports": (new_export(20, name),)})
        if fits:
            open_exports(given)
        else:
            with pytest.raises(RefusedError, match="has a name of over 200 bytes; give it a short"):
                open_exports(given)


def test_what_cannot_be_read_twice_is_refused_and_not_waited_for(
    settings: Settings, tmp_path: Path
) -> None:
    pipe = tmp_path / "day.ndjson"
    os.mkfifo(pipe)
    for path in (pipe, Path(os.devnull)):
        given = settings.model_copy(update={"exports": (path,)})
        with pytest.raises(RefusedError, match=f"{path} is a pipe or a device; an export is read"):
            open_exports(given)
