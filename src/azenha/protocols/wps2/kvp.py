"""Requests of WPS 2.0.2 by GET: key-value pairs (OGC 14-065r2 §10.1).

Execute has no such binding in the standard, because values may be nested; where it is switched on
(`wps.kvp_execute`) it has the grammar of 1.0.0 with `mode`, `response` and `transmission`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from azenha.domain.errors import BadParameter, MissingParameter, NoSuchOperation
from azenha.domain.lexical import quoted
from azenha.domain.messages import (
    Command,
    DescribeProcesses,
    DescribeServer,
    Execute,
    Languages,
    OutputRequest,
    Transmission,
)
from azenha.domain.values import Lexical, Raw
from azenha.protocols import kvp, ows
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.kvp import DATA_ATTRIBUTES, OUTPUT_ATTRIBUTES, Parameters
from azenha.protocols.ows import format_of
from azenha.protocols.wps import values_in
from azenha.protocols.wps.manner import wished
from azenha.protocols.wps2 import control
from azenha.protocols.wps2.data import noted
from azenha.protocols.wps2.execute import command, transmission
from azenha.protocols.wps2.read import JOBS, check_service
from azenha.protocols.wps2.words import VERSION

_OUTPUT: Final = frozenset({*OUTPUT_ATTRIBUTES, "transmission"})
_JOBS: Final = {name.lower(): make for name, make in {**JOBS, **control.COMMANDS}.items()}


def read(
    parameters: Parameters,
    request: HttpRequest,
    offered: Sequence[str],
    limits: Limits,
    *,
    execute_too: bool,
) -> Command:
    """Decode a query.

    Args:
        offered: the versions that are spoken at this address, the default first.
        execute_too: processes are executed by GET.
    Raises:
        MissingParameter, BadParameter, VersionNotOffered, NoSuchOperation: locator is the parameter, or the name
            of the operation.
    """
    check_service(parameters.required("service"))
    name = parameters.required("request")
    languages = wished(None, request)
    if name.lower() == "getcapabilities":
        return _capabilities(parameters, offered, languages)
    ows.check_version(parameters.required("version"), VERSION, offered)
    match name.lower():
        case "describeprocess":
            ids = parameters.list("identifier")
            if not ids:
                raise MissingParameter("identifier")
            return DescribeProcesses(ids, replace(languages, wanted=parameters.text("lang")))
        case "execute" if execute_too:
            return _execute(parameters, languages, limits)
        case known if known in _JOBS:
            return _JOBS[known](parameters.required("jobid"))
    raise NoSuchOperation(f"there is no operation {quoted(name, 80)} by GET in WPS {VERSION}", name)


def _capabilities(parameters: Parameters, offered: Sequence[str], languages: Languages) -> DescribeServer:
    version = parameters.text("version")  # not of this request, but clients write it
    ows.version(parameters.list("acceptversions") or ((version,) if version else ()), offered)
    return DescribeServer(
        Languages(None, parameters.list("acceptlanguages") or languages.accepted),
        frozenset(parameters.list("sections")) or None,
        parameters.text("updatesequence"),
    )


def _execute(parameters: Parameters, languages: Languages, limits: Limits) -> Execute:
    process = parameters.text("identifier")
    if process is None:
        raise MissingParameter("identifier")
    response = parameters.text("response")
    raw = parameters.entries("rawdataoutput", _OUTPUT)
    named = parameters.entries("responsedocument", _OUTPUT)
    if raw and (named or response not in (None, "raw")):
        raise BadParameter(
            "RawDataOutput excludes ResponseDocument, and a response other than raw", "RawDataOutput"
        )
    wanted = transmission(parameters.text("transmission"), "transmission")
    outputs: dict[str, OutputRequest] = {}
    for entry in (*raw, *named):
        if entry.value:
            raise BadParameter(
                f"output '{entry.identifier}' takes no value, only attributes", entry.identifier
            )
        if entry.identifier in outputs:
            raise BadParameter(f"output '{entry.identifier}' is asked for twice", entry.identifier)
        outputs[entry.identifier] = _output(entry.attributes, entry.identifier, wanted)
    return command(
        process,
        _inputs(parameters, limits),
        outputs,
        parameters.text("mode"),
        "raw" if raw else response,
        replace(languages, wanted=parameters.text("lang")),
    )


def _output(given: Mapping[str, str], id: str, otherwise: Transmission | None) -> OutputRequest:
    format = format_of(given.get("mimetype"), given.get("encoding"), given.get("schema"))
    wanted = transmission(given.get("transmission"), id)
    if wanted is None and kvp.boolean(given.get("asreference", "false"), id):
        wanted = Transmission.REFERENCE
    return OutputRequest(format, wanted or otherwise, given.get("uom"))


def _inputs(parameters: Parameters, limits: Limits) -> dict[str, tuple[Raw, ...]]:
    found = values_in.entries(parameters.entries("datainputs", DATA_ATTRIBUTES), limits)
    return {
        id: tuple(noted(raw) if isinstance(raw, Lexical) else raw for raw in raws)
        for id, raws in found.items()
    }
