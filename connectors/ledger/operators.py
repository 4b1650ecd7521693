"""The operator that keeps the ledger."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterable, Optional  # noqa: UP035 - the engine takes others for classes, 3.10

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream, StatefulBatchLogic
from typing_extensions import override

from connectors.effort import Effort
from connectors.errors import HaltedError, unwritten
from connectors.ledger.book import Book, BookState, Entry
from connectors.ledger.manifest import Manifest, Mode
from connectors.ledger.origin import resumed
from connectors.records import Export, Tally

STATE_VERSION = 3
"""Version of a ledger's snapshot, which is storage format."""

State = tuple[int, tuple[Any, ...] | None]
"""Snapshot of a ledger: the version, and the plain values of its `BookState`."""


@operator
def record(  # noqa: PLR0913 - keyword-only settings
    step_id: str,
    tallies: Stream[Tally],
    *outcomes: Stream[Any],
    out: Path,
    exports: Iterable[Export],
    efforts: Stream[Effort] | None = None,
    mode: Mode = "upload",
    stations: Iterable[str] | None = None,
    api_url: str | None = None,
    confirm: Callable[[Export], None] = lambda _export: None,
    sign: Optional[Callable[[bytes], bytes]] = None,  # noqa: UP045 - the engine, on 3.10
) -> Stream[Manifest]:
    """Write what became of every record, and seal an export's ledger once all are accounted for.

    Parallel: one writer an export, wherever in the cluster it runs. Delivery: exactly-once; what
    was written after the last snapshot is cut off on resume and comes again.

    Args:
        step_id: Unique ID.
        tallies: What validation counted; it says how many records to wait for.
        outcomes: Streams of receipts and of dead letters.
        out: Folder of the ledgers, one folder an export.
        exports: The exports that are read.
        efforts: What delivery took, for the manifest.
        mode: `validate-only` waits for no receipts.
        stations: Stations that were kept, for the manifest; None if all.
        api_url: Where spots were sent, for the manifest; None if nowhere.
        confirm: Called before a ledger is sealed; raises if the export is not what was read.
        sign: Signs manifests, for `manifest.json.sig`; None leaves them unsigned.

    Returns:
        The manifest of each export, when it is sealed.
    """
    known = {export.key: export for export in exports}
    kept = None if stations is None else sorted(stations)
    # An empty tally stays: it is all that an export without a record leaves.
    settled = op.filter("settled", op.merge("outcomes", *outcomes), bool)
    told: list[Stream[Any]] = [tallies]
    if efforts is not None:
        # One without spots may come when all is accounted for and the ledger sealed.
        told.append(op.filter("told", efforts, lambda effort: effort.spots > 0))
    entries = op.merge("entries", *told, settled)
    keyed: KeyedStream[Any] = op.key_on("export", entries, lambda entry: entry.span.export)

    def new_book(key: str, state: BookState | None) -> Book:
        return Book(
            out / key,
            _known(known, key),
            resumed(out / key, state),
            mode=mode,
            stations=kept,
            api_url=api_url,
            efforts=efforts is not None,
            sign=sign,
        )

    def confirmed(key: str) -> None:
        confirm(known[key])

    sealed = op.stateful_batch(
        "book", keyed, lambda state: _Ledger(out, new_book, confirmed, _resumed(state))
    )
    return op.map("manifest", sealed, lambda item: item[1])


def _known(exports: Mapping[str, Export], key: str) -> Export:
    if key not in exports:
        raise HaltedError(f"records of {key} arrived, which is none of the exports of this ledger")
    return exports[key]


def _resumed(state: Any) -> BookState | None:
    if state is None:
        return None
    if not isinstance(state, tuple) or state[0] != STATE_VERSION:
        raise HaltedError(
            "the snapshot of a ledger was written by another version; finish the export with the "
            "version that began it, or move the state folder away to go on from the ledger"
        )
    return BookState(*state[1]) if state[1] else None


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritten(Path(error.filename or out), error.strerror) from error


class _Ledger(StatefulBatchLogic[Entry, Manifest, State]):
    """Opens its book with its first batch: the engine tells a logic its state, but not its key."""

    def __init__(
        self,
        out: Path,
        new_book: Callable[[str, BookState | None], Book],
        confirm: Callable[[str], None],
        state: BookState | None,
    ) -> None:
        self._out = out
        self._new_book = new_book
        self._confirm = confirm
        self._state = state
        self._book: Book | None = None

    @override
    def on_batch(self, values: list[Entry]) -> tuple[list[Manifest], bool]:
        key = values[0].span.export
        with _writing(self._out):
            if self._book is None:
                self._book = self._new_book(key, self._state)
            for entry in values:
                self._book.add(entry)
            if self._book.is_complete:
                self._confirm(key)
                return [self._book.seal()], StatefulBatchLogic.DISCARD
        return [], StatefulBatchLogic.RETAIN

    @override
    def on_eof(self) -> tuple[list[Manifest], bool]:
        if self._book is not None:
            with _writing(self._out):
                self._state = self._book.commit()
                self._book.close()
            self._book = None
        return [], StatefulBatchLogic.RETAIN

    @override
    def snapshot(self) -> State:
        if self._book is not None:
            with _writing(self._out):
                self._state = self._book.snapshot()
        return STATE_VERSION, tuple(self._state) if self._state else None
