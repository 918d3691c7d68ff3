"""The one canonical stored request, and values as JSON data: what stands in a job's row.

Sync, queued and remote runs all read this. Exact: decimals, dates and durations survive the round trip, and
`load(dump(x)) == x` for every value (property test).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice, repeat
from typing import Any, Final, cast

from azenha.domain import written
from azenha.domain.callbacks import Subscriber
from azenha.domain.geodata import Geodata
from azenha.domain.messages import Asked, OutputRequest, ResponseForm, Transmission
from azenha.domain.messages import StoredRequest as StoredRequest
from azenha.domain.process import Format, Scalar
from azenha.domain.published import Published, Service
from azenha.domain.published import dump as dump_published
from azenha.domain.published import load as load_published
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, StoredFile, Value

Data = Mapping[str, object]

MANY: Final = 16  # values of one input or output, from which on they are written as columns

# Made once: `json.dumps` with other separators than its own makes an encoder each time.
compact: Callable[[object], str] = json.JSONEncoder(separators=(",", ":")).encode


# Exact type, not isinstance: a bool is an int and a datetime is a date.
_SCALARS: Mapping[type, tuple[str, Callable[[Scalar], object]]] = {
    str: ("s", lambda v: v),
    int: ("i", str),  # as text: JSON readers elsewhere lose digits above 2**53
    float: ("f", lambda v: float(v).hex()),  # type: ignore[arg-type]
    bool: ("b", lambda v: v),
    Decimal: ("d", str),
    date: ("D", str),
    datetime: ("T", lambda v: v.astimezone(UTC).isoformat()),  # type: ignore[union-attr]
    timedelta: ("P", lambda v: [v.days, v.seconds, v.microseconds]),  # type: ignore[union-attr]
}
_LOAD: Mapping[str, Callable[[object], Scalar]] = {
    "s": lambda v: str(v),
    "i": lambda v: int(str(v)),
    "f": lambda v: float.fromhex(str(v)),
    "b": lambda v: bool(v),
    "d": lambda v: Decimal(str(v)),
    "D": lambda v: date.fromisoformat(str(v)),
    "T": lambda v: datetime.fromisoformat(str(v)),
    "P": lambda v: timedelta(*_ints(v)),
}


def _ints(data: object) -> list[int]:
    assert isinstance(data, list)
    return [int(n) for n in data]


def dump_scalar(value: Scalar) -> list[object]:
    tag, render = _SCALARS[type(value)]
    return [tag, render(value)]


def load_scalar(data: Sequence[object]) -> Scalar:
    return _LOAD[str(data[0])](data[1])


def _dump_format(format: Format | None) -> object:
    if format is None:
        return None
    called = [] if format.called is None else [format.called]
    return [format.media_type, format.encoding, format.schema, *called]


def _load_format(data: object) -> Format | None:
    return Format(*data) if isinstance(data, list) else None


def _dump_output(output: OutputRequest) -> list[object]:
    shown: list[object] = [output.unit, output.title, output.abstract]
    if output.fields is not None:
        shown.append({id: _dump_output(field) for id, field in output.fields.items()})
    if output.service is not None:
        shown += [*([] if output.fields is not None else [None]), output.service]
    return [_dump_format(output.format), output.transmission, *(shown if any(shown) else ())]


def _load_output(
    format: object,
    transmission: str | None,
    unit: str | None = None,
    title: str | None = None,
    abstract: str | None = None,
    fields: Mapping[str, Sequence[Any]] | None = None,
    service: str | None = None,
) -> OutputRequest:
    """Rows that older versions wrote have less."""
    return OutputRequest(
        _load_format(format),
        None if transmission is None else Transmission(transmission),
        unit,
        title,
        abstract,
        None if fields is None else {id: _load_output(*field) for id, field in fields.items()},
        None if service is None else Service(service),
    )


def _load_asked(
    dialect: str,
    version: str,
    language: str,
    response: str,
    transmission: str | None = None,
    lineage: bool = False,
    store: bool = False,
) -> Asked:
    """Rows that older versions wrote have less."""
    return Asked(
        dialect,
        version,
        language,
        ResponseForm(response),
        None if transmission is None else Transmission(transmission),
        lineage,
        store,
    )


def _dump_asking(value: Reference) -> list[object]:
    """How a reference is asked for; nothing where that is plainly by GET."""
    if value == Reference(value.href, value.format):
        return []
    return [value.method, [list(pair) for pair in value.headers], value.body, value.body_href]


def _load_asking(data: Sequence[object]) -> tuple[str, tuple[tuple[str, str], ...], str | None, str | None]:
    """Rows that older versions wrote have nothing."""
    if not data:
        return "GET", (), None, None
    method, headers, body, body_href = data
    assert isinstance(headers, list)
    return (
        str(method),
        tuple((str(name), str(value)) for name, value in headers),
        None if body is None else str(body),
        None if body_href is None else str(body_href),
    )


def _dump_more(file: StoredFile) -> list[object]:
    """What not every file has; nothing where there is nothing."""
    geodata = None if file.geodata is None else dict(file.geodata)
    served = None if file.published is None else dump_published(file.published)
    more: list[object] = [file.source, file.crc32, geodata, served, file.charset]
    while more and more[-1] in (None, ""):
        more.pop()
    return more


def _load_more(
    source: object = "",
    crc32: object = None,
    geodata: object = None,
    published: object = None,
    charset: object = "",
) -> tuple[str, int | None, Geodata | None, Published | None, str]:
    """Rows that older versions wrote have less."""
    known = cast("Geodata", geodata) if isinstance(geodata, dict) else None
    served = None if published is None else load_published(published)
    return str(source), None if crc32 is None else int(str(crc32)), known, served, str(charset)


def dump_value(value: Value) -> list[object]:
    match value:
        case Literal(scalar, unit):
            return ["literal", dump_scalar(scalar), unit]
        case Box(minimum, maximum, crs, swapped):
            return ["box", [n.hex() for n in minimum], [n.hex() for n in maximum], crs, swapped]
        case InlineText(text, format):
            return ["text", text, _dump_format(format)]
        case InlineBytes(data, format):
            return ["bytes", base64.b64encode(data).decode(), _dump_format(format)]
        case StoredFile(key, name, size, format, sha256):
            return ["file", key, name, size, _dump_format(format), sha256, *_dump_more(value)]
        case Reference():
            return ["reference", value.href, _dump_format(value.format), *_dump_asking(value)]
        case Record(fields):
            return ["record", dump_values(fields)]


def load_value(data: Sequence[object]) -> Value:
    match list(data):
        case ["literal", list(scalar), unit]:
            return Literal(load_scalar(scalar), None if unit is None else str(unit))
        case ["box", list(minimum), list(maximum), str(crs), *rest]:  # without an order in rows of before
            swapped = None if rest in ([], [None]) else rest == [True]
            return Box(tuple(map(float.fromhex, minimum)), tuple(map(float.fromhex, maximum)), crs, swapped)
        case ["text", str(text), list(format)]:
            return InlineText(text, Format(*format))
        case ["bytes", str(text), list(format)]:
            return InlineBytes(base64.b64decode(text), Format(*format))
        case ["file", str(key), str(name), int(size), list(format), str(sha256), *more]:
            return StoredFile(key, name, size, Format(*format), sha256, *_load_more(*more))
        case ["reference", str(href), format, *asking]:
            return Reference(href, _load_format(format), *_load_asking(asking))
        case ["record", dict(fields)]:
            return Record(load_values(fields))
        case other:
            raise ValueError(f"not a stored value: {other!r}")


def dump_values(values: Mapping[str, Sequence[Value]]) -> dict[str, object]:
    return {id: _dump_several(items) for id, items in values.items()}


def load_values(data: Mapping[str, Sequence[Sequence[object]]]) -> dict[str, tuple[Value, ...]]:
    return {id: _load_several(items) for id, items in data.items()}


def _dump_several(items: Sequence[Value]) -> list[object]:
    """Many of one kind as columns: each by itself, they would take several times the memory."""
    if len(items) >= MANY:
        if (column := _dump_column(items)) is not None:
            return [["column", *column]]
        if (columns := _dump_records(items)) is not None:
            return [["records", len(items), columns]]
    return [dump_value(v) for v in items]


def _load_several(items: Sequence[Sequence[Any]]) -> tuple[Value, ...]:
    """Rows that older versions wrote have no columns."""
    match items:
        case [["column", *column]]:
            return tuple(_load_column(*column))
        case [["records", int(count), dict(columns)]]:
            return tuple(_load_records(count, columns))
    return tuple(load_value(v) for v in items)


def _shared(value: Value) -> list[object] | None:
    """What the values of a column have in common; None of values that stand in none."""
    match value:
        case Literal(scalar, unit):
            return ["literal", _SCALARS[type(scalar)][0], unit]
        case Box(crs=crs, swapped=swapped):
            return ["box", crs, swapped]
        case InlineText(_, format):
            return ["text", _dump_format(format)]
        case InlineBytes(_, format):
            return ["bytes", _dump_format(format)]
        case Reference(_, format) if value == Reference(value.href, format):
            return ["reference", _dump_format(format)]
    return None


def _own(value: Value) -> object:
    """What one has for itself."""
    match value:
        case Literal(scalar):
            return _SCALARS[type(scalar)][1](scalar)
        case Box(minimum, maximum):
            return " ".join(n.hex() for n in (*minimum, *maximum))
        case InlineText(text):
            return text
        case InlineBytes(data):
            return base64.b64encode(data).decode()
        case Reference(href):
            return href
    raise ValueError(f"stands in no column: {value!r}")


def _dump_column(items: Sequence[Value]) -> list[object] | None:
    shared = _shared(items[0])
    if shared is None or any(_shared(v) != shared for v in items):
        return None
    return [*shared, [_own(v) for v in items]]


def _load_column(kind: str, *column: Any) -> Iterator[Value]:
    *shared, own = column
    match kind, shared:
        case "literal", [tag, unit]:
            read = _LOAD[tag]
            return (Literal(read(v), unit) for v in own)
        case "box", [crs, swapped]:
            return (Box(*_corners(v), crs, swapped) for v in own)
        case "text", [format]:
            named = Format(*format)
            return (InlineText(v, named) for v in own)
        case "bytes", [format]:
            named = Format(*format)
            return (InlineBytes(base64.b64decode(v), named) for v in own)
        case "reference", [format]:
            wanted = _load_format(format)
            return (Reference(v, wanted) for v in own)
    raise ValueError(f"not a stored column: {kind!r}, {shared!r}")


def _corners(text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    numbers = tuple(map(float.fromhex, text.split()))
    half = len(numbers) // 2
    return numbers[:half], numbers[half:]


def _dump_records(items: Sequence[Value]) -> dict[str, object] | None:
    """For each field how many values each has (-1: it is left out; None: one in all), and the values of all.

    None of what are no records, or have their fields in different orders.
    """
    records = [v.fields for v in items if isinstance(v, Record)]
    ids = tuple(dict.fromkeys(id for fields in records for id in fields))
    if len(records) < len(items) or any(tuple(f) != tuple(id for id in ids if id in f) for f in records):
        return None
    columns: dict[str, object] = {}
    for id in ids:
        held = [len(fields[id]) if id in fields else -1 for fields in records]
        values = [v for fields in records for v in fields.get(id, ())]
        columns[id] = [None if all(n == 1 for n in held) else held, _dump_several(values)]
    return columns


def _load_records(count: int, columns: Mapping[str, Any]) -> Iterator[Record]:
    records: list[dict[str, tuple[Value, ...]]] = [{} for _ in range(count)]
    for id, (held, values) in columns.items():
        following = iter(_load_several(values))
        for fields, several in zip(records, held or repeat(1, count), strict=True):
            if several >= 0:
                fields[id] = tuple(islice(following, several))
    return map(Record, records)


def dump_request(request: StoredRequest) -> dict[str, object]:
    outputs, subscriber = request.outputs, request.subscriber
    told: dict[str, object] = {}
    if subscriber is not None:
        told["subscriber"] = [
            subscriber.success,
            subscriber.in_progress,
            subscriber.failed,
            subscriber.base,
        ]
    if request.wording is not None:
        told["wording"] = written.dump(request.wording)
    return told | {
        "process": request.process,
        "version": request.version,
        "inputs": dump_values(request.inputs),
        "outputs": None if outputs is None else {id: _dump_output(o) for id, o in outputs.items()},
        "asked": [
            request.asked.dialect,
            request.asked.version,
            request.asked.language,
            request.asked.response,
            request.asked.transmission,
            request.asked.lineage,
            request.asked.store,
        ],
    }


def load_request(data: Mapping[str, object]) -> StoredRequest:
    inputs, outputs, asked = data["inputs"], data["outputs"], data["asked"]
    subscriber, wording = data.get("subscriber"), data.get("wording")
    assert isinstance(inputs, dict)
    assert isinstance(asked, list)
    return StoredRequest(
        str(data["process"]),
        str(data["version"]),
        load_values(inputs),
        None if not isinstance(outputs, dict) else {id: _load_output(*o) for id, o in outputs.items()},
        _load_asked(*asked),
        Subscriber(*subscriber) if isinstance(subscriber, list) else None,
        written.load(wording) if isinstance(wording, list) else None,
    )
