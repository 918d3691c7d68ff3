"""The benchmarks' processes as pygeoapi has them: one of many, an echo, and one that tells what arrived.

Loaded by pygeoapi in an environment of its own, where azenha is not installed.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from pygeoapi.process.base import BaseProcessor


def _text(title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "minOccurs": 0, "maxOccurs": 1, "schema": {"type": "string"}, **more}


class _Processor(BaseProcessor):
    inputs: dict[str, Any]

    def __init__(self, processor_def: dict[str, Any]) -> None:
        metadata = {
            "id": processor_def["id"],
            "version": "1.0.0",
            "title": {"en": processor_def["id"]},
            "description": {"en": "One of the benchmarks."},
            "jobControlOptions": ["sync-execute", "async-execute"],
            "keywords": ["benchmark"],
            "links": [],
            "inputs": self.inputs,
            "outputs": {"result": {"title": "Result", "schema": {"type": "string"}}},
            "example": {"inputs": {}},
        }
        super().__init__(processor_def, metadata)

    def execute(self, data: dict[str, Any], outputs: object = None) -> tuple[str, dict[str, str]]:
        return "application/json", {"id": "result", "value": self.value(data)}

    def value(self, data: dict[str, Any]) -> str:
        raise NotImplementedError


class Many(_Processor):
    inputs = {  # noqa: RUF012 - pygeoapi copies it
        "name": _text("Name", minOccurs=1),
        "share": _text("Share", schema={"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}),
        "distance": _text("Distance", schema={"type": "number", "default": 10.0}),
        "method": _text("Method", schema={"type": "string", "enum": ["nearest", "bilinear", "cubic"]}),
        "box": _text("Box", schema={"type": "object", "format": "ogc-bbox"}),
        "document": _text("Document", schema={"type": "string", "contentEncoding": "base64"}),
    }

    def value(self, data: dict[str, Any]) -> str:
        return str(data["name"])


class Echo(_Processor):
    inputs = {"text": _text("Text", minOccurs=1)}  # noqa: RUF012

    def value(self, data: dict[str, Any]) -> str:
        return str(data["text"])


class Tell(_Processor):
    inputs = {"data": _text("Data", minOccurs=1)}  # noqa: RUF012

    def value(self, data: dict[str, Any]) -> str:
        content = base64.b64decode(data["data"])
        return f"{len(content)} {hashlib.sha256(content).hexdigest()}"
