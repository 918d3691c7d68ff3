"""Pages for people, of the same documents as the JSON (/req/html/content): HTML5, no script, one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from azenha.protocols import json
from azenha.protocols.http import Site
from azenha.protocols.ogcapi.documents import Document

_PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_SIZES: Final = ("kB", "MB", "GB", "TB")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("azenha.protocols.ogcapi"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": size, "shape": shape, "told": told, "data": data}
    environment.tests |= {"web": is_web_address, "picture": _PICTURES.__contains__}
    return environment


def page(name: str, document: Document, site: Site) -> bytes:
    """The page `name` (a template's) of a document."""
    return _environment().get_template(f"{name}.html").render(d=document, site=site).encode()


def is_web_address(text: object) -> bool:
    """Whether a text may become a link: others' addresses could be `javascript:`."""
    return isinstance(text, str) and text.lower().startswith(("http://", "https://"))


def size(count: int) -> str:
    """Bytes for a person, in powers of 1000."""
    if count < 1000:
        return f"{count} bytes"
    power = 1
    while power < len(_SIZES) and count / 1000**power >= 999.5:
        power += 1
    return f"{count / 1000**power:.3g} {_SIZES[power - 1]}"


def data(value: object) -> str:
    """A JSON value as text; a string without its quotation marks."""
    return value if isinstance(value, str) else json.dump(value).decode()


def shape(schema: Mapping[str, object]) -> str:
    """A schema in a few words: `number from 0 to 1`, `list of integer`, `image/tiff or text/csv`."""
    branches = schema.get("oneOf")
    if isinstance(branches, Sequence):
        return " or ".join(shape(b) for b in branches)
    all_of = schema.get("allOf")
    if isinstance(all_of, Sequence):
        return _box(all_of[0])
    if schema.get("type") == "array":
        items = schema["items"]
        return f"list of {shape(items)}" if isinstance(items, Mapping) else "list"
    if "contentMediaType" in schema:
        return str(schema["contentMediaType"])
    if schema.get("contentEncoding") == "base64":
        return "file of any kind"
    if schema.get("type") == "object":
        fields = schema.get("properties")
        return f"object with {', '.join(fields)}" if isinstance(fields, Mapping) and fields else "object"
    plain = {"date": "date", "date-time": "date and time", "duration": "duration"}
    name = plain.get(str(schema.get("format")), str(schema.get("type", "any JSON")))
    any_of = schema.get("anyOf")
    bounds = " or ".join(_bounds(b) for b in any_of) if isinstance(any_of, Sequence) else _bounds(schema)
    return f"{name} {bounds}".strip()


def _box(schema: Mapping[str, object]) -> str:
    properties = schema.get("properties")
    crs = properties.get("crs") if isinstance(properties, Mapping) else None
    names = crs.get("enum") if isinstance(crs, Mapping) else None
    return f"bounding box in {', '.join(map(str, names))}" if isinstance(names, Sequence) else "bounding box"


def _bounds(schema: Mapping[str, object]) -> str:
    values = schema.get("enum")
    if isinstance(values, Sequence):
        return f"one of {', '.join(data(v) for v in values)}"
    shut_out = schema.get("not")
    without = shut_out.get("enum") if isinstance(shut_out, Mapping) else None
    excluded = without if isinstance(without, Sequence) else ()
    words = []
    for key, inclusive, exclusive in (("minimum", "from", "above"), ("maximum", "to", "below")):
        if key in schema:
            bound = schema[key]
            words.append(f"{exclusive if bound in excluded else inclusive} {data(bound)}")
    if "multipleOf" in schema:
        words.append(f"in steps of {data(schema['multipleOf'])}")
    return " ".join(words)


def told(description: Mapping[str, object]) -> list[tuple[str, str]]:
    """What an input's or output's description says beyond its schema: names and values of its parameters."""
    extra = description.get("additionalParameters")
    parameters = extra.get("parameters") if isinstance(extra, Mapping) else None
    labels = {"uom": "unit", "defaultUom": "default unit", "maximumBytes": "at most, in bytes"}
    labels["services"] = "as a service"
    return [
        (labels.get(p["name"], p["name"]), ", ".join(data(v) for v in p["value"])) for p in parameters or ()
    ]
