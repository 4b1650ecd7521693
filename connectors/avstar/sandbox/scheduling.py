"""What becomes of a record that can be read."""

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.problem import Document
from connectors.avstar.sandbox.record import SpotRecord
from connectors.avstar.sandbox.settings import Conflict
from connectors.avstar.sandbox.stats import Stats
from connectors.avstar.sandbox.store import SpotStore


class Scheduler:
    """Schedules each request ID once, and counts."""

    def __init__(self, store: SpotStore, stats: Stats, conflict: Conflict) -> None:
        self._store = store
        self._stats = stats
        self._conflict = conflict

    def schedule(self, request_id: str, record: SpotRecord) -> Document | None:
        """Schedule a spot; return why not, if it is not."""
        scheduling = self._store.schedule(request_id, record)
        if scheduling == "accepted":
            self._stats.accepted += 1
            return None
        same = scheduling == "duplicate"
        self._stats.duplicates += same
        self._stats.conflicts += not same
        before = f"Request {request_id} was scheduled before"
        if self._conflict == "plain":
            return problem.ALREADY_SCHEDULED.document(f"{before}.")
        if same:
            return problem.ALREADY_SCHEDULED.document(f"{before}, with the same content.")
        return problem.REQUEST_ID_REUSED.document(f"{before}, with other content.", self._conflict)
