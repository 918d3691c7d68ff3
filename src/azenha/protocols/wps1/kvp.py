"""Requests of WPS 1.0.0 by GET: key-value pairs (OGC 05-007r7 §8.2, §9.2, §10.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from azenha.domain.errors import BadParameter, MissingParameter, NoSuchOperation
from azenha.domain.lexical import quoted
from azenha.domain.messages import Command, DescribeApi, DescribeProcesses, DescribeServer, OutputRequest
from azenha.domain.written import Written
from azenha.protocols import kvp, ows
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.kvp import OUTPUT_ATTRIBUTES, Entry, Parameters
from azenha.protocols.wps import values_in
from azenha.protocols.wps.manner import wished
from azenha.protocols.wps1 import execute
from azenha.protocols.wps1.words import VERSION

_SERVICE: Final = "wps"


def read(parameters: Parameters, request: HttpRequest, versions: Sequence[str], limits: Limits) -> Command:
    """Decode a query.

    Args:
        versions: spoken at this address, the default first.
    Raises:
        MissingParameter, BadParameter, VersionNotOffered, NoSuchOperation
    """
    if "wsdl" in parameters and "request" not in parameters:
        return DescribeApi()
    service = parameters.required("service")
    if service.lower() != _SERVICE:
        raise BadParameter(f"service is WPS; given {quoted(service)}", "service")
    name = parameters.required("request")
    languages = wished(parameters.text("language"), request)
    match name.lower():
        case "getcapabilities":
            version = parameters.text("version")
            ows.version(parameters.list("acceptversions") or ([version] if version else []), versions)
            return DescribeServer(languages)
        case "getwsdl":
            return DescribeApi()
        case "describeprocess":
            ows.check_version(parameters.required("version"), VERSION, versions)
            ids = parameters.list("identifier")
            if not ids:
                raise MissingParameter("Identifier")
            return DescribeProcesses(ids, languages)
        case "execute":
            ows.check_version(parameters.required("version"), VERSION, versions)
            return _execute(parameters, request, limits)
    raise NoSuchOperation(f"there is no operation {quoted(name)} in WPS {VERSION}", name)


def _execute(parameters: Parameters, request: HttpRequest, limits: Limits) -> Command:
    process = parameters.text("identifier")
    if process is None:
        raise MissingParameter("Identifier")
    given = parameters.entries("datainputs", kvp.DATA_ATTRIBUTES)
    return execute.command(
        process,
        values_in.entries(given, limits),
        _form(parameters),
        wished(parameters.text("language"), request),
        [_written(entry) for entry in given],
    )


def _written(entry: Entry) -> Written:
    given = entry.attributes
    return Written(
        entry.identifier,
        format=ows.format_of(given.get("mimetype"), given.get("encoding"), given.get("schema")),
        unit=given.get("uom"),
        type=given.get("datatype"),
        text=entry.value,
    )


def _form(parameters: Parameters) -> execute.Form:
    raw = parameters.entries("rawdataoutput", OUTPUT_ATTRIBUTES)
    named = parameters.entries("responsedocument", OUTPUT_ATTRIBUTES)
    if raw and named:
        raise BadParameter("RawDataOutput and ResponseDocument exclude each other", "RawDataOutput")
    if len(raw) > 1:
        raise BadParameter(f"RawDataOutput names one output, not {len(raw)}", "RawDataOutput")
    flags = {name: parameters.boolean(name) for name in ("storeExecuteResponse", "lineage", "status")}
    if raw:
        for name, given in flags.items():
            if given:
                raise BadParameter(f"{name} goes with a response document, not with RawDataOutput", name)
        return execute.Form(outputs=_outputs(raw), raw=True)
    return execute.Form(
        _outputs(named) or None,
        store=flags["storeExecuteResponse"],
        lineage=flags["lineage"],
        status=flags["status"],
        written=tuple(replace(_written(entry), text=None) for entry in named),
    )


def _outputs(entries: Sequence[Entry]) -> dict[str, OutputRequest]:
    found: dict[str, OutputRequest] = {}
    for entry in entries:
        if entry.value:
            raise BadParameter(
                f"output '{entry.identifier}' takes no value, only attributes", entry.identifier
            )
        given = entry.attributes
        execute.add_output(
            found,
            entry.identifier,
            execute.output(
                given.get("mimetype"),
                given.get("encoding"),
                given.get("schema"),
                given.get("uom"),
                by_reference=kvp.boolean(given.get("asreference", "false"), entry.identifier),
            ),
        )
    return found
