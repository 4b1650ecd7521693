"""What the page of a process that follows tells between two exports."""

import re
import signal
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

from tests.external.ports import free_port

New = Callable[..., Any]


def gauges(address: str) -> dict[str, float]:
    text = urlopen(f"http://{address}/metrics").read().decode()
    found = re.findall(r"^(avstar_\w+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_of_one_that_was_set_aside_half_way_the_page_shows_nothing_left_to_do(landing: New) -> None:
    one = landing("--latency", "0.2")
    address = f"127.0.0.1:{free_port()}"
    one.put("day.ndjson", 400, ".done", seed=1)
    running = one.start("--page", address, "--checkpoint-records", "50")
    one.until_accepted(running, 70)
    under_way = gauges(address)
    assert under_way["avstar_export_records"] == 400
    path = one.folder / "processing" / "day.ndjson"
    path.write_bytes(path.read_bytes()[:-200])
    running.until(lambda: running.err.count("waiting for exports") > 0)
    after = gauges(address)
    assert after["avstar_exports_set_aside_total"] == 1
    assert 0 < after["avstar_records_valid_total"] < 400
    gone = ("avstar_export_records", "avstar_settled_records", "avstar_checkpoint_age_seconds")
    assert [name for name in gone if name in after] == []
    assert after["avstar_spots_in_hand"] == after["avstar_requests_in_flight"] == 0
    assert running.finish(signal.SIGTERM).code == 75
