"""Results of a job: read from a results document, printed, saved as files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azenha.console.client import Body, Client
from azenha.console.exact import write_json
from azenha.console.exits import USAGE, Stop
from azenha.console.inputs import forms
from azenha.console.media import file_name, is_text
from azenha.console.text import printable
from azenha.domain.encodings import NotInEncoding, as_utf8

_SHOWN = 2000  # characters of a text or JSON value that are printed rather than counted


@dataclass(frozen=True, slots=True)
class Linked:
    """A value elsewhere."""

    href: str
    media_type: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """A value with its media type: text, or bytes where it is binary."""

    value: str | bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A JSON value."""

    value: object


Result = Linked | Content | Plain


def request(description: Mapping[str, Any]) -> dict[str, object]:
    """Members `outputs` and `response` of an execute request: a document, files by address where offered."""
    outputs: dict[str, object] = {}
    by_reference = "reference" in description.get("outputTransmission", ())
    for id, output in description.get("outputs", {}).items():
        is_data = any(form.kind == "data" for form in forms(output.get("schema", {})))
        outputs[id] = {"transmissionMode": "reference"} if by_reference and is_data else {}
    return {"outputs": outputs, "response": "document"} if outputs else {"response": "document"}


def read_results(answer: object, outputs: Sequence[str]) -> dict[str, Result | list[Result]]:
    """Results by output id.

    Args:
        answer: what the client got: a results document, one output's value, or None.
        outputs: the process's outputs.
    """
    if answer is None:
        return {}
    if isinstance(answer, dict) and (not outputs or set(answer) & set(outputs)):
        return {id: _several(value) for id, value in answer.items()}
    # OGC API - Processes 2.0 sends the only output as it is.
    return {outputs[0] if len(outputs) == 1 else "result": _several(answer)}


def _several(value: object) -> Result | list[Result]:
    if isinstance(value, list) and any(isinstance(_one(item), Linked | Content) for item in value):
        return [_one(item) for item in value]
    return _one(value)


def _one(value: object) -> Result:
    if isinstance(value, Body):
        return Content(_shown(value.content, value.media_type), value.media_type)
    if isinstance(value, dict) and isinstance(value.get("href"), str):
        return Linked(value["href"], value.get("type"))
    if (
        isinstance(value, dict)
        and "value" in value
        and set(value) <= {"value", "mediaType", "encoding", "schema"}
    ):
        inner, media_type = value["value"], value.get("mediaType")
        if not isinstance(inner, str) or media_type is None:
            return Plain(inner)
        if value.get("encoding") == "base64":
            try:
                return Content(base64.b64decode(inner, validate=True), media_type)
            except binascii.Error:
                raise Stop(USAGE, f"the server sent {media_type} that is no base64") from None
        return Content(inner, media_type)
    return Plain(value)


def _shown(content: bytes, media_type: str) -> str | bytes:
    """Text where it is in UTF-8; in another encoding it is saved as it is."""
    if not is_text(media_type):
        return content
    try:
        return "".join(as_utf8((content,), media_type))
    except NotInEncoding:
        return content


# -- for people -----------------------------------------------------------------------------------


def lines(results: Mapping[str, Result | list[Result]]) -> list[str]:
    """A line an output: its value if that is short, else how much it is."""
    shown = []
    for id, result in results.items():
        several = result if isinstance(result, list) else [result]
        shown += [f"{id}: {_line(item)}" for item in several]
    return shown


def _line(result: Result) -> str:
    match result:
        case Linked(href, media_type):
            return printable(f"{href} ({media_type})" if media_type else href)
        case Content(bytes(content), media_type):
            return f"{len(content)} bytes of {media_type}; --output saves them"
        case Content(str(text), media_type):
            return _short(text, media_type)
        case Plain(value):
            return printable(value) if isinstance(value, str) else _short(write_json(value), "JSON")
    raise AssertionError(result)


def _short(text: str, kind: str) -> str:
    return (
        printable(text) if len(text) <= _SHOWN else f"{len(text)} characters of {kind}; --output saves them"
    )


# -- as files -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Places:
    """Where outputs are saved: all in a folder, or one in a file of its own. A file's name wins."""

    folder: Path | None
    files: Mapping[str, Path]

    def __bool__(self) -> bool:
        return self.folder is not None or bool(self.files)


def places(given: Sequence[str], outputs: Sequence[str]) -> Places:
    """Read `--output DIR` and `--output name=path`; a folder with `=` in its name is written as `./a=b`."""
    folder: Path | None = None
    files: dict[str, Path] = {}
    for text in given:
        name, equals, path = text.partition("=")
        if equals and "/" not in name and "\\" not in name:
            if outputs and name not in outputs:
                raise Stop(
                    USAGE, f"--output {text}: there is no output '{name}'; there is {', '.join(outputs)}"
                )
            if not path:
                raise Stop(USAGE, f"--output {text}: write it as {name}=path")
            files[name] = Path(path).expanduser()
        elif folder is not None:
            raise Stop(USAGE, f"--output {text}: one folder is enough, {folder} was named before")
        else:
            folder = Path(text).expanduser()
    return Places(folder, files)


def save(
    client: Client, results: Mapping[str, Result | list[Result]], where: Places
) -> dict[str, list[Path]]:
    """Write results to files, replacing what is there; the files by output id.

    Raises:
        Stop: a file cannot be written, a named output has no result, or an address cannot be read.
    """
    if missing := [id for id in where.files if id not in results]:
        raise Stop(USAGE, f"there is no result '{missing[0]}'; there is {', '.join(results) or 'none'}")
    saved: dict[str, list[Path]] = {}
    for id, result in results.items():
        several = result if isinstance(result, list) else [result]
        for number, item in enumerate(several, 1):
            target = _target(where, id, item, number if len(several) > 1 else None)
            if target is not None:
                _write(client, item, target)
                saved.setdefault(id, []).append(target)
    return saved


def _target(where: Places, id: str, item: Result, number: int | None) -> Path | None:
    if named := where.files.get(id):
        return named if number is None else named.with_name(f"{named.stem}-{number}{named.suffix}")
    if where.folder is None:
        return None
    match item:
        case Linked(_, media_type) | Content(_, media_type):
            return where.folder / file_name(id, media_type, number)
        case Plain(value):
            literal = not isinstance(value, dict | list)
            return where.folder / file_name(id, "text/plain" if literal else "application/json", number)


def _write(client: Client, item: Result, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        match item:
            case Linked(href, _):
                client.download(href, target)
            case Content(bytes(content), _):
                target.write_bytes(content)
            case Content(str(text), _):
                target.write_text(text, encoding="utf-8", newline="")
            case Plain(str(text)):
                target.write_text(text + "\n", encoding="utf-8")
            case Plain(value):
                target.write_text(write_json(value) + "\n", encoding="utf-8")
    except OSError as error:
        raise Stop(USAGE, f"{target} cannot be written: {error.strerror}") from None
