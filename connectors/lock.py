"""Locks that go with the process, on files and folders."""

import errno
import fcntl

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}
"""How a file system says that it has no such lock; NFS says EBADF of what is open for reading."""


def try_lock(handle: int) -> bool:
    """Lock an open file or folder for oneself; False if another process has it.

    Where the file system knows no locks, nobody has it.

    Raises:
        OSError: It cannot be locked for another reason.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True
