"""Another night under the name of an earlier one goes through, and what was sent does not."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.avion import survey
from connectors.errors import RefusedError, StoppedError
from connectors.ledger import identity_of
from connectors.ledger.counts import Counts
from connectors.ledger.manifest import new_manifest
from connectors.records import Export
from dataflows.exports import open_exports
from dataflows.sent_before import ARCHIVED, refuse_sent_before
from dataflows.settings import Settings, load_settings

New = Callable[..., Path]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "landing").mkdir()
    return load_settings(out=tmp_path / "out", follow=tmp_path / "landing", api_url="http://a")


@pytest.fixture
def before(new_export: New, settings: Settings) -> Export:
    """The export of a night whose upload began."""
    export = survey(new_export(200, bad=0, seed=1))
    folder = settings.out_folder / export.key
    identity_of(export, api_url="http://a", line_limit=1 << 20, stations=None).write(folder)
    return export


def deliver(settings: Settings, export: Export, count: int, *, torn: bool = False) -> None:
    """Write receipts of the first records, the last one without its end."""
    rows = [json.loads(line) for line in export.path.read_bytes().splitlines()[:count]]
    names = {"spot_id": "SpotID", "station": "StationCode", "airtime": "AirDateTime"}
    lines = [json.dumps({ours: row[name] for ours, name in names.items()}) for row in rows]
    text = "\n".join(lines) + "\n" * (not torn)
    folder = settings.out_folder / export.key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "receipts.ndjson").write_text(text)


def seal(settings: Settings, export: Export) -> None:
    digests = {"receipts_sha256": "", "dead_letters_sha256": ""}
    times = {"started_at": "", "completed_at": ""}
    new_manifest(
        export, Counts(), mode="upload", stations=None, api_url="http://a", **digests, **times
    ).write(settings.out_folder / export.key)


def changed(export: Export, content: bytes) -> Export:
    export.path.write_bytes(content)
    return survey(export.path)


def test_the_same_export_is_gone_on_with(settings: Settings, before: Export) -> None:
    deliver(settings, before, 20)
    refuse_sent_before(settings, before)


def test_another_night_goes_through_where_the_one_before_delivered_something(
    settings: Settings, before: Export, new_export: New
) -> None:
    deliver(settings, before, 20)
    refuse_sent_before(settings, survey(new_export(100, bad=0, seed=2)))


def test_it_does_not_where_nobody_knows_what_was_in_flight(
    settings: Settings, before: Export, new_export: New
) -> None:
    deliver(settings, before, 1, torn=True)
    with pytest.raises(RefusedError, match="0 of 200 records are settled"):
        refuse_sent_before(settings, survey(new_export(100, bad=0, seed=2)))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + b" \n",
        lambda text: b"{}\n" + text,
        lambda text: b"".join(text.splitlines(keepends=True)[:0:-1]),
        lambda text: text[:-200],
        lambda text: text + b"{}\n",
    ],
)
def test_what_airs_something_that_was_delivered_is_refused(
    change: Callable[[bytes], bytes], settings: Settings, before: Export
) -> None:
    deliver(settings, before, 20)
    export = changed(before, change(before.path.read_bytes()))
    with pytest.raises(RefusedError, match="move that folder away") as caught:
        refuse_sent_before(settings, export)
    assert str(settings.out_folder / before.key) in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.5])
def test_of_a_sealed_one_neither_its_beginning_nor_what_goes_on_behind_it_is_taken(
    share: float, settings: Settings, before: Export, new_export: New
) -> None:
    """One of a few records is held to the archived export; a longer one to its milestones."""
    seal(settings, before)
    content = before.path.read_bytes()
    archived = settings.out_folder / before.key / ARCHIVED / before.path.name
    if share < 0.2:
        archived.parent.mkdir()
        archived.write_bytes(content)
    more = new_export(200, bad=0, seed=3).read_bytes()
    export = changed(before, (content + more)[: int(len(content) * share)])
    with pytest.raises(RefusedError, match="they would be scheduled again; make an export of what"):
        refuse_sent_before(settings, export)


def test_nor_is_one_of_a_few_records_that_was_cut_before_it_was_archived(
    settings: Settings, before: Export, new_export: New
) -> None:
    deliver(settings, before, 200)
    seal(settings, before)
    content = before.path.read_bytes()
    with pytest.raises(RefusedError, match="delivered under other request IDs; that is done"):
        refuse_sent_before(settings, changed(before, content[: content.index(b"\n") + 1]))
    refuse_sent_before(settings, survey(new_export(3, bad=0, seed=2)))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + b" \n",
        lambda text: b"{}\n" + text,
        lambda text: b"".join(text.splitlines(keepends=True)[:0:-1]),
    ],
)
def test_one_that_airs_what_a_sealed_one_delivered_is_refused_with_what_to_do(
    change: Callable[[bytes], bytes], settings: Settings, before: Export
) -> None:
    deliver(settings, before, 200)
    seal(settings, before)
    export = changed(before, change(before.path.read_bytes()))
    with pytest.raises(RefusedError, match=r"sheet \(avstar dlq csv\).* \(avstar run\)$") as caught:
        refuse_sent_before(settings, export)
    assert str(settings.out_folder / before.key) in str(caught.value)


def array(rows: bytes) -> bytes:
    return b"[" + b",\n".join(rows.splitlines()) + b"]\n"


@pytest.mark.parametrize("write", [lambda rows: gzip.compress(rows, mtime=0), array])
def test_a_packed_one_or_an_array_is_not_sent_again_either_because_it_grew(
    write: Callable[[bytes], bytes], settings: Settings, new_export: New
) -> None:
    path = new_export(200, bad=0, seed=1)
    rows, more = path.read_bytes(), new_export(20, "more.ndjson", bad=0, seed=2).read_bytes()
    path.write_bytes(rows)
    written = survey(path)
    path.write_bytes(write(rows))
    export = survey(path)
    folder = settings.out_folder / export.key
    identity_of(export, api_url="http://a", line_limit=1 << 20, stations=None).write(folder)
    path.write_bytes(rows)
    deliver(settings, written, 200)
    (settings.out_folder / written.key / "receipts.ndjson").rename(folder / "receipts.ndjson")
    seal(settings, export)
    path.write_bytes(write(rows + more))
    with pytest.raises(RefusedError, match="delivered under other request IDs; that is done"):
        refuse_sent_before(settings, survey(path))


def test_another_night_goes_through_behind_a_sealed_one(
    settings: Settings, before: Export, new_export: New
) -> None:
    deliver(settings, before, 200)
    seal(settings, before)
    refuse_sent_before(settings, survey(new_export(200, bad=0, seed=2)))


def test_one_that_has_begun_was_held_to_those_that_were_sealed_before(
    settings: Settings, before: Export
) -> None:
    deliver(settings, before, 200)
    seal(settings, before)
    export = changed(before, b"{}\n" + before.path.read_bytes())
    folder = settings.out_folder / export.key
    identity_of(export, api_url="http://a", line_limit=1 << 20, stations=None).write(folder)
    refuse_sent_before(settings, export)


@pytest.mark.parametrize("asked", range(5))
def test_it_ends_where_somebody_asks(asked: int, settings: Settings, before: Export) -> None:
    deliver(settings, before, 200)
    seal(settings, before)
    left = [asked]

    def heard() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StoppedError

    more = changed(before, before.path.read_bytes() + b"{}\n")
    changed(before, b"{}\n" + before.path.read_bytes())
    export = more if asked == 0 else survey(before.path)
    with pytest.raises(StoppedError if asked < 3 else RefusedError):
        refuse_sent_before(settings, export, heard)


def test_a_night_without_a_record_is_no_beginning_of_any(
    settings: Settings, new_export: New
) -> None:
    header = new_export(5, "day.csv", bad=0).read_bytes().splitlines(keepends=True)[0]
    path = new_export(5, "day.csv", bad=0)
    some = path.read_bytes()
    path.write_bytes(header)
    empty = survey(path)
    folder = settings.out_folder / empty.key
    identity_of(empty, api_url="http://a", line_limit=1 << 20, stations=None).write(folder)
    refuse_sent_before(settings, changed(empty, some))


def test_a_run_by_itself_is_held_to_the_unfinished_one_of_its_name(
    settings: Settings, before: Export, new_export: New
) -> None:
    deliver(settings, before, 20)
    given = settings.model_copy(update={"exports": (new_export(100, bad=0, seed=2),)})
    open_exports(given)
    with pytest.raises(RefusedError, match="has changed"):
        open_exports(given.model_copy(update={"follow": None}))


def test_it_ends_there_too_where_it_looks_how_an_unfinished_one_differs(
    settings: Settings, before: Export
) -> None:
    export, left = changed(before, before.path.read_bytes() + b"{}\n"), [1]

    def heard() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StoppedError

    with pytest.raises(StoppedError):
        refuse_sent_before(settings, export, heard)
