"""POST /ingest/bulk: many records in one request, and an answer for each."""

from collections.abc import Iterator

from aiohttp import web

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.problem import Document
from connectors.avstar.sandbox.reading import Entry, read_entries
from connectors.avstar.sandbox.record import SpotRecord
from connectors.avstar.sandbox.scheduling import Scheduler
from connectors.avstar.sandbox.settings import SandboxSettings
from connectors.avstar.sandbox.stats import Stats

_FAILED, _SILENT = 0, 1
"""What a partial fault does, of every three records, to the first and to the second."""


class Bulk:
    """Answers bulk requests: one of the quota, whatever they hold.

    With `bulk_atomic` a record that breaks the schema has the whole request refused.
    """

    def __init__(self, settings: SandboxSettings, scheduler: Scheduler, stats: Stats) -> None:
        self._settings = settings
        self._scheduler = scheduler
        self._stats = stats

    async def answer(self, request: web.Request, *, partial: bool) -> web.Response:
        """Schedule what can be; `partial` fails some records, and says nothing of some others."""
        self._stats.bulk_requests += 1
        entries = await read_entries(request, self._settings)
        if isinstance(entries, web.Response):
            self._stats.rejected += 1
            return entries
        bad = [entry for entry in entries if not isinstance(entry.record, SpotRecord)]
        self._stats.rejected += len(bad)
        if bad and self._settings.bulk_atomic:
            first = bad[0]
            assert isinstance(first.record, dict)  # noqa: S101 - it is no spot
            detail = f"{first.request_id}: {first.record['detail']}"
            return problem.INVALID_RECORD.response(detail)
        return web.json_response(list(self._answers(entries, partial=partial)))

    def _answers(self, entries: list[Entry], *, partial: bool) -> Iterator[Document]:
        for i, (request_id, record) in enumerate(entries):
            fate = i % 3 if partial else None
            if fate == _FAILED:
                answer: Document = problem.INTERNAL_ERROR.document("The record was not scheduled.")
            else:
                answer = self._scheduled(request_id, record)
            if fate != _SILENT:
                yield {"request_id": request_id, **answer}

    def _scheduled(self, request_id: str, record: SpotRecord | Document) -> Document:
        if not isinstance(record, SpotRecord):
            return record
        return self._scheduler.schedule(request_id, record) or {"status": 201}
