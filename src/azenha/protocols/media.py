"""How data of a media type stands in a JSON document: as JSON, as a string, or as base64."""

from __future__ import annotations

from enum import Enum

from azenha.protocols.negotiation import essence


class Family(Enum):
    JSON = "json"
    TEXT = "text"
    BINARY = "binary"


_TEXT = frozenset({"application/xml", "application/javascript", "application/yaml", "application/sql"})


def family(media_type: str) -> Family:
    plain = essence(media_type)
    if plain == "application/json" or plain.endswith("+json"):
        return Family.JSON
    if plain.startswith("text/") or plain in _TEXT or plain.endswith(("+xml", "+yaml")):
        return Family.TEXT
    return Family.BINARY
