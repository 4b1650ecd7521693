"""The accounts of an upload held against each other, with nothing of ours in between."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from connectors.records import REJECTIONS

FIELDS = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
SENT = ("spot_id", "station", "airtime", "duration_sec", "advertiser")


class Books:
    """What the export, the ledger and the API say of an upload that has ended.

    `good` is every good row's content by its line, as the export's own text has it.
    """

    def __init__(self, upload: Any) -> None:
        self.receipts = upload.rows("receipts")
        letters = upload.rows("dead-letters")
        self.bad = [row for row in letters if row["reason"] in REJECTIONS]
        self.undelivered = [row for row in letters if row["reason"] not in REJECTIONS]
        self.stats = upload.api.stats()
        bad_lines = {row["line"] for row in self.bad}
        rows = enumerate(upload.exports[0].read_bytes().split(b"\n"), 1)
        records = {line: row for line, row in rows if row}
        self.good = {
            line: tuple(json.loads(row)[name] for name in FIELDS)
            for line, row in records.items()
            if line not in bad_lines
        }
        self._at_api = Counter(tuple(spot[name] for name in SENT) for spot in upload.api.spots())

    @property
    def attempts(self) -> int:
        """Requests that the ledger knows of."""
        return sum(row["attempts"] for row in self.receipts + self.undelivered)

    def assert_exact(self) -> None:
        """Nothing lost, nothing scheduled twice, nothing changed on its way."""
        delivered = [row["line"] for row in self.receipts]
        told = delivered + [row["line"] for row in self.undelivered]
        assert sorted(told) == sorted(self.good), "each good row stands in the ledger once"
        assert set(self._at_api.values()) <= {1}, "scheduled twice"
        assert set(self._at_api) <= set(self.good.values()), "not of the export"
        assert {self.good[line] for line in delivered} <= set(self._at_api), "lost"
        for row in self.receipts:
            assert (row["outcome"], row["status"]) in {("accepted", 201), ("duplicate", 409)}
            content = (row["spot_id"], row["station"], row["airtime"])
            assert content == self.good[row["line"]][:3]


@pytest.fixture
def books() -> Callable[..., Books]:
    return Books
