"""`azenha processes` and `azenha describe`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from azenha.console.exact import write_json
from azenha.console.exits import OK
from azenha.console.inputs import Form, element, forms
from azenha.console.place import server
from azenha.console.text import one_line, printable, table


def processes(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        found = client.processes()
    if options.json:
        print(write_json(found, 2))
        return OK
    rows = [
        (p.get("id", ""), p.get("version", ""), p.get("title") or "")
        for p in sorted(found["processes"], key=lambda p: str(p.get("id")))
    ]
    print(*table(("process", "version", "title"), rows), sep="\n")
    for entry in found.get("unavailable", ()):
        if isinstance(entry, Mapping):
            print(f"unavailable: {one_line(entry.get('source', ''))}: {one_line(entry.get('reason', ''))}")
    return OK


def describe(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        found = client.process(options.process)
    print(write_json(found, 2) if options.json else "\n".join(_page(found)))
    return OK


def _page(process: Mapping[str, Any]) -> Iterator[str]:
    yield one_line(f"{process.get('id')} {process.get('version', '')}: {process.get('title') or ''}")
    if about := process.get("description"):
        yield ""
        yield printable(str(about))
    if control := process.get("jobControlOptions"):
        yield ""
        yield f"runs: {', '.join(map(one_line, control))}"
    inputs, outputs = process.get("inputs") or {}, process.get("outputs") or {}
    yield ""
    rows = [(id, kind(item), _occurs(item), _default(item), _about(item)) for id, item in inputs.items()]
    yield from table(("input", "type", "values", "default", ""), rows) if rows else ["no inputs"]
    yield ""
    results = [(id, kind(item), _about(item)) for id, item in outputs.items()]
    yield from table(("output", "type", ""), results) if results else ["no outputs"]
    needed = [id for id, item in inputs.items() if item.get("minOccurs", 1) != 0]
    yield ""
    yield one_line(f"azenha run {process.get('id')} " + "".join(f"-i {id}=... " for id in needed) + "--wait")


def _about(item: Mapping[str, Any]) -> str:
    return one_line(item.get("description") or item.get("title") or "")


def kind(item: Mapping[str, Any]) -> str:
    """The forms of a value in a few words."""
    schema, array = element(item)
    words = " or ".join(dict.fromkeys(_word(form) for form in forms(schema)))
    if allowed := schema.get("enum"):
        words = ", ".join(map(str, allowed)) if len(allowed) <= 6 else f"{words}, one of {len(allowed)}"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        words += f" {'' if low is None else low}..{'' if high is None else high}"
    if units := _parameter(item, "uom"):
        words += f" in {' or '.join(map(str, units))}"
    return f"list of {words}" if array else words


def _parameter(item: Mapping[str, Any], name: str) -> list[Any]:
    """What our server says beside a schema, which has no word for it: units, defaults of several values."""
    parameters = (item.get("additionalParameters") or {}).get("parameters") or ()
    return [value for p in parameters if p.get("name") == name for value in p.get("value") or ()]


def _word(form: Form) -> str:
    return (form.media_type or "file") if form.kind == "data" else form.kind


def _occurs(item: Mapping[str, Any]) -> str:
    least, most = item.get("minOccurs", 1), item.get("maxOccurs", 1)
    if least == most:
        return str(least)
    return f"{least}..{'any' if most == 'unbounded' else most}"


def _default(item: Mapping[str, Any]) -> str:
    schema = item.get("schema", {})
    if "default" in schema:
        return write_json(schema["default"])
    several = _parameter(item, "default")
    return write_json(several) if several else ""
