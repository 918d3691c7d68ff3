"""References by `file:`: copies of regular files below folders that the operator named, by where they really lie.

An address is resolved, symbolic links and all; what is then opened, name by name from the root, follows none: whoever
swaps a folder for a link between the two gains nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from azenha.adapters.references.receiving import Bounds
from azenha.domain.addresses import shown
from azenha.domain.errors import FetchFailed, ForbiddenAddress
from azenha.domain.roots import SETTING, Folder, file_parts
from azenha.settings import LimitSettings
from azenha.usecases.ports import FREELY, PLAINLY, Ask, Fetched, Terms

_PIECE: Final = 1024 * 1024
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_BY_NAME: Final = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd


class Files:
    """Implements `Fetch` of usecases.ports for `file`."""

    def __init__(self, roots: Sequence[Folder], limits: LimitSettings) -> None:
        self._roots = tuple(Path(root.path) for root in roots)
        self._limits = limits

    def __call__(self, url: str, target: Path, ask: Ask = PLAINLY, terms: Terms = FREELY) -> Fetched:
        if ask != PLAINLY:
            raise FetchFailed(f"{shown(url)} is a file: it takes no method, headers or body")
        bounds = Bounds.of(self._limits, terms.limit)
        try:
            descriptor, name = self._opened(url)
        except OSError as error:
            raise FetchFailed(f"{shown(url)} cannot be read: {error.strerror}") from None
        try:
            with open(descriptor, "rb") as source, target.open("wb") as file:
                before = os.fstat(source.fileno())
                size = 0
                while piece := source.read(_PIECE):
                    size += len(piece)
                    bounds.check(max(size, before.st_size), shown(url))
                    file.write(piece)
                    if terms.on_progress:
                        terms.on_progress(size, before.st_size)
                after = os.fstat(source.fileno())
            if (size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise FetchFailed(f"{shown(url)} changed while it was read")
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return Fetched(size, None, name)

    def _opened(self, url: str) -> tuple[int, str]:
        """A descriptor of the file, and its name.

        Raises:
            ForbiddenAddress, FetchFailed, OSError
        """
        outside = ForbiddenAddress(
            f"'{shown(url)}' may not be read: it lies in no folder that the operator allowed (setting {SETTING})"
        )
        try:
            names = file_parts(url)
        except ValueError as reason:
            raise ForbiddenAddress(f"'{shown(url)}' may not be read: {reason}") from None
        asked = Path(f"{names[0]}/", *names[1:]) if os.name == "nt" else Path("/", *names)
        roots = [(root, root.resolve()) for root in self._roots]
        # Before anything is looked at: whether a file is there is nobody's business outside of the roots.
        if not any(asked.is_relative_to(one) for pair in roots for one in pair):
            raise outside
        try:
            real = asked.resolve(strict=True)
        except RuntimeError:  # Python 3.12 and older: links in a circle
            raise FetchFailed(f"{shown(url)} cannot be read: its links lead in a circle") from None
        inside = next((root for _, root in roots if real.is_relative_to(root)), None)
        if inside is None:
            raise outside
        descriptor = _open_below(inside, real.relative_to(inside).parts)
        if descriptor is None:
            raise FetchFailed(f"{shown(url)} is no regular file")
        return descriptor, names[-1]


def _open_below(root: Path, names: Sequence[str]) -> int | None:
    """The regular file of that name below a folder, or None if it is none; no link is followed.

    Raises:
        OSError
    """
    if not names:
        return None
    if not _BY_NAME:  # Windows
        path = root.joinpath(*names)
        if not path.is_file():
            return None
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK)
        if path.resolve() != path or not os.path.samestat(os.fstat(descriptor), path.lstat()):
            os.close(descriptor)
            raise OSError(None, "it changed while it was opened")
        return descriptor
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names[:-1]:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK, dir_fd=at)
            os.close(at)
            at = below
        # Looked at before: opening some devices does something.
        if not stat.S_ISREG(os.stat(names[-1], dir_fd=at, follow_symlinks=False).st_mode):
            return None
        descriptor = os.open(names[-1], os.O_RDONLY | os.O_NONBLOCK | _NO_LINK, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return descriptor
