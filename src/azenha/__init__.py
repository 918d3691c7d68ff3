"""azenha: one typed Python function becomes a process that every OGC client can find, run and follow.

What an author of processes imports. Loads nothing but the standard library, and that only with the first name that
is asked for: the programs of the server import this package too, and most have no use for what an author needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azenha.authoring.archives import Unsafe
    from azenha.authoring.elsewhere import Url
    from azenha.authoring.errors import AuthoringError, Cancelled, CommandFailed, OutputError
    from azenha.authoring.signature import process
    from azenha.authoring.types import (
        BBox,
        Checked,
        Context,
        Crs,
        Features,
        File,
        Items,
        Keywords,
        Media,
        Occurs,
        Range,
        Raster,
        Recorder,
        Title,
        Translated,
        Unit,
        Validation,
    )
    from azenha.domain.process import Metadata, Text

__version__ = "0.1.0"

__all__ = [
    "AuthoringError",
    "BBox",
    "Cancelled",
    "Checked",
    "CommandFailed",
    "Context",
    "Crs",
    "Features",
    "File",
    "Items",
    "Keywords",
    "Media",
    "Metadata",
    "Occurs",
    "OutputError",
    "Range",
    "Raster",
    "Recorder",
    "Text",
    "Title",
    "Translated",
    "Unit",
    "Unsafe",
    "Url",
    "Validation",
    "process",
]

_PLACES = {
    "Unsafe": "azenha.authoring.archives",
    "Url": "azenha.authoring.elsewhere",
    "AuthoringError": "azenha.authoring.errors",
    "Cancelled": "azenha.authoring.errors",
    "CommandFailed": "azenha.authoring.errors",
    "OutputError": "azenha.authoring.errors",
    "process": "azenha.authoring.signature",
    "BBox": "azenha.authoring.types",
    "Checked": "azenha.authoring.types",
    "Context": "azenha.authoring.types",
    "Crs": "azenha.authoring.types",
    "Features": "azenha.authoring.types",
    "File": "azenha.authoring.types",
    "Items": "azenha.authoring.types",
    "Keywords": "azenha.authoring.types",
    "Media": "azenha.authoring.types",
    "Occurs": "azenha.authoring.types",
    "Range": "azenha.authoring.types",
    "Raster": "azenha.authoring.types",
    "Recorder": "azenha.authoring.types",
    "Title": "azenha.authoring.types",
    "Translated": "azenha.authoring.types",
    "Unit": "azenha.authoring.types",
    "Validation": "azenha.authoring.types",
    "Metadata": "azenha.domain.process",
    "Text": "azenha.domain.process",
}

if not TYPE_CHECKING:  # type checkers know the names by their imports, and miss those that are none

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module 'azenha' has no attribute '{name}'")
        value = globals()[name] = getattr(import_module(_PLACES[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
