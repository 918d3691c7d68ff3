"""The definition as what its page shows: references resolved, schemas as text."""

from __future__ import annotations

import json as layout
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from azenha.protocols.http import Site
from azenha.protocols.ogcapi.openapi.document import operations, resolved
from azenha.protocols.ogcapi.openapi.schemas import SCHEMAS

_PROCESS: Final = "execute."


def page(definition: Mapping[str, Any], site: Site) -> dict[str, object]:
    """What the template `api.html` is made of: groups of operations, and the schemas that they name."""
    shown = [_operation(method, path, told, definition) for method, path, told in operations(definition)]
    general = [o for o in shown if not o["process"]]
    groups = [
        {**tag, "operations": [o for o in general if o["tag"] == tag["name"]]} for tag in definition["tags"]
    ]
    return {
        "title": definition["info"]["title"],
        "description": definition["info"]["description"],
        # Relative, so that what is tried has the origin of the page, by whatever name it was called.
        "base": urlsplit(site.base).path,
        "groups": groups,
        "processes": [o for o in shown if o["process"]],
        "schemas": {name: pretty(schema) for name, schema in SCHEMAS.items()},
        "links": [{"href": f"{site.base}/api", "rel": "self"}],
    }


def pretty(value: object) -> str:
    """JSON for a person; a Decimal is shown as the number that it is."""
    return layout.dumps(value, ensure_ascii=False, indent=2, default=_shown)


def _shown(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


def _operation(
    method: str, path: str, told: Mapping[str, Any], definition: Mapping[str, Any]
) -> dict[str, object]:
    id = told["operationId"]
    content = told.get("requestBody", {}).get("content", {})
    body: dict[str, object] | None = None
    for type, media in content.items():
        body = {"type": type, "example": pretty(media["example"]), "schema": _name(media["schema"])}
    return {
        "id": id,
        "process": id.removeprefix(_PROCESS) if id.startswith(_PROCESS) else None,
        "tag": told["tags"][0],
        "method": method,
        "path": path,
        "summary": told["summary"],
        "description": told.get("description"),
        "parameters": [_parameter(resolved(p, definition), definition) for p in told.get("parameters", ())],
        "body": body,
        "answers": [
            _answer(status, resolved(r, definition)) for status, r in sorted(told["responses"].items())
        ],
    }


def _parameter(told: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, object]:
    schema = resolved(told["schema"], definition)
    several = schema.get("items")
    items = resolved(several, definition) if isinstance(several, Mapping) else schema
    kind = items.get("type", "string")
    return {
        "name": told["name"],
        "place": told["in"],
        "required": told["required"],
        "about": told["description"],
        "kind": f"list of {kind}" if several is not None else kind,
        "choices": items.get("enum", ()),
        "least": items.get("minimum"),
        "default": schema.get("default"),
    }


def _answer(status: str, told: Mapping[str, Any]) -> dict[str, object]:
    return {
        "status": status,
        "about": told["description"],
        "content": [(type, _name(media["schema"])) for type, media in told.get("content", {}).items()],
        "headers": list(told.get("headers", ())),
    }


def _name(schema: Mapping[str, Any]) -> str | None:
    """The name of a schema that stands on the page."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return name if name in SCHEMAS else None
