"""The body of an execution (OGC 18-062r2 §7.11, execute.yaml): JSON to an Execute command.

An object may be a value or tell of one (`{"href": …}`, `{"value": …}`, `{"bbox": …}`): both readings go on,
and binding decides by the process description. A member that is not known is refused by name, because a
misspelt `inputs` would otherwise run the process on its defaults.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import unquote, urlsplit

from azenha.domain.errors import BadRequest, Malformed, UnsupportedMediaType
from azenha.domain.formats import is_json
from azenha.domain.messages import Asked, Execute, OutputRequest, ResponseForm, Transmission
from azenha.domain.names import near
from azenha.domain.process import Format
from azenha.domain.values import Coding, Native, Raw, RawBox, RawReference, RawSlice
from azenha.protocols import large_json
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.large_json import Large, whole
from azenha.protocols.negotiation import names
from azenha.protocols.ogcapi import callbacks
from azenha.protocols.ogcapi.wishes import media_types, wishes
from azenha.protocols.ogcapi.words import JSON

NAME: Final = "ogcapi"
VERSION: Final = "1.0"

_MEMBERS: Final = ("inputs", "outputs", "response", "process", callbacks.MEMBER)
_OUTPUT: Final = ("transmissionMode", "format")
_FORMAT: Final = ("mediaType", "encoding", "schema")
_QUALIFIED: Final = frozenset({"value", "mediaType", "encoding", "schema", "format", "uom"})
_REFERENCE: Final = frozenset({"href", "type", "rel", "title", "hreflang", "format"})
_TOLD: Final = ("type", "rel", "title", "hreflang")  # of a reference: texts, if they are there
_BOX: Final = frozenset({"bbox", "crs"})
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)
_LONGEST_QUALIFIED: Final = 1024 * 1024  # bytes of a qualified value beside the value in it


def read(process: str, request: HttpRequest, limits: Limits) -> Execute:
    """Decode `POST /processes/{process}/execution`.

    Raises:
        UnsupportedMediaType: the body is not declared as JSON in UTF-8.
        Malformed: it is not JSON.
        BadRequest: it is not an execute request; the locator is the member concerned.
    """
    body = members(request, limits)
    if "process" in body and (named := process_named(body["process"])) != process:
        raise BadRequest(f"the body names process '{named}', the path '{process}'", "process")
    return command(process, body, request)


def members(request: HttpRequest, limits: Limits) -> Mapping[str, object]:
    """The members of the body, each one that an execute request has.

    Raises:
        UnsupportedMediaType, Malformed, BadRequest: see `read`.
    """
    _check_media_type(request.headers.get("content-type"))
    body = large_json.parse(request.body, limits)
    if not isinstance(body, dict):
        raise Malformed(f"the body must be a JSON object with 'inputs'; it is {kind(body)}")
    for name in body:
        if name not in _MEMBERS:
            raise BadRequest(_unknown_member(name), name)
    given = body.get("inputs")
    # Only what inputs are given may be large.
    small = {name: whole(value) for name, value in body.items() if name != "inputs"}
    if "inputs" in body:
        small["inputs"] = given.opened() if isinstance(given, Large) else given
    return small


def command(process: str, body: Mapping[str, object], request: HttpRequest) -> Execute:
    """The execution that the members of a body ask for.

    Raises:
        BadRequest
    """
    accept = request.headers.get("accept")
    wanted, response = wishes(request), response_form(body, accept)
    return Execute(
        process,
        inputs(body.get("inputs", {})),
        outputs(body["outputs"]) if "outputs" in body else None,
        wanted.mode,
        Asked(NAME, VERSION, response=response, transmission=wanted.transmission),
        wanted.wait,
        () if response is ResponseForm.DOCUMENT else media_types(accept),
        subscriber=callbacks.subscriber(body[callbacks.MEMBER], request.base)
        if callbacks.MEMBER in body
        else None,
    )


def _check_media_type(given: str | None) -> None:
    # Without a type it is refused too: a browser sends such a body to any site without asking (CORS).
    if given is None or not is_json(given):
        what = f"it is declared as '{given}'" if given else "it has none"
        raise UnsupportedMediaType(f"the body must have Content-Type {JSON}; {what}", "Content-Type")
    charset = _CHARSET.search(given)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(f"JSON is UTF-8 (RFC 8259 §8.1), not '{charset[1]}'", "Content-Type")


def _unknown_member(name: str) -> str:
    if name == "mode":
        return "'mode' is of drafts before 1.0; to run in the background send 'Prefer: respond-async'"
    guess = near(name, _MEMBERS)
    hint = f"; did you mean '{guess}'?" if guess else ""
    return f"an execute request has no member '{name}'{hint} (known: {', '.join(_MEMBERS)})"


def process_named(named: object) -> str:
    """The id of the process that `process` (2.0) names by its address, or by the bare id.

    Raises:
        BadRequest: it is no text, or names none.
    """
    if not isinstance(named, str):
        raise BadRequest(f"'process' must be the address of the process; it is {kind(named)}", "process")
    try:
        last = unquote(urlsplit(named).path.rstrip("/").rpartition("/")[2]) if "/" in named else named
    except ValueError:
        last = ""
    if not last:
        raise BadRequest(f"'{named[:100]}' is the address of no process", "process")
    return last


def response_form(body: Mapping[str, object], accept: str | None) -> ResponseForm:
    if "response" not in body:
        return unstated(accept)
    match body["response"]:
        case "raw":
            return ResponseForm.RAW
        case "document":
            return ResponseForm.DOCUMENT
        case other:
            raise BadRequest(f"'response' is raw or document; given {_given(other)}", "response")


def unstated(accept: str | None) -> ResponseForm:
    """The form of an answer where `response` is absent: 2.0 knows no such member, 1.0 defaults to raw."""
    return ResponseForm.NEGOTIATED if names(accept, JSON) else ResponseForm.OPEN


# -- inputs ---------------------------------------------------------------------------------------


def inputs(given: object) -> Mapping[str, tuple[Raw, ...]]:
    if not isinstance(given, dict):
        raise BadRequest(
            f"'inputs' must be an object with the values by input id; it is {kind(given)}", "inputs"
        )
    return {id: (raw(value),) for id, value in given.items()}


class Fields(Mapping[str, Raw]):
    """The members of an object as raw values, read when asked for: most objects are data."""

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def __getitem__(self, name: str) -> Raw:
        return raw(self._members[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def raw(value: object) -> Native | RawSlice:
    """A JSON value with every reading that its shape allows."""
    if isinstance(value, Large):
        return _slice(value)
    if isinstance(value, dict):
        return Native(value, qualified=_qualified(value), fields=Fields(value))
    # Without objects in it an array has one reading, which binding makes for itself if it needs any.
    if isinstance(value, list) and any(isinstance(item, dict | Large) for item in value):
        return Native(value, items=tuple(map(raw, value)))
    return Native(value)


def _slice(value: Large) -> RawSlice:
    if value.is_text:
        return RawSlice(
            value.start + 1, value.end - 1, Coding.JSON_STRING, opened=lambda: native(value.opened())
        )
    qualified = None
    if not value.is_array and value.rest <= _LONGEST_QUALIFIED:
        members = value.opened()
        qualified = _qualified(members) if isinstance(members, dict) else None
    return RawSlice(
        value.start,
        value.end,
        Coding.JSON,
        qualified=qualified,
        array=value.is_array,
        opened=lambda: native(value.opened()),
    )


def native(value: object) -> Native:
    """`raw` of a value that is in memory."""
    found = raw(value)
    assert isinstance(found, Native)  # what was opened is no Large itself
    return found


def _within(value: Native, format: Format | None, unit: str | None) -> Native:
    """What stands inside `value` is the value itself, even if it looks like a reference."""
    return replace(value, qualified=None, format=format, unit=unit)


def _qualified(value: Mapping[str, object]) -> Raw | None:
    """The reading of an object as reference, qualified value or box; None if it has no such shape."""
    members = value.keys()
    if "value" in members and members <= _QUALIFIED:
        return _qualified_value(value)
    if "href" in members and members <= _REFERENCE:
        return _reference(value)
    if "bbox" in members and members <= _BOX:
        return _box(value)
    return None


def _qualified_value(value: Mapping[str, object]) -> Raw | None:
    format = value.get("format", {k: value[k] for k in _FORMAT if k in value})
    unit = value.get("uom")
    if not isinstance(format, dict) or not (unit is None or isinstance(unit, str)):
        return None
    if unit is None and "uom" in value:
        return None
    if "format" in value and not value.keys().isdisjoint(_FORMAT):
        return None
    if not all(k in _FORMAT and isinstance(v, str) for k, v in format.items()):
        return None
    inner = value["value"]
    if isinstance(inner, dict) and isinstance(box := _qualified(inner), RawBox) and not (format or unit):
        return box
    named = _format(format)
    if isinstance(inner, Large):
        cut = _slice(inner)
        return replace(
            cut,
            qualified=None,
            format=named,
            unit=unit,
            opened=lambda: _within(native(inner.opened()), named, unit),
        )
    return _within(native(inner), named, unit)


def _reference(value: Mapping[str, object]) -> RawReference | None:
    href, media_type, format = value["href"], value.get("type"), value.get("format")
    if not isinstance(href, str) or not all(isinstance(value.get(k, ""), str) for k in _TOLD):
        return None
    if isinstance(media_type, str) and format is None:
        return RawReference(href, Format(media_type))
    if media_type is None and isinstance(format, dict):
        if all(k in _FORMAT and isinstance(v, str) for k, v in format.items()):
            return RawReference(href, _format(format))
        return None
    return RawReference(href) if media_type is None and format is None else None


def _box(value: Mapping[str, object]) -> RawBox | None:
    coordinates, crs = value["bbox"], value.get("crs")
    if crs is None and "crs" in value:
        return None
    if isinstance(coordinates, list) and (crs is None or isinstance(crs, str)):
        return RawBox(tuple(coordinates), crs)
    return None


def _format(members: Mapping[str, object]) -> Format | None:
    """A format; without a media type that is empty, and the others say which of the offered ones is meant."""
    if not members:
        return None
    media_type, encoding, schema = (members.get(k) for k in _FORMAT)
    return Format(
        media_type if isinstance(media_type, str) else "",
        encoding if isinstance(encoding, str) else None,
        schema if isinstance(schema, str) else None,
    )


# -- outputs --------------------------------------------------------------------------------------


def outputs(given: object) -> Mapping[str, OutputRequest]:
    if not isinstance(given, dict):
        raise BadRequest(
            f"'outputs' must be an object with what is wanted by output id; it is {kind(given)}", "outputs"
        )
    return {id: _output(f"outputs.{id}", wanted) for id, wanted in given.items()}


def _output(locator: str, given: object) -> OutputRequest:
    members = _members(locator, given, _OUTPUT)
    transmission = members.get("transmissionMode")
    if "transmissionMode" in members and transmission not in ("value", "reference"):
        raise BadRequest(
            f"'{locator}.transmissionMode' is value or reference; given {_given(transmission)}", locator
        )
    format = None
    if "format" in members:
        parts = _members(f"{locator}.format", members["format"], _FORMAT)
        for name, value in parts.items():
            if not isinstance(value, str):
                raise BadRequest(f"'{locator}.format.{name}' must be a string; it is {kind(value)}", locator)
        format = _format(parts)
    return OutputRequest(format, Transmission(str(transmission)) if transmission else None)


def _members(locator: str, given: object, known: Collection[str]) -> Mapping[str, object]:
    if not isinstance(given, dict):
        raise BadRequest(f"'{locator}' must be an object; it is {kind(given)}", locator)
    for name in given:
        if name not in known:
            guess = near(name, known)
            hint = f"; did you mean '{guess}'?" if guess else ""
            raise BadRequest(f"'{locator}' has no member '{name}'{hint} (known: {', '.join(known)})", locator)
    return given


def kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "a number"


def _given(value: object) -> str:
    return f"'{value[:100]}'" if isinstance(value, str) else kind(value)
