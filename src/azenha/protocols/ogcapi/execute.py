"""The body of an execution (OGC 18-062r2 §7.11, execute.yaml): JSON to an Execute command.

An object may be a value or tell of one (`{"href": …}`, `{"value": …}`, `{"bbox": …}`): both readings go on,
and binding decides by the process description. A member that is not known is refused by name, because a
misspelt `inputs` would otherwise run the process on its defaults.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from azenha.domain.errors import BadRequest, Malformed, TooManyPlain, UnsupportedMediaType
from azenha.domain.formats import is_json
from azenha.domain.messages import Asked, Execute, OutputRequest, ResponseForm, Transmission
from azenha.domain.names import near
from azenha.domain.values import Raw
from azenha.protocols import json, large_json
from azenha.protocols.http import Buffer, HttpRequest, Limits
from azenha.protocols.json_places import Large
from azenha.protocols.json_values import FORMAT, format_of, raw
from azenha.protocols.large_json import whole
from azenha.protocols.negotiation import names
from azenha.protocols.ogcapi import callbacks
from azenha.protocols.ogcapi.wishes import media_types, wishes
from azenha.protocols.ogcapi.words import JSON

NAME: Final = "ogcapi"
VERSION: Final = "1.0"

_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
_MEMBERS: Final = ("inputs", "outputs", "response", "process", callbacks.MEMBER)
_OUTPUT: Final = ("transmissionMode", "format")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)


def read(process: str, request: HttpRequest, limits: Limits) -> Execute:
    """Decode `POST /processes/{process}/execution`.

    Raises:
        UnsupportedMediaType: the body is not declared as JSON in UTF-8.
        Malformed: it is not JSON.
        BadRequest: it is not an execute request; the locator is the member concerned.
    """
    body = members(request, limits)
    if "process" in body and (named := process_named(body["process"], request.base)) != process:
        raise BadRequest(f"the body names process '{named}', the path '{process}'", "process")
    return command(process, body, request)


def members(request: HttpRequest, limits: Limits) -> Mapping[str, object]:
    """The members of the body, each one that an execute request has.

    Raises:
        UnsupportedMediaType, Malformed, BadRequest: see `read`.
    """
    _check_media_type(request.headers.get("content-type"))
    _check_encoding(request.headers.get("content-encoding", "identity"))
    body = _parsed(request.body, limits)
    if not isinstance(body, dict):
        raise Malformed(f"the body must be a JSON object with 'inputs'; it is {kind(body)}")
    for name in body:
        if name not in _MEMBERS:
            raise BadRequest(_unknown_member(name), name)
    # Only what inputs are given may be large.
    return {name: whole(value) for name, value in body.items()}


def _parsed(body: Buffer, limits: Limits) -> object:
    """The body, with its inputs opened.

    Raises:
        TooManyPlain: of a small body the locator is the input that has the most.
    """
    try:
        found = large_json.parse(body, limits)
        if isinstance(found, dict) and isinstance(given := found.get("inputs"), Large):
            found["inputs"] = given.opened()
    except TooManyPlain as error:
        if len(body) > large_json.LARGE:
            raise
        match json.parse(body, replace(limits, values=len(body), tally=None)):
            case {"inputs": dict(given)} if given:
                raise error.within(max(given, key=lambda name: len(json.dump(given[name])))) from None
        raise
    return found


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


def _check_encoding(given: str) -> None:
    # What is compressed would be told to be no JSON, and how large it is could not be seen from its length.
    if given.strip().lower() not in ("identity", ""):
        raise UnsupportedMediaType(
            f"the body must not be compressed; it is declared as '{given[:40]}'", "Content-Encoding"
        )


def _unknown_member(name: str) -> str:
    if name == "mode":
        return "'mode' is of drafts before 1.0; to run in the background send 'Prefer: respond-async'"
    guess = near(name, _MEMBERS)
    hint = f"; did you mean '{guess}'?" if guess else ""
    return f"an execute request has no member '{name}'{hint} (known: {', '.join(_MEMBERS)})"


def process_named(named: object, base: str) -> str:
    """The id of the process that `process` (2.0) names by its address, or by the bare id.

    Args:
        base: our address as the client sees it; empty where it is not known.
    Raises:
        BadRequest: it is no text, or names none, or one of another server.
    """
    if not isinstance(named, str):
        raise BadRequest(f"'process' must be the address of the process; it is {kind(named)}", "process")
    try:
        parts = urlsplit(named)
        last = unquote(parts.path.rstrip("/").rpartition("/")[2]) if "/" in named else named
        foreign = bool(parts.netloc and base) and not _same_server(parts, urlsplit(base))
    except ValueError:
        last, foreign = "", False
    if not last:
        raise BadRequest(f"'{named[:100]}' is the address of no process", "process")
    if foreign:
        raise BadRequest(
            f"'{named[:100]}' is a process of another server; this one is seen at {base} "
            f"(its processes may be named by their ids, too)",
            "process",
        )
    return last


def _same_server(one: SplitResult, other: SplitResult) -> bool:
    """Whether two addresses lead to one host and port, whose name may differ on loopback. The scheme is a proxy's."""
    if one.netloc.lower() == other.netloc.lower():
        return True
    return one.port == other.port and {one.hostname, other.hostname} <= _LOOPBACK


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
        parts = _members(f"{locator}.format", members["format"], FORMAT)
        for name, value in parts.items():
            if not isinstance(value, str):
                raise BadRequest(f"'{locator}.format.{name}' must be a string; it is {kind(value)}", locator)
        format = format_of(parts)
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
