"""What the traffic system wrote is what Avstar gets and what the ledger keeps, whatever it is."""

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from aiohttp import web
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.avion import AvionSource, survey
from connectors.avion.validator import Validator
from connectors.avstar import AvstarSettings, Rate, StaticToken
from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.ledger.book import Book
from connectors.loop import event_loop
from connectors.records import Batch, Export, Spot, Tally

AIRTIMES = (
    "2026-11-24T05:30:00-05:00",
    "2026-11-24T05:30:00.000-05:00",
    "2026-11-24T10:30:00Z",
    "2026-11-24T10:30:00+00:00",
    "2026-11-24T10:30Z",
    "2026-11-01T01:30:00-04:00",
    "2026-11-01T01:30:00-05:00",
)
"""Some are one moment, and none is another's text; the last two are the night of two 01:30s."""


class Record(NamedTuple):
    """Fields of an export by the names that the API has for them."""

    spot_id: str
    station: str
    airtime: str
    duration_sec: int
    advertiser: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.spot_id, self.station, self.airtime

    def request_id(self, content: bytes) -> str:
        """Say it once more, and not as the code under test does."""
        checksum = hashlib.sha256(content).hexdigest()
        joined = f"{self.spot_id}\x1f{self.airtime}\x1f{checksum}\x1f{self.station}"
        return hashlib.sha256(joined.encode()).hexdigest()[:32]


COLUMNS = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")


def ndjson(*, escaped: bool) -> Any:
    def write(records: list[Record]) -> bytes:
        rows = (dict(zip(COLUMNS, record, strict=True)) for record in records)
        return "".join(f"{json.dumps(row, ensure_ascii=escaped)}\n" for row in rows).encode()

    return write


def as_csv(*, quoting: Any, line_end: str) -> Any:
    def write(records: list[Record]) -> bytes:
        text = StringIO()
        writer = csv.writer(text, quoting=quoting, lineterminator=line_end)
        writer.writerows([COLUMNS, *records])
        return text.getvalue().encode()

    return write


FORMATS = {
    "plain.ndjson": ndjson(escaped=False),
    "escaped.ndjson": ndjson(escaped=True),
    "quoted.csv": as_csv(quoting=csv.QUOTE_ALL, line_end="\n"),
    "bare.csv": as_csv(quoting=csv.QUOTE_MINIMAL, line_end="\r\n"),
}


class Api:
    """A server that remembers the bytes of every request; one connection serves all examples."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.connections: set[int] = set()
        application = web.Application()
        application.add_routes([web.post("/ingest", self._ingest)])
        self._runner = web.AppRunner(application, access_log=None)
        self.delivery: Delivery

    async def open(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        many = Rate(1_000_000, 1)
        one = AvstarSettings(api_url=url, rate=many, concurrency=1)
        self.delivery = Delivery(one, Credentials(StaticToken("secret"), one))

    async def close(self) -> None:
        await self.delivery.close()
        await self._runner.cleanup()

    async def _ingest(self, request: web.Request) -> web.Response:
        self.connections.add(id(request.transport))
        self.bodies[request.headers["X-Request-ID"]] = await request.read()
        return web.Response(status=201)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    api = Api()
    event_loop().run(api.open())
    yield api
    event_loop().run(api.close())


def spots_of(export: Export) -> tuple[Tally, Batch[Spot]]:
    part = AvionSource(export).build_part("read", "lane-0", None)
    [batch] = [batch for _ in range(2) for batch in next_batches(part)]
    part.close()
    checked = Validator()(batch)
    assert not checked.dead_letters, [letter.detail for letter in checked.dead_letters]
    return checked.tally, Batch(batch.span, list(checked.spots))


def next_batches(part: Any) -> list[Any]:
    try:
        return list(part.next_batch())
    except StopIteration:
        return []


def carried(api: Api, name: str, content: bytes) -> list[dict[str, Any]]:
    """Carry an export from its file to the API and into its ledger, and give the receipts."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / name).write_bytes(content)
        export = survey(folder / name)
        tally, spots = spots_of(export)
        settled = event_loop().run(api.delivery.deliver(spots.records))
        book = Book(
            folder / "ledger",
            export,
            None,
            mode="upload",
            stations=None,
            api_url=None,
            efforts=False,
        )
        book.add(tally)
        book.add(Batch(spots.span, settled))
        assert book.is_complete
        assert book.seal().reconciled
        rows = (folder / "ledger" / "receipts.ndjson").read_bytes()
    return [json.loads(row) for row in rows.split(b"\n")[:-1]]


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
RECORDS = st.builds(Record, NAMES, NAMES, st.sampled_from(AIRTIMES), st.integers(1, 9999), NAMES)
HARD = [
    Record("\x1f", "K\x1f", AIRTIMES[0], 30, "\ufeffBOM and \u2028 and \x85"),
    Record("\x1f\x1f", "K", AIRTIMES[0], 30, '"Smith", Jones\r\n& Co.\\'),
    Record("Å", "Å", AIRTIMES[1], 30, " Å \t"),
    Record("Å", "Å", AIRTIMES[2], 30, "\U0001f4fa\x01\x7f'"),
]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60)
@example(HARD)
@given(st.lists(RECORDS, min_size=1, max_size=6, unique_by=lambda record: record.key))
def test_every_text_reaches_avstar_and_the_ledger_as_the_export_has_it(
    api: Api, name: str, records: list[Record]
) -> None:
    api.bodies.clear()
    content = FORMATS[name](records)
    receipts = carried(api, name, content)
    ids = [record.request_id(content) for record in records]
    assert [Record(**json.loads(api.bodies[request_id])) for request_id in ids] == records
    for record, body in zip(records, map(api.bodies.get, ids), strict=True):
        assert record.airtime.encode() in body
    assert [Record(*(row[field] for field in Record._fields)) for row in receipts] == records
    assert [row["request_id"] for row in receipts] == ids
    assert len(api.bodies) == len(set(ids)) == len(records)


