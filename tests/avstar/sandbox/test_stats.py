import json

from connectors.avstar.sandbox.faults import FAULTS
from connectors.avstar.sandbox.stats import Stats


def test_counts_start_at_zero_for_every_fault():
    assert Stats().faults == dict.fromkeys(FAULTS, 0)


def test_two_sandboxes_count_apart():
    one, other = Stats(), Stats()
    one.faults["lost"] += 1
    assert other.faults["lost"] == 0


def test_counts_are_json():
    stats = Stats(requests=2, accepted=1)
    stats.faults["lost"] += 1
    copy = json.loads(json.dumps(stats.as_dict()))
    assert (copy["requests"], copy["accepted"], copy["faults"]["lost"]) == (2, 1, 1)
