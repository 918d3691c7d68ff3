"""Value domains as schemas of a process description (OGC 18-062r2 §9, schema.yaml).

What is written is valid both as an OpenAPI 3.0 schema object (1.0 of the standard) and as JSON Schema 2020-12
(2.0): no `const`, `$defs`, type arrays, and no exclusive bounds (a boolean there, a number here). An open end
of a range is a bound with that very number excluded by `not`. What a schema cannot say (units, ranges of
dates, spacing from an odd start) stands in `additionalParameters`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from azenha.domain.allowed import exact
from azenha.domain.formats import BASE64, is_json, is_text, media_type
from azenha.domain.process import (
    BoxDomain,
    Closure,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    ValueRange,
)
from azenha.domain.published import MEDIA_TYPES
from azenha.protocols.json import native

Schema = dict[str, object]

_LITERALS: Final[Mapping[LiteralType, Mapping[str, object]]] = MappingProxyType(
    {
        LiteralType.STRING: {"type": "string"},
        LiteralType.INTEGER: {"type": "integer"},
        LiteralType.DOUBLE: {"type": "number", "format": "double"},
        LiteralType.DECIMAL: {"type": "number"},
        LiteralType.BOOLEAN: {"type": "boolean"},
        LiteralType.DATE: {"type": "string", "format": "date"},
        LiteralType.DATETIME: {"type": "string", "format": "date-time"},
        LiteralType.DURATION: {"type": "string", "format": "duration"},
    }
)
_NUMBERS: Final = (LiteralType.INTEGER, LiteralType.DOUBLE, LiteralType.DECIMAL)


def schema(domain: Domain) -> Schema:
    """The schema of one value."""
    match domain:
        case LiteralDomain():
            return _literal(domain)
        case BoxDomain():
            return _box(domain)
        case ComplexDomain():
            return _complex(domain)
        case ObjectDomain(fields):
            return _object(fields)


def array(items: Schema, least: int = 0, most: int | None = None) -> Schema:
    found: Schema = {"type": "array", "items": items}
    if least:
        found["minItems"] = least
    if most is not None:
        found["maxItems"] = most
    return found


# -- literals -------------------------------------------------------------------------------------


def _literal(domain: LiteralDomain) -> Schema:
    base = dict(_LITERALS[domain.type])
    values = [native(a) for a in domain.allowed if not isinstance(a, ValueRange)]
    ranges = [a for a in domain.allowed if isinstance(a, ValueRange)]
    if domain.type not in _NUMBERS and ranges:
        # A schema has no bounds for texts and dates: what it says must hold for every value that is allowed.
        return base
    branches: list[Schema] = [{"enum": values}] if values else []
    branches += [_bounds(domain.type, r) for r in ranges]
    if not branches:
        return base
    return {**base, **branches[0]} if len(branches) == 1 else {**base, "anyOf": branches}


def _bounds(type: LiteralType, range: ValueRange) -> Schema:
    bounds: Schema = {}
    excluded: list[object] = []
    lower_open = range.closure in (Closure.OPEN, Closure.OPEN_CLOSED)
    upper_open = range.closure in (Closure.OPEN, Closure.CLOSED_OPEN)
    for key, bound, is_open, step in (
        ("minimum", range.minimum, lower_open, 1),
        ("maximum", range.maximum, upper_open, -1),
    ):
        if bound is None:
            continue
        if is_open and type is LiteralType.INTEGER and isinstance(bound, int):
            bound += step
        elif is_open:
            excluded.append(bound)
        bounds[key] = bound
    if excluded:
        bounds["not"] = {"enum": excluded}
    if _counts_from_zero(range):
        bounds["multipleOf"] = range.spacing
    return bounds


def _counts_from_zero(range: ValueRange) -> bool:
    """`multipleOf` counts from 0, `spacing` from the minimum; they agree where that is a multiple itself."""
    spacing, start = range.spacing, range.minimum
    if not isinstance(spacing, int | float | Decimal) or not spacing:
        return False
    # As fractions: a Decimal has 28 digits in calculations.
    return not isinstance(start, int | float | Decimal) or exact(start) % exact(spacing) == 0


def parameters(domain: Domain) -> dict[str, list[object]]:
    """What the schema of a domain cannot say, as names and values for `additionalParameters`."""
    found: dict[str, list[object]] = {}
    match domain:
        case LiteralDomain(type, allowed, units):
            if units:
                found["uom"] = list(units)
            ranges = [a for a in allowed if isinstance(a, ValueRange)]
            if ranges and type not in _NUMBERS:
                found["allowed"] = [_interval(a) if isinstance(a, ValueRange) else native(a) for a in allowed]
            elif any(r.spacing is not None and not _counts_from_zero(r) for r in ranges):
                found["allowed"] = [_interval(r) for r in ranges]
        case ComplexDomain(max_bytes=most, services=services):
            if most is not None:
                found["maximumBytes"] = [most]
            if services:
                found["services"] = [MEDIA_TYPES[service] for service in services]
        case _:
            pass
    return found


def _interval(range: ValueRange) -> str:
    """`[a, b)` for a person, with its spacing."""
    left = "(" if range.closure in (Closure.OPEN, Closure.OPEN_CLOSED) or range.minimum is None else "["
    right = ")" if range.closure in (Closure.OPEN, Closure.CLOSED_OPEN) or range.maximum is None else "]"
    low, high = ("…" if v is None else native(v) for v in (range.minimum, range.maximum))
    step = "" if range.spacing is None else f", in steps of {native(range.spacing)}"
    return f"{left}{low}, {high}{right}{step}"


# -- boxes, files, objects ------------------------------------------------------------------------


def _box(domain: BoxDomain) -> Schema:
    counts = [2 * n for n in domain.dimensions]
    corners: Schema = {"type": "array", "items": {"type": "number"}}
    if len(counts) == 1:
        corners |= {"minItems": counts[0], "maxItems": counts[0]}
    else:
        corners["oneOf"] = [{"minItems": n, "maxItems": n} for n in counts]
    names = [crs.name for crs in domain.crss]
    # One element, and the format in it: the official suite knows boxes by that, and trips over others.
    return {
        "allOf": [
            {
                "format": "ogc-bbox",
                "type": "object",
                "required": ["bbox"],
                "properties": {
                    "bbox": corners,
                    "crs": {"type": "string", "format": "uri", "enum": names, "default": names[0]},
                },
            }
        ]
    }


def _complex(domain: ComplexDomain) -> Schema:
    branches: list[Schema] = []
    for format in domain.formats:
        # Formats that differ in nothing that a schema can say are one branch; oneOf would never match two.
        if (branch := _format(format)) not in branches:
            branches.append(branch)
    return branches[0] if len(branches) == 1 else {"oneOf": branches}


def _format(format: Format) -> Schema:
    parsed = media_type(format.media_type)
    if format.encoding == BASE64 or not is_text(format.media_type):
        found: Schema = {"type": "string", "contentEncoding": BASE64}
    elif parsed and parsed.essence == "application/geo+json":
        found = {"type": "object", "format": "geojson-feature-collection"}
    else:
        found = {} if is_json(format.media_type) else {"type": "string"}  # JSON may be any value
    if "*" not in format.media_type:
        found["contentMediaType"] = format.media_type
    if format.schema:
        found["contentSchema"] = format.schema
    return found


def _object(fields: Sequence[InputDescription]) -> Schema:
    found: Schema = {"type": "object", "properties": {f.id: _field(f) for f in fields}}
    if required := [f.id for f in fields if f.min_occurs > 0]:
        found["required"] = required
    found["additionalProperties"] = False
    return found


def _field(field: InputDescription) -> Schema:
    told: Schema = {"title": field.text.title}
    if field.text.abstract:
        told["description"] = field.text.abstract
    one = schema(field.domain)
    many = field.repeats or field.array
    shape = array(one, field.min_occurs, field.max_occurs) if many else one
    if field.default is not None:
        default = (
            [native(v) for v in field.default] if isinstance(field.default, tuple) else native(field.default)
        )
        return {**told, **shape, "default": default}
    return {**told, **shape}
