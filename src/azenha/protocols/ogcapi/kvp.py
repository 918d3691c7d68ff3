"""Execution by a query (2.0, kvp-execute): `GET /processes/{process}/execution?name=value` to an Execute.

Names compare without case. A value is text; where it is a JSON array or object it is that as well, and binding
decides by the description. Brackets say more of a name:

    in=…  in[crs]=…  in[uom]=…  in[mediaType]=…  in[encoding]=…  in[schema]=…     an input by value
    in[href]=…  in[type]=…                                                        an input by reference
    out[include]=true  out[mediaType]=…  out[encoding]=…  out[schema]=…           an output that is wanted
    response[f]=json  response[prefer]=…                                          instead of Accept and Prefer

Where an input and an output have one name and the output is included, a format is the output's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl

from azenha.domain.errors import BadParameter, Malformed, TooManyPlain
from azenha.domain.formats import media_type
from azenha.domain.messages import Asked, Execute, OutputRequest
from azenha.domain.process import Format
from azenha.domain.values import Lexical, Raw, RawReference
from azenha.protocols import json
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.json_values import native
from azenha.protocols.ogcapi import execute, routes
from azenha.protocols.ogcapi.wishes import media_types, wishes
from azenha.protocols.ogcapi.words import FORM_NAMES

_NAME: Final = re.compile(r"([^\[\]]+)(?:\[([^\[\]]*)\])?")
_FORMAT: Final = ("mediatype", "encoding", "schema")
_WORDS: Final = ("include", "crs", "uom", "href", "type", *_FORMAT)
_RESPONSE: Final = ("f", "prefer")


@dataclass(slots=True)
class _Named:
    """Everything that the query says of one name; `name` as it was written first."""

    name: str
    values: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)


def headed(request: HttpRequest) -> HttpRequest:
    """The same request, with what `response[f]` and `response[prefer]` say in the headers they stand for.

    Raises:
        BadParameter: one of them is repeated, or `response[f]` is no form.
    """
    if request.method != "GET" or "response" not in request.query.lower():
        return request
    if not routes.find(request.method, request.path)[0].executes:
        return request
    headers = dict(request.headers)
    for word, text in _responses(_pairs(request)).items():
        if word == "f":
            headers["accept"] = _accept(text)
        else:
            headers["prefer"] = text
    return replace(request, headers=headers)


def _accept(text: str) -> str:
    if text in FORM_NAMES:
        return FORM_NAMES[text]
    if media_type(text) is None:
        raise BadParameter(
            f"parameter 'response[f]' is json, html or a media type; given '{text[:100]}'", "response[f]"
        )
    return text


def _pairs(request: HttpRequest) -> list[tuple[str, str]]:
    """Names and values, decoded.

    Raises:
        BadParameter: there are bytes in it that are no UTF-8: no value may be altered.
    """
    try:
        pairs = parse_qsl(request.query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise BadParameter("the query holds %-encoded bytes that are not UTF-8") from None
    if "\ufffd" in request.query:
        raise BadParameter("the query holds bytes that are not ASCII; they must be %-encoded UTF-8")
    return pairs


def _parts(name: str) -> tuple[str, str | None]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise BadParameter(f"parameter '{name[:100]}' is no name, nor a name with a word in brackets", name)
    return match[1], None if match[2] is None else match[2].lower()


def _responses(pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for whole, text in pairs:
        name, word = _parts(whole)
        if name.lower() != "response" or word not in _RESPONSE:
            continue
        if word in found:
            raise BadParameter(f"parameter '{whole}' is given more than once; once is allowed", whole)
        found[word] = text
    return found


def read(process: str, request: HttpRequest, limits: Limits) -> Execute:
    """Decode the query; the request is `headed` already.

    Raises:
        BadParameter: what a name says does not fit together; the locator is the name.
    """
    named = _by_name(_pairs(request))
    outputs = {n.name: _output(n) for n in named.values() if "include" in n.said}
    inputs = {n.name: _input(n, limits) for n in named.values() if not _output_only(n)}
    wanted, accept = wishes(request), request.headers.get("accept")
    asked = Asked(
        execute.NAME,
        execute.VERSION,
        response=execute.unstated(accept),
        transmission=wanted.transmission,
    )
    return Execute(
        process,
        inputs,
        outputs or None,
        wanted.mode,
        asked,
        wanted.wait,
        media_types(accept),
        caseless=True,
    )


def _by_name(pairs: list[tuple[str, str]]) -> Mapping[str, _Named]:
    found: dict[str, _Named] = {}
    for whole, text in pairs:
        name, word = _parts(whole)
        if name.lower() == "response" and word in _RESPONSE:
            continue
        named = found.setdefault(name.casefold(), _Named(name))
        if word is None:
            named.values.append(text)
        elif word == "href":
            named.references.append(text)
        elif word not in _WORDS:
            known = ", ".join(_WORDS)
            raise BadParameter(f"parameter '{whole[:100]}': nothing is called so (known: {known})", whole)
        elif word in named.said:
            raise BadParameter(f"parameter '{whole}' is given more than once; once is allowed", whole)
        else:
            named.said[word] = text
    return found


def _output_only(named: _Named) -> bool:
    return "include" in named.said and not named.values and not named.references


def _output(named: _Named) -> OutputRequest:
    if named.said["include"].lower() != "true":
        raise BadParameter(
            f"parameter '{named.name}[include]' is true; given '{named.said['include'][:100]}'. Outputs that "
            f"are not wanted are left out, once another is included",
            f"{named.name}[include]",
        )
    if _output_only(named):
        _nothing_else(named, ("include", *_FORMAT))
    return OutputRequest(_format(named))


def _nothing_else(named: _Named, fitting: tuple[str, ...]) -> None:
    for word in named.said:
        if word not in fitting:
            whole = f"{named.name}[{word}]"
            raise BadParameter(f"parameter '{whole}' does not go with the others of that name", whole)


def _input(named: _Named, limits: Limits) -> tuple[Raw, ...]:
    included = ("include", *_FORMAT) if "include" in named.said else ()
    format = None if included else _format(named)
    if named.values and named.references:
        raise BadParameter(f"input '{named.name}' is given by value and by reference", named.name)
    if named.references:
        _nothing_else(named, (*included, "type", *_FORMAT))
        if "type" in named.said:
            if format is not None:
                raise BadParameter(
                    f"input '{named.name}' has both [type] and a format; they say the same", named.name
                )
            format = Format(named.said["type"])
        return tuple(RawReference(href, format) for href in named.references)
    if not named.values:
        (word, *_) = named.said
        raise BadParameter(
            f"'{named.name}[{word}]' says more of '{named.name}', which is not given", named.name
        )
    _nothing_else(named, (*included, "crs", "uom", *_FORMAT))
    return tuple(_value(text, named, format, limits) for text in named.values)


def _value(text: str, named: _Named, format: Format | None, limits: Limits) -> Lexical:
    if "crs" in named.said:
        text = f"{text},{named.said['crs']}"
    found = Lexical(text, named.said.get("uom"), format)
    if not text.lstrip().startswith(("[", "{")):
        return found
    try:
        return replace(found, structured=native(json.parse(text.encode(), limits)))
    except TooManyPlain as reason:
        raise reason.within(named.name) from None
    except Malformed:
        return found  # text may begin with a bracket


def _format(named: _Named) -> Format | None:
    media, encoding, schema = (named.said.get(word) for word in _FORMAT)
    return Format(media or "", encoding, schema) if media or encoding or schema else None
