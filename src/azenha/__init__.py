"""azenha: one typed Python function becomes a process that every OGC client can find, run and follow.

What an author of processes imports. Loads nothing but the standard library.
"""

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
