"""Values of outputs at addresses of their own: what a response names by reference, in either edition.

The address is a plain path that ends in a file name: clients make their file's name and choose their reader by it.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from azenha.domain.errors import NoSuchResult
from azenha.domain.files import plain_name
from azenha.domain.messages import GetResults, Results
from azenha.domain.process import Domain
from azenha.domain.values import Box, Literal, Reference, StoredFile, Value
from azenha.protocols.entity import TEXT, Entity, entity, type_of
from azenha.protocols.http import HttpReply, HttpRequest, Site
from azenha.protocols.validators import validated
from azenha.protocols.wps import values_out

_PATH: Final = re.compile(r"/jobs/([^/]+)/outputs/(.+)/([0-9]{1,9})/[^/]+")


def address(site: Site, job: str, output: str, index: int, value: Value) -> str:
    """Where the value, the `index`-th of the output, can be had; that of a reference is its own."""
    if isinstance(value, Reference):
        return value.href
    name = quote(_name(output, value), safe="")
    return f"{site.base}{job_path(job)}/outputs/{quote(output, safe='')}/{index}/{name}"


def job_path(job: str) -> str:
    """Below the mount: how the job stands."""
    return f"/jobs/{quote(job, safe='')}"


def read(path: str) -> GetResults | None:
    """The command of such an address; None if it is none."""
    match = _PATH.fullmatch(path)
    return GetResults(match[1], match[2]) if match else None


def write(outcome: Results, request: HttpRequest) -> HttpReply:
    """The one value that the path of the request names.

    Raises:
        NoSuchResult: the output has not so many values.
    """
    match = _PATH.fullmatch(request.path)
    assert match is not None
    (output,), index = outcome.outputs, int(match[3])
    if index >= len(output.values):
        there = f"values 0 to {len(output.values) - 1}" if output.values else "no value"
        raise NoSuchResult(
            f"{output.id}/{index}", f"there is no value {index} of '{output.id}': it has {there}"
        )
    return validated(reply(output.id, output.values[index], output.domain, outcome.folder), outcome.job)


def reply(output: str, value: Value, domain: Domain | None, folder: str) -> HttpReply:
    """A value as it is, and nothing else; a reference to elsewhere is a redirection."""
    if isinstance(value, Reference):
        return HttpReply(302, (("Location", value.href),))
    found = raw(output, value, domain, folder)
    return HttpReply(200, found.headers, found.body)


def raw(output: str, value: Value, domain: Domain | None, folder: str) -> Entity:
    """A value as it is: a literal as text, a box as in a KVP, an object as JSON; no reference."""
    match value:
        case Literal(scalar):
            return Entity(TEXT, (values_out.text(scalar).encode(),))
        case Box():
            return Entity(TEXT, (values_out.box_text(value, domain).encode(),))
        case _:
            found = entity(output, value, domain, folder, as_text=True)
            assert found is not None
            return found


def media_type(value: Value) -> str | None:
    """Of what the address answers; None where a reference does not say."""
    return "text/plain" if isinstance(value, Literal | Box) else type_of(value)


def _name(output: str, value: Value) -> str:
    type = media_type(value) or ""
    return plain_name(value.name if isinstance(value, StoredFile) else output, type)
