"""What is on the disk for good: it is there again after a loss of power, as the row is that names it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

# Of file systems that keep a folder's entries in their own way, and cannot be told to.
_NOT_ASKED: Final = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSUP})


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the entries of a folder; their contents each want their own.

    Raises:
        OSError: the disk did not take them.
    """
    flags = os.O_RDONLY
    if not hasattr(os, "O_DIRECTORY"):
        if path.is_dir():  # Windows opens no folder, and writes their entries through
            return
        flags = os.O_RDWR  # Windows syncs only what could be written
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_ASKED:
            raise
    finally:
        os.close(descriptor)
