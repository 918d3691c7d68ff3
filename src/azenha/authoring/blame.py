"""Whose fault it is that a file cannot be opened: of data that came in, the client's, whose data it is.

The error stays what it is, so that a process may catch it. One that leaves the process is told by its mark.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, ParamSpec, Protocol, TypeVar, cast

from azenha.domain.errors import InvalidValue
from azenha.domain.formats import declared
from azenha.domain.lexical import clean

_MARK: Final = "_azenha_input"
# Not about the data: what is missing here, and slips in a program.
_OTHERS: Final = (
    ImportError,
    MemoryError,
    FileNotFoundError,
    PermissionError,
    TypeError,
    AttributeError,
    NameError,
)

# "Read failed. See previous exception for details." (rasterio)
_POINTS: Final = re.compile(
    r"[\s.;,:(]*\bsee (?:the )?(?:previous|original|chained|inner|above) (?:exception|error).*", re.I | re.S
)
LONGEST: Final = 10_000  # characters of what an error says
_DEEPEST: Final = 10  # errors that point at each other

P = ParamSpec("P")
R = TypeVar("R")


def text_of(error: BaseException) -> str:
    """What an error says, cut where it is very long; an author's class of errors may be unable to say anything."""
    try:
        text = str(error)
    except BaseException as reason:
        return f"(its text cannot be told: {type(reason).__name__})"
    return cut(text)


def cut(text: str, end: str = "…") -> str:
    """Its beginning, where it is very long."""
    return text if len(text) <= LONGEST else text[: LONGEST - len(end)] + end


def told(error: BaseException) -> str:
    """The text of an error; of one that has none, or only points at what caused it, with the text of that."""
    texts: list[str] = []
    for _ in range(_DEEPEST):
        text = text_of(error)
        said = _POINTS.sub("", text)
        if said:
            texts.append(said)
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None or (said == text and (said or error.__cause__ is None)):
            break
        error = before
    return ": ".join(texts)


class Came(Protocol):
    """A file: `input` is the locator of what it came as; None: it was made here. `called`: see Format."""

    input: str | None
    called: str | None

    @property
    def media_type(self) -> str: ...
    @property
    def path(self) -> Path: ...


def without_folder(reason: str, path: Path) -> str:
    """What a library says of a file, without the folders of this machine: those are nobody's business."""
    folders = [path.parent]
    with suppress(OSError):  # the process may have removed its own
        folders.append(Path.cwd())
    for folder in folders:
        if folder != Path(folder.anchor):
            reason = reason.replace(f"{folder}{os.sep}", "")
    return reason


def opens(method: Callable[P, R]) -> Callable[P, R]:
    """Of a method of a file that reads all of it or its head. Whoever gives it options may have given wrong ones."""

    @functools.wraps(method)
    def opened(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            file = cast("Came", args[0])
            if file.input is not None and not kwargs and not isinstance(error, _OTHERS):
                reason = clean(without_folder(told(error), file.path) or type(error).__name__, 2000)
                text = f"{declared(file.media_type, file.called)}, and cannot be read as that: {reason}"
                setattr(error, _MARK, InvalidValue(file.input, text))
            raise

    return opened


def blamed(error: BaseException) -> InvalidValue | None:
    """What is wrong with which input, if that is why a process ended; None: it is the process's own error."""
    found: Any = getattr(error, _MARK, None)
    return found if isinstance(found, InvalidValue) else None
