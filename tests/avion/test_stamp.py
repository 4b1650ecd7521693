import os

from connectors.avion.stamp import stamp_of


def test_a_file_that_nobody_touched_keeps_its_stamp(write):
    path = write("a", b"1")
    before = stamp_of(path)
    path.read_bytes()
    assert stamp_of(path) == before
    with path.open("rb") as file:
        assert stamp_of(file.fileno()) == before


def test_one_that_was_edited_or_replaced_has_another_even_if_the_times_are_set_back(write):
    path = write("a", b"1")
    before, status = stamp_of(path), path.stat()
    path.write_bytes(b"2")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    edited = stamp_of(path)
    assert edited != before
    other = write("b", b"1")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert stamp_of(path) not in {before, edited}
