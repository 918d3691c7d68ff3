"""Descriptions as JSON data: how they come from the process that may import the author's code to all others.

Exact: `load_description(dump_description(x)) == x`, through a JSON text too (property test).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from azenha.domain.canonical import dump_scalar, load_scalar
from azenha.domain.process import (
    BoxDomain,
    Closure,
    ComplexDomain,
    Crs,
    Domain,
    Format,
    InputDescription,
    JobControl,
    Level,
    Limits,
    LiteralDomain,
    LiteralType,
    Metadata,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Scalar,
    Text,
    Validation,
    ValueRange,
)
from azenha.domain.published import Service

# What was dumped is read by the same code only: keys are short, not meant for people or other programs.
Data = Any


def dump_description(description: ProcessDescription) -> dict[str, Data]:
    return {
        "id": description.id,
        "version": description.version,
        "text": _dump_text(description.text),
        "inputs": [_dump_input(i) for i in description.inputs],
        "outputs": [_dump_output(o) for o in description.outputs],
        "metadata": _dump_metadata(description.metadata),
        "control": sorted(description.job_control),
        "limits": [
            None if description.limits.time is None else description.limits.time.hex(),
            description.limits.memory,
            description.limits.input_bytes,
        ],
        "retries": description.retries,
        "reuse": description.reuse,
        "pauses_itself": description.pauses_itself,
        "labels": list(description.labels),
        "translations": _dump_translations(description.translations),
    }


def load_description(data: Mapping[str, Data]) -> ProcessDescription:
    """The description that was dumped.

    Raises:
        KeyError, ValueError, TypeError: it was dumped by another version.
    """
    time, memory, input_bytes = data["limits"]
    return ProcessDescription(
        id=data["id"],
        version=data["version"],
        text=_load_text(data["text"]),
        inputs=tuple(_load_input(i) for i in data["inputs"]),
        outputs=tuple(_load_output(o) for o in data["outputs"]),
        metadata=_load_metadata(data["metadata"]),
        job_control=frozenset(JobControl(c) for c in data["control"]),
        limits=Limits(None if time is None else float.fromhex(time), memory, input_bytes),
        retries=data["retries"],
        reuse=data["reuse"],
        pauses_itself=data["pauses_itself"],
        labels=tuple(data["labels"]),
        translations=_load_translations(data["translations"]),
    )


# -- inputs and outputs --------------------------------------------------------------------------


def _dump_input(one: InputDescription) -> Data:
    several = isinstance(one.default, tuple)
    defaults = one.default if isinstance(one.default, tuple) else (one.default,)
    return {
        "id": one.id,
        "domain": _dump_domain(one.domain),
        "text": _dump_text(one.text),
        "occurs": [one.min_occurs, one.max_occurs],
        "default": [several, *(_dump_optional(d) for d in defaults)],
        "unit": one.default_unit,
        "array": one.array,
        "whole": one.whole,
        "metadata": _dump_metadata(one.metadata),
        "translations": _dump_translations(one.translations),
    }


def _load_input(data: Data) -> InputDescription:
    low, high = data["occurs"]
    several, *defaults = data["default"]
    return InputDescription(
        data["id"],
        _load_domain(data["domain"]),
        _load_text(data["text"]),
        min_occurs=low,
        max_occurs=high,
        default=tuple(map(load_scalar, defaults)) if several else _load_optional(defaults[0]),
        default_unit=data["unit"],
        array=data["array"],
        whole=data["whole"],
        metadata=_load_metadata(data["metadata"]),
        translations=_load_translations(data["translations"]),
    )


def _dump_output(one: OutputDescription) -> Data:
    return {
        "id": one.id,
        "domain": _dump_domain(one.domain),
        "text": _dump_text(one.text),
        "array": one.array,
        "optional": one.optional,
        "metadata": _dump_metadata(one.metadata),
        "translations": _dump_translations(one.translations),
    }


def _load_output(data: Data) -> OutputDescription:
    return OutputDescription(
        data["id"],
        _load_domain(data["domain"]),
        _load_text(data["text"]),
        array=data["array"],
        optional=data["optional"],
        metadata=_load_metadata(data["metadata"]),
        translations=_load_translations(data["translations"]),
    )


# -- domains -------------------------------------------------------------------------------------


def _dump_domain(domain: Domain) -> Data:
    match domain:
        case LiteralDomain(type, allowed, units):
            return ["literal", type, [_dump_allowed(a) for a in allowed], list(units)]
        case BoxDomain(crss, dimensions):
            return ["box", [[c.name, c.swapped, c.circle] for c in crss], list(dimensions)]
        case ComplexDomain(formats, max_bytes, validation, services):
            dumped = [[f.media_type, f.encoding, f.schema] for f in formats]
            return [
                "complex",
                dumped,
                max_bytes,
                None if validation is None else _dump_validation(validation),
                list(services),
            ]
        case ObjectDomain(fields):
            return ["object", [_dump_input(f) for f in fields]]


def _load_domain(data: Data) -> Domain:
    match data:
        case ["literal", type, allowed, units]:
            return LiteralDomain(LiteralType(type), tuple(_load_allowed(a) for a in allowed), tuple(units))
        case ["box", crss, dimensions]:
            return BoxDomain(tuple(Crs(*c) for c in crss), tuple(dimensions))
        case ["complex", formats, max_bytes, validation, services]:
            asked = None if validation is None else _load_validation(validation)
            offered = tuple(map(Service, services))
            return ComplexDomain(tuple(Format(*f) for f in formats), max_bytes, asked, offered)
        case ["object", fields]:
            return ObjectDomain(tuple(_load_input(f) for f in fields))
    raise ValueError(f"not a dumped domain: {data!r}")


def _dump_validation(asked: Validation) -> Data:
    bands = None if asked.bands is None else list(asked.bands)
    return [asked.level, asked.read, list(asked.geometries), bands, asked.crs, list(asked.checks)]


def _load_validation(data: Data) -> Validation:
    level, read, geometries, bands, crs, checks = data
    return Validation(
        None if level is None else Level(level),
        read,
        tuple(geometries),
        None if bands is None else (bands[0], bands[1]),
        crs,
        tuple(checks),
    )


def _dump_allowed(allowed: Scalar | ValueRange) -> Data:
    if isinstance(allowed, ValueRange):
        ends = [_dump_optional(end) for end in (allowed.minimum, allowed.maximum, allowed.spacing)]
        return ["range", *ends, allowed.closure]
    return ["value", dump_scalar(allowed)]


def _load_allowed(data: Data) -> Scalar | ValueRange:
    if data[0] == "value":
        return load_scalar(data[1])
    _, minimum, maximum, spacing, closure = data
    return ValueRange(
        _load_optional(minimum), _load_optional(maximum), Closure(closure), _load_optional(spacing)
    )


def _dump_optional(value: Scalar | None) -> Data:
    return None if value is None else dump_scalar(value)


def _load_optional(data: Data) -> Scalar | None:
    return None if data is None else load_scalar(data)


# -- texts ---------------------------------------------------------------------------------------


def _dump_text(text: Text) -> Data:
    return [text.title, text.abstract, list(text.keywords)]


def _load_text(data: Data) -> Text:
    title, abstract, keywords = data
    return Text(title, abstract, tuple(keywords))


def _dump_metadata(links: tuple[Metadata, ...]) -> Data:
    return [[m.href, m.title, m.role] for m in links]


def _load_metadata(data: Data) -> tuple[Metadata, ...]:
    return tuple(Metadata(*m) for m in data)


def _dump_translations(texts: Mapping[str, Text]) -> Data:
    return {language: _dump_text(text) for language, text in texts.items()}


def _load_translations(data: Data) -> Mapping[str, Text]:
    return MappingProxyType({language: _load_text(text) for language, text in data.items()})
