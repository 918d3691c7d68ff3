"""Where MapServer is on this machine. Apart from the rest: a server that has none loads nothing more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

_USUAL: Final = (
    "/usr/bin/mapserv",
    "/usr/lib/cgi-bin/mapserv",
)  # of Debian's packages mapserver-bin, cgi-mapserver
# Of those that MapServer brings along, the ones that load nothing from elsewhere.
_TEMPLATES: Final = Path("/usr/share/mapserver/ogcapi/templates/html-plain")


def found(named: Path | None) -> Path | None:
    """The program `mapserv`: the one that is named, or on PATH, or where packages put it; None: there is none."""
    for place in (named,) if named is not None else (shutil.which("mapserv"), *_USUAL):
        if place is not None and Path(place).is_file() and os.access(place, os.X_OK):
            return Path(place).resolve()
    return None


def templates() -> Path | None:
    """The templates of its pages for OGC API - Features; None: it answers JSON alone."""
    return _TEMPLATES if _TEMPLATES.is_dir() else None
