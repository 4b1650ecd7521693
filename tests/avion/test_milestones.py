import hashlib

import pytest

from connectors.avion.milestones import DIGITS, FINE_SIZE, FINE_STEP, STEP, Milestones


def pieces(data, sizes):
    """Cut data into pieces of these sizes, again and again."""
    at, turn = 0, 0
    while at < len(data):
        yield data[at : at + sizes[turn % len(sizes)]]
        at += sizes[turn % len(sizes)]
        turn += 1


def passed_by(data, size, sizes):
    milestones = Milestones(size)
    for piece in pieces(data, sizes):
        milestones.add(piece)
    return milestones


@pytest.mark.parametrize("sizes", [[1 << 20], [4096], [1, 5000], [100_000, 31]], ids=repr)
def test_pieces_make_no_difference(sizes):
    data = bytes(range(251)) * 400
    found = passed_by(data, len(data), sizes)
    assert found.checksum == hashlib.sha256(data).hexdigest()
    assert found.size == len(data)
    assert found.passed == b"".join(
        hashlib.sha256(data[:end]).digest()[:DIGITS]
        for end in range(FINE_STEP, len(data) + 1, FINE_STEP)
    )


def test_what_does_not_reach_the_next_milestone_leaves_none():
    milestones = Milestones(9)
    milestones.add(b"x" * (FINE_STEP - 1))
    assert milestones.passed == b""
    milestones.add(b"x")
    assert len(milestones.passed) == DIGITS


def test_a_large_export_has_milestones_further_apart():
    assert (Milestones(FINE_SIZE).step, Milestones(FINE_SIZE + 1).step) == (4096, 131_072)
    data = bytes(STEP)
    assert len(passed_by(data, FINE_SIZE + 1, [1 << 20]).passed) == DIGITS


def test_of_four_gigabytes_not_more_than_this_is_kept():
    assert (4 << 30) // STEP * DIGITS == 128 << 10


def test_the_steps_are_storage_format():
    assert (STEP, FINE_STEP, FINE_SIZE, DIGITS) == (1 << 17, 1 << 12, 1 << 24, 4)
