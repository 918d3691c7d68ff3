"""One process as an OpenAPI 3.0 operation: its inputs and outputs as schemas.

What the schemas allow is taken, as far as form goes. Beyond them is what OpenAPI 3.0 cannot tell: whether the
corners of a box are in order, what lies at an address, what is inside a file. Rarer spellings that are taken too
(media types with other parameters, text in base64, values qualified twice) are not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from azenha.domain.formats import BASE64, anything, is_json, is_text
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Scalar,
)
from azenha.domain.published import MEDIA_TYPES
from azenha.protocols import json
from azenha.protocols.json import native
from azenha.protocols.ogcapi import schema as described
from azenha.protocols.ogcapi.openapi.operations import Answer
from azenha.protocols.ogcapi.openapi.schemas import Schema, closed, ref, told
from azenha.protocols.ogcapi.schema import array
from azenha.protocols.ogcapi.words import HTML, JSON

# Empty: none is named.
_MEDIA_TYPE: Final = r"^((application|audio|image|model|text|video)/[a-z0-9][a-z0-9.+-]{0,60})?$"
_NO_NUL: Final = r"^[^\u0000]*$"  # no query may hold the character
# Of the durations of RFC 3339 (appendix A) those of fixed length: without years and months.
_DURATION: Final = (
    r"^-?P(\d{1,4}W|\d{1,6}D(T(\d{1,6}H)?(\d{1,6}M)?\d{1,6}(\.\d{1,6})?S)?"
    r"|T((\d{1,6}H)?(\d{1,6}M)?\d{1,6}(\.\d{1,6})?S|(\d{1,6}H)?\d{1,6}M|\d{1,6}H))$"
)


def body(process: ProcessDescription) -> Schema:
    """What `POST /processes/{id}/execution` takes for this process."""
    needed = tuple(i.id for i in process.inputs if i.min_occurs)
    inputs = closed("values by input id", needed, **{i.id: _input(i) for i in process.inputs})
    outputs = closed(
        "which outputs are wanted; left out: all of them", (), **{o.id: _wanted(o) for o in process.outputs}
    )
    return closed(
        f"Inputs and outputs of {process.id}",
        ("inputs",) if needed else (),
        inputs=inputs,
        outputs=outputs,
        response=ref("response"),
        subscriber=ref("subscriber"),
        process=told({"type": "string", "enum": [process.id]}, "repeats the path"),
    )


# -- inputs ---------------------------------------------------------------------------------------


def _input(input: InputDescription) -> Schema:
    one = value(input.domain)
    if input.array or input.repeats:
        several = array(one, input.min_occurs, input.max_occurs)
        one = several if input.whole else {"anyOf": [several, one]}
    words = [input.text.title]
    if input.text.abstract:
        words.append(input.text.abstract)
    words += _notes(input)
    return {"title": input.text.title, "description": "\n\n".join(words), **one}


def _notes(input: InputDescription) -> list[str]:
    notes = [
        f"{name}: {', '.join(str(v) for v in values)}"
        for name, values in described.parameters(input.domain).items()
    ]
    if input.default is not None:
        notes.append(f"default: {json.dump(default(input.default)).decode()}")
    return notes


def default(value: Scalar | tuple[Scalar, ...]) -> object:
    """A default, or a default of several values, as JSON."""
    return [native(v) for v in value] if isinstance(value, tuple) else native(value)


def value(domain: Domain) -> Schema:
    """One value, in every way that it may be given."""
    match domain:
        case LiteralDomain(units=units):
            bare = plain(domain)
            unit: dict[str, Schema] = {"uom": {"type": "string", "enum": list(units)}} if units else {}
            return {"anyOf": [bare, closed("the value, qualified", ("value",), value=bare, **unit)]}
        case BoxDomain() | ObjectDomain():
            return plain(domain)
        case ComplexDomain(formats):
            wild = anything(formats)
            qualified = [
                _qualified(f, wild=wild or "*" in f.media_type, first=n == 0) for n, f in enumerate(formats)
            ]
            return {"anyOf": [*_bare(formats), *qualified, ref("reference")]}


def plain(domain: Domain) -> Schema:
    """A value as it stands in JSON, without qualification."""
    match domain:
        case BoxDomain():
            return _box(domain)
        case ObjectDomain(fields):
            needed = tuple(f.id for f in fields if f.min_occurs)
            return closed("an object", needed, **{f.id: _field(f) for f in fields})
        case ComplexDomain(formats):
            return {"anyOf": _bare(formats)}
        case LiteralDomain(type=LiteralType.DURATION, allowed=()):
            return {"type": "string", "pattern": _DURATION}  # a sign is no part of `format: duration`
        case LiteralDomain():
            return described.schema(domain)


def _field(field: InputDescription) -> Schema:
    one = plain(field.domain)
    many = field.repeats or field.array
    return {
        "description": field.text.abstract or field.text.title,
        **(array(one, field.min_occurs, field.max_occurs) if many else one),
    }


def _box(domain: BoxDomain) -> Schema:
    counts = sorted(2 * n for n in domain.dimensions)
    numbers: Schema = {"type": "array", "items": {"type": "number", "format": "double"}}
    if len(counts) == 1:
        numbers |= {"minItems": counts[0], "maxItems": counts[0]}
    else:
        numbers = {"anyOf": [{**numbers, "minItems": n, "maxItems": n} for n in counts]}
    names = [crs.name for crs in domain.crss]
    return closed(
        "the lower corner, then the upper one, in the axis order of the CRS",
        ("bbox",),
        bbox=numbers,
        crs={"type": "string", "enum": names, "default": names[0]},
    )


def _as_text(format: Format) -> Schema:
    """Data of a format as a string: text as it is, all else in base64."""
    named = format.media_type if "*" not in format.media_type else "data of any kind"
    if format.encoding == BASE64 or not is_text(format.media_type):
        return {"type": "string", "format": "byte", "description": f"{named}, in base64"}
    return {"type": "string", "description": named}


def _bare(formats: Sequence[Format]) -> list[Schema]:
    """Without a media type it is the first format; an object or array the first that is JSON."""
    found = [_as_text(formats[0])]
    first = next((f.media_type for f in formats if is_json(f.media_type)), None)
    if first is not None:
        about = f"{first}, as it is"
        found += [{"type": "object", "description": about}, {**array({}), "description": about}]
    return found


def _qualified(format: Format, *, wild: bool, first: bool) -> Schema:
    """Data with its format. JSON may stand there as it is.

    Args:
        wild: any media type is taken where this one stands.
        first: it is what is meant where none is named.
    """
    kinds = [_as_text(format)]
    if is_json(format.media_type) and format.encoding is None:
        kinds += [{"type": "object"}, array({})]
    members: dict[str, Schema] = {
        "value": kinds[0] if len(kinds) == 1 else {"anyOf": kinds},
        "mediaType": {"type": "string", "pattern": _MEDIA_TYPE} if wild else _only(format.media_type),
    }
    needed = ["value"] if first else ["value", "mediaType"]
    if format.encoding is not None:
        members["encoding"] = _only(format.encoding)
        needed += [] if first else ["encoding"]
    elif not is_text(format.media_type):
        members["encoding"] = _only(BASE64)
    if format.schema is not None:
        members["schema"] = _only(format.schema)
    return closed("data with its format", tuple(needed), **members)


def _only(text: str) -> Schema:
    return {"type": "string", "enum": [text]}


def parameters(process: ProcessDescription) -> list[Schema]:
    """The inputs as parameters of a query (2.0, kvp-execute)."""
    return [
        {
            "name": input.id,
            "in": "query",
            # By reference it is given as name[href], so that name itself is not.
            "required": input.min_occurs > 0 and not isinstance(input.domain, ComplexDomain),
            "description": "\n\n".join([input.text.title, *_written(input), *_notes(input)]),
            "schema": _in_query(input),
        }
        for input in process.inputs
    ]


def _in_query(input: InputDescription) -> Schema:
    if input.array or input.repeats or not isinstance(input.domain, LiteralDomain):
        return {"type": "string", "pattern": _NO_NUL}
    found = plain(input.domain)
    bare = found.get("type") == "string" and not found.keys() & {"enum", "format", "pattern"}
    return {**found, "pattern": _NO_NUL} if bare else found


def _written(input: InputDescription) -> list[str]:
    match input.domain:
        case BoxDomain():
            return [f"written as minx,miny,maxx,maxy; {input.id}[crs] names the CRS"]
        case ComplexDomain():
            return [f"the data, or its address as {input.id}[href]; {input.id}[mediaType] names its format"]
        case ObjectDomain():
            return ["a JSON object"]
        case _:
            return ["several values as a JSON array"] if input.array or input.repeats else []


# -- outputs --------------------------------------------------------------------------------------


def _wanted(output: OutputDescription) -> Schema:
    how: dict[str, Schema] = {"transmissionMode": {"type": "string", "enum": ["value", "reference"]}}
    if isinstance(output.domain, ComplexDomain):
        offered = [
            closed(
                "a format that is offered",
                (),
                mediaType=_only(f.media_type),
                **({} if f.schema is None else {"schema": _only(f.schema)}),
            )
            for f in output.domain.formats
        ]
        offered += [
            closed("a service that it is published as", (), mediaType=_only(MEDIA_TYPES[service]))
            for service in output.domain.services
        ]
        how["format"] = offered[0] if len(offered) == 1 else {"anyOf": offered}
    words = [w for w in (output.text.title, output.text.abstract) if w]
    return closed("\n\n".join(words), (), **how)


def results(process: ProcessDescription) -> Schema:
    """The outputs in JSON: a document with each by its id, or the value of the only one that was asked."""
    by_id = {o.id: _result(o) for o in process.outputs}
    document: Schema = {
        "type": "object",
        "description": "the document: outputs by id",
        "properties": by_id,
        "additionalProperties": False,
    }
    bare = [_raw(o) for o in process.outputs]
    return {"anyOf": [document, *(one for n, one in enumerate(bare) if one not in bare[:n])]}


def _raw(output: OutputDescription) -> Schema:
    if isinstance(output.domain, ComplexDomain):
        return {"description": f"{output.id}: data that is JSON"}
    one = _answered(output.domain)
    return {"title": output.id, **(array(one) if output.array else one)}


def _result(output: OutputDescription) -> Schema:
    domain = output.domain
    link: Schema = {"type": "object", "required": ["href"], "properties": {"href": {"type": "string"}}}
    if isinstance(domain, LiteralDomain | BoxDomain):
        one: Schema = {"anyOf": [_answered(domain), link]}
    else:
        inside = _answered(domain)
        ways: list[Schema] = [
            {"type": "object", "required": ["value"], "properties": {"value": inside}},
            link,
        ]
        if isinstance(domain, ComplexDomain) and domain.services:
            ways.append(array(link))
        one = {"anyOf": ways}
    shape = {"anyOf": [array(one), link]} if output.array else one
    return {"title": output.text.title, **shape}


def _answered(domain: Domain) -> Schema:
    """A value of ours: nothing is promised of it that the server does not check."""
    match domain:
        case LiteralDomain(units=units):
            bare: Schema = {"type": _TYPES[domain.type]}
            if not units:
                return bare
            uom: Schema = {"type": "string"}
            whole: Schema = {
                "type": "object",
                "required": ["value"],
                "properties": {"value": bare, "uom": uom},
            }
            return {"anyOf": [bare, whole]}
        case BoxDomain():
            return {"type": "object", "required": ["bbox"]}
        case ObjectDomain(fields):
            return {"type": "object", "properties": {f.id: {"title": f.text.title} for f in fields}}
        case ComplexDomain():
            return {}


_TYPES: Final[Mapping[LiteralType, str]] = {
    **dict.fromkeys(LiteralType, "string"),
    LiteralType.INTEGER: "integer",
    LiteralType.DOUBLE: "number",
    LiteralType.DECIMAL: "number",
    LiteralType.BOOLEAN: "boolean",
}


def answer(process: ProcessDescription, common: Answer) -> Answer:
    """The reply to a synchronous run: JSON, or an output in a media type of its own."""
    content: dict[str, Schema | None] = {JSON: results(process), HTML: None}
    if len(process.outputs) > 1 or any(o.array for o in process.outputs):
        content["multipart/related"] = None
    for output in process.outputs:
        if isinstance(output.domain, ComplexDomain):
            content |= {f.media_type: None for f in output.domain.formats if not is_json_itself(f)}
        else:
            content["text/plain"] = None
    return Answer(common.about, content, common.headers)


def is_json_itself(format: Format) -> bool:
    return format.media_type.partition(";")[0].strip().lower() == JSON
