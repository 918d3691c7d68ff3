"""A request that would run a process: what the definition shows, and the page has in its forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from azenha.domain.process import (
    BoxDomain,
    Closure,
    ComplexDomain,
    Crs,
    Domain,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    ProcessDescription,
    Scalar,
    ValueRange,
)
from azenha.protocols.json import native
from azenha.protocols.ogcapi.openapi.process import default
from azenha.protocols.ogcapi.openapi.schemas import Schema


def example(process: ProcessDescription) -> Schema:
    """A request with every input that is required, and the defaults of the others."""
    inputs: dict[str, object] = {}
    for input in process.inputs:
        if input.default is not None:
            inputs[input.id] = default(input.default)
        elif input.min_occurs:
            one = _sample(input.domain, input.id)
            inputs[input.id] = [one] * input.min_occurs if input.repeats or input.array else one
    return {"inputs": inputs}


def _sample(domain: Domain, id: str) -> object:
    match domain:
        case LiteralDomain():
            return native(_sample_scalar(domain, id))
        case BoxDomain(crss, dimensions):
            return _sample_box(crss[0], min(dimensions))
        case ObjectDomain(fields):
            found: dict[str, object] = {}
            for field in fields:
                if field.min_occurs:
                    one = _sample(field.domain, field.id)
                    many = field.repeats or field.array
                    found[field.id] = [one] * field.min_occurs if many else one
            return found
        case ComplexDomain(formats):
            # What lies there is not told to exist: the address shows the form.
            found = {"href": f"https://data.example.org/{id}"}
            if "*" not in formats[0].media_type:
                found["type"] = formats[0].media_type
            return found


_SAMPLES: Final[Mapping[LiteralType, Scalar]] = {
    LiteralType.INTEGER: 1,
    LiteralType.DOUBLE: 1.5,
    LiteralType.DECIMAL: Decimal("1.5"),
    LiteralType.BOOLEAN: True,
    LiteralType.DATE: date(2026, 6, 1),
    LiteralType.DATETIME: datetime(2026, 6, 1, 12, tzinfo=UTC),
    LiteralType.DURATION: timedelta(hours=1),
}


def _sample_scalar(domain: LiteralDomain, id: str) -> Scalar:
    if not domain.allowed:
        return _SAMPLES.get(domain.type, f"some {id}")
    first = domain.allowed[0]
    return _inside(first) if isinstance(first, ValueRange) else first


def _inside(range: ValueRange) -> Scalar:
    """A value of a range: an end that belongs to it, or one step or the half of the way from an open one."""
    low, high = range.minimum, range.maximum
    if low is not None and range.closure in (Closure.CLOSED, Closure.CLOSED_OPEN):
        return low
    if range.spacing is not None and low is not None:
        return low + range.spacing  # type: ignore[operator]
    if high is not None and range.closure in (Closure.CLOSED, Closure.OPEN_CLOSED):
        return high
    if isinstance(low, int | float | Decimal) and isinstance(high, int | float | Decimal):
        if isinstance(low, int) and isinstance(high, int):
            return low + 1
        return (float(low) + float(high)) / 2
    if isinstance(low, int | float | Decimal):
        return low + 1
    if isinstance(high, int | float | Decimal):
        return high - 1
    return low if low is not None else high if high is not None else 0


def _sample_box(crs: Crs, dimensions: int) -> Schema:
    """Around Lisbon where the system is one of degrees, else a kilometre at its origin."""
    low, high = ([-9.2, 38.7], [-9.1, 38.8]) if crs.circle == 360 else ([0, 0], [1000, 1000])
    if crs.swapped:
        low, high = low[::-1], high[::-1]
    if dimensions == 3:
        low, high = [*low, 0], [*high, 100]
    return {"bbox": [*low, *high], "crs": crs.name}
