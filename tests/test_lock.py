import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors import lock
from connectors.lock import try_lock


@contextmanager
def opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def test_one_at_a_time_has_a_folder(tmp_path: Path) -> None:
    with opened(tmp_path) as first, opened(tmp_path) as second:
        assert [try_lock(first), try_lock(second), try_lock(first)] == [True, False, True]


def test_a_lock_ends_with_its_handle(tmp_path: Path) -> None:
    with opened(tmp_path) as first:
        assert try_lock(first)
    with opened(tmp_path) as second:
        assert try_lock(second)


@pytest.mark.parametrize(("number", "known"), [(errno.ENOLCK, True), (errno.EIO, False)])
def test_a_file_system_without_locks_is_no_error_and_a_broken_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, known: bool
) -> None:
    def flock(_handle: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock.fcntl, "flock", flock)
    with opened(tmp_path) as handle:
        if known:
            assert try_lock(handle)
        else:
            with pytest.raises(OSError, match=os.strerror(number)):
                try_lock(handle)