def test_all_of_it_went_over_one_connection(api: Api) -> None:
    carried(api, "plain.ndjson", FORMATS["plain.ndjson"](HARD))
    assert len(api.connections) == 1


SNARES = st.lists(st.sampled_from(["\x1f", "a", "\x1fa", *AIRTIMES[:2], "0" * 64]), min_size=1)
TRAPS = st.builds(
    Record,
    SNARES.map("".join),
    SNARES.map("".join),
    st.sampled_from(AIRTIMES),
    st.just(30),
    st.just("Acme"),
)


@settings(max_examples=200)
@given(st.lists(TRAPS, max_size=8, unique_by=lambda record: record.key))
def test_no_two_spots_of_an_export_share_a_request_id_whatever_separators_they_hold(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    ids = request_ids(tmp_path_factory.mktemp("in") / "day.ndjson", records)
    assert len(set(ids)) == len(records)


def request_ids(path: Path, records: list[Record]) -> list[str]:
    path.write_bytes(FORMATS["plain.ndjson"](records))
    return [spot.request_id for spot in spots_of(survey(path))[1]]


def test_stations_that_air_one_spot_at_one_moment_have_request_ids_of_their_own(
    tmp_path: Path,
) -> None:
    stations = [f"{first}{second}" for first, second in product("KW", "ABCDEFGH")]
    records = [Record("SP1", station, AIRTIMES[0], 30, "Acme") for station in stations]
    assert len(set(request_ids(tmp_path / "day.ndjson", records))) == len(stations)


def test_the_two_half_past_ones_of_the_night_the_clocks_go_back_are_two_spots(
    tmp_path: Path,
) -> None:
    records = [Record("SP1", "KABC", airtime, 30, "Acme") for airtime in AIRTIMES]
    assert len(set(request_ids(tmp_path / "day.ndjson", records))) == len(AIRTIMES)


def test_request_ids_are_equal_in_every_run_wherever_the_export_lies(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    first = request_ids(tmp_path / "day.ndjson", HARD)
    assert request_ids(tmp_path / "elsewhere" / "copy.jsonl", HARD) == first
    assert request_ids(tmp_path / "day.ndjson", HARD) == first


def test_another_export_gives_other_request_ids(tmp_path: Path) -> None:
    first = set(request_ids(tmp_path / "day.ndjson", HARD))
    assert not first & set(request_ids(tmp_path / "next.ndjson", [*HARD, HARD[0]]))
