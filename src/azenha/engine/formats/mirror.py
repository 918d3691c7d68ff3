"""Where a schema lies in the folder of schemas: by its address, `schemas.opengis.net/kml/2.2.0/ogckml22.xsd`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote, unquote, urlsplit

_LONGEST: Final = 200  # bytes of a name


def place(address: str) -> PurePosixPath | None:
    """The path of an address within the folder; None: it has no name that is safe to write.

    The port does not count. A query stands in the name, behind an `@`.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    names = [host, *(unquote(name) for name in parts.path.split("/") if name)]
    if parts.path.endswith("/") or len(names) == 1:
        names.append("index")
    if parts.query:
        names[-1] += f"@{quote(parts.query, safe='=,.-_')}"
    return PurePosixPath(*names) if all(map(_is_safe, names)) else None


def _is_safe(name: str) -> bool:
    """Whether it is one name, on every system that we run on."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "replace")) <= _LONGEST
        and name.isprintable()
        and not any(character in '/\\:*?"<>|' for character in name)
        and not name.endswith((" ", "."))
    )
