"""`name=value` on the command line → the JSON inputs of an execute request, by the process's own description.

A text is read as the input's schema demands (OGC 18-062r2 §7.11.2); nothing is guessed: what does not fit is
refused with what is allowed. Works with any server's description, OpenAPI 3.0 or JSON Schema.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from azenha.console.exact import integer, number, read_json
from azenha.console.exits import USAGE, Stop
from azenha.console.media import bare, is_json, is_text, is_wild, matches, types_of
from azenha.domain.crs import crs_name, easting_first
from azenha.domain.encodings import NotInEncoding, as_utf8

Schema = Mapping[str, Any]


class Unfit(Exception):
    """A text that an input does not take; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form that a value of an input may have.

    Attributes:
        kind: string, integer, number, boolean, box, data (a file's content) or object.
        media_type: of data, where the description names it.
    """

    kind: str
    media_type: str | None = None


def forms(schema: Schema) -> list[Form]:
    """The forms that one value may have, in the schema's order, each once."""
    for word in ("oneOf", "anyOf"):
        if alternatives := schema.get(word):
            found = [form for part in alternatives for form in forms({**_without(schema, word), **part})]
            return list(dict.fromkeys(found))
    if parts := schema.get("allOf"):
        merged = _without(schema, "allOf")
        for part in parts:
            merged.update(part)
        return forms(merged)
    types = schema.get("type")
    if isinstance(types, list):
        found = [form for type in types if type != "null" for form in forms({**schema, "type": type})]
        return list(dict.fromkeys(found))
    return [_form(schema, types)]


def _without(schema: Schema, word: str) -> dict[str, Any]:
    return {key: part for key, part in schema.items() if key != word}


def _form(schema: Schema, type: object) -> Form:
    format = str(schema.get("format", ""))
    if format == "ogc-bbox" or str(schema.get("$ref", "")).endswith("bbox.yaml"):
        return Form("box")
    if type == "object" and {"bbox"} <= set(schema.get("properties", ())) <= {"bbox", "crs"}:
        return Form("box")
    if media_type := schema.get("contentMediaType"):
        return Form("data", str(media_type))
    if format.startswith("geojson"):
        return Form("data", "application/geo+json")
    if format in ("binary", "byte") or schema.get("contentEncoding"):
        return Form("data")
    if type in ("string", "integer", "number", "boolean"):
        return Form(str(type))
    return Form("object")


def element(description: Schema) -> tuple[Schema, bool]:
    """The schema of one value of an input, and whether several are sent as a JSON array."""
    schema = description.get("schema", {})
    if schema.get("type") == "array":
        return schema.get("items", {}), True
    most = description.get("maxOccurs", 1)
    return schema, most == "unbounded" or (isinstance(most, int) and most > 1)


def read_inputs(inputs: Mapping[str, Schema], given: Sequence[str]) -> dict[str, object]:
    """The `inputs` member of an execute request.

    Args:
        inputs: descriptions by input id.
        given: `name=value` each; a name several times where the input takes several values.
    Raises:
        Stop: with every problem, one a line.
    """
    texts: dict[str, list[str]] = {}
    problems = []
    for argument in given:
        name, equals, text = argument.partition("=")
        if not equals:
            problems.append(f"-i {argument}: write it as name=value")
        elif name not in inputs:
            near = get_close_matches(name, inputs, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(inputs) or 'none'}"
            problems.append(f"the process has no input '{name}'; {hint}")
        else:
            texts.setdefault(name, []).append(text)
    values: dict[str, object] = {}
    for name, several in texts.items():
        schema, array = element(inputs[name])
        alternatives = forms(schema)
        if len(several) > 1 and not array:
            problems.append(f"input '{name}' takes at most 1 value, got {len(several)}")
            continue
        read = []
        for text in several:
            try:
                read.append(read_value(text, alternatives, schema))
            except Unfit as unfit:
                problems.append(f"input '{name}': given {_short(text)}; allowed: {unfit}")
        values[name] = read if array else next(iter(read), None)
    if problems:
        raise Stop(USAGE, *problems)
    return values


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def read_value(text: str, alternatives: Sequence[Form], schema: Schema) -> object:
    """The JSON value of one text: a file (`@`), an address, or the text itself in the first form it fits.

    Raises:
        Unfit: it fits none.
    """
    offered = any(form.kind == "data" for form in alternatives)
    if text.startswith("@@"):
        return _in_any(text[1:], alternatives, schema)
    if text.startswith("@"):
        return _from_file(Path(text[1:]).expanduser(), alternatives, schema)
    if offered and text.lower().startswith(("http://", "https://")):
        return {"href": text}
    return _in_any(text, alternatives, schema)


def _in_any(text: str, alternatives: Sequence[Form], schema: Schema) -> object:
    if text.lstrip().startswith("{") and all(form.kind != "string" for form in alternatives):
        return _from_json(text, alternatives, schema)
    named = sum(form.kind == "data" for form in alternatives) > 1
    refused = []
    for form in alternatives:
        try:
            return _in_form(text, form, named)
        except Unfit as unfit:
            refused.append(str(unfit))
    raise Unfit(", or ".join(dict.fromkeys(refused)))


def _in_form(text: str, form: Form, named: bool) -> object:
    if form.kind == "string":
        return text
    if form.kind == "boolean":
        words = {"true": True, "1": True, "false": False, "0": False}
        if text.strip() in words:
            return words[text.strip()]
        raise Unfit("true or false")
    if form.kind == "integer":
        if (whole := integer(text)) is not None:
            return whole
        raise Unfit("a whole number")
    if form.kind == "number":
        if (any_number := number(text)) is not None:
            return any_number
        raise Unfit("a number")
    if form.kind == "box":
        return _box(text)
    if form.kind == "data":
        return _inline(text, form, named)
    raise Unfit("a JSON object such as '{\"field\": 1}', or @file with one")


def _box(text: str) -> object:
    parts = [part.strip() for part in text.split(",")]
    count = 6 if len(parts) >= 6 else 4
    corners = [number(part) for part in parts[:count]]
    if len(corners) < count or None in corners or len(parts) > count + 1 or "" in parts:
        raise Unfit(
            "minx,miny,maxx,maxy or six numbers, and a reference system after them if it is not the default"
        )
    if len(parts) == count:
        return {"bbox": corners}
    # The canonical name has EPSG's order of axes, which that form has not.
    given = parts[count]
    return {"bbox": corners, "crs": given if easting_first(given) else crs_name(given)}


def _inline(text: str, form: Form, named: bool) -> object:
    """Data typed on the command line: text as it is, JSON parsed, binary never."""
    media_type = form.media_type
    told = {"mediaType": media_type} if named and media_type else {}
    if media_type and is_json(media_type):
        try:
            return {"value": read_json(text), **told}
        except ValueError:
            raise Unfit(f"{media_type} as text, @file with its content, or an http address") from None
    if media_type and is_text(media_type):
        return {"value": text, **told} if told else text
    raise Unfit(f"@file with its content ({media_type or 'any type'}), or an http address")


def _from_json(text: str, alternatives: Sequence[Form], schema: Schema) -> object:
    """A JSON object: the value of an object input, or a value with its unit, type or address spelt out."""
    try:
        value = read_json(text)
    except ValueError as error:
        raise Unfit(f"a JSON object; this is none: {error}") from None
    if not isinstance(value, dict):
        raise Unfit("a JSON object")
    own = set(schema.get("properties", ()))
    spelt = next((word for word in ("value", "href", "bbox") if word in value and word not in own), None)
    # A bare object could be taken for a link or a qualified value (OGC 18-062r2 §7.11.2.3); where it has a
    # field `value` of its own, it is the wrapped one that would be mistaken.
    if spelt or "value" in own or not any(form.kind in ("object", "data") for form in alternatives):
        return value
    return {"value": value}


def _from_file(path: Path, alternatives: Sequence[Form], schema: Schema) -> object:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unfit(f"a file that can be read; {path}: {error.strerror}") from None
    offered = [form.media_type for form in alternatives if form.kind == "data"]
    if not offered:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise Unfit(f"UTF-8 text; {path} is not") from None
        # The file's last line break belongs to the editor, not to the value.
        return _in_any(text.rstrip("\r\n"), alternatives, schema)
    return _data(content, path, _chosen(path, offered))


def _chosen(path: Path, offered: Sequence[str | None]) -> str | None:
    """The media type to send a file as: what its name tells, if offered; the default if it tells nothing."""
    guesses = types_of(path.name)
    if not guesses or None in offered:
        return (guesses[0] if guesses else None) if None in offered else offered[0]
    known = [media_type for media_type in offered if media_type]
    # One that is named itself comes before one that takes it too: `.shp.zip` before `.zip`.
    ranks = {guess: rank for rank, guess in enumerate(guesses)}
    nearest_first = sorted(known, key=lambda one: (is_wild(one), ranks.get(bare(one), len(ranks))))
    found = next((one for one in nearest_first if any(matches(guess, one) for guess in guesses)), None)
    if found is None:
        raise Unfit(f"{', '.join(known)}; {path.name} looks like {guesses[0]} (rename it if it is not)")
    return guesses[0] if is_wild(found) else found


def _data(content: bytes, path: Path, media_type: str | None) -> object:
    told = {"mediaType": media_type} if media_type else {}
    if media_type and is_json(media_type):
        try:
            return {"value": read_json(content), **told}
        except ValueError as error:
            raise Unfit(f"{media_type}; {path} is none: {error}") from None
    if media_type and is_text(media_type):
        try:
            return {"value": "".join(as_utf8((content,), media_type)), **told}
        except NotInEncoding:
            pass  # XML and text in another encoding travel as bytes, unchanged
    return {"value": base64.b64encode(content).decode(), **told, "encoding": "base64"}
