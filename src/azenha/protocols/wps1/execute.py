"""What an Execute of WPS 1.0.0 asks for, whichever binding it came by (OGC 05-007r7 §10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from azenha.domain.errors import BadParameter
from azenha.domain.messages import (
    Asked,
    Execute,
    Languages,
    Mode,
    OutputRequest,
    ResponseForm,
    Transmission,
)
from azenha.domain.values import Raw
from azenha.domain.written import Wording, Written
from azenha.protocols.ows import format_of
from azenha.protocols.wps.edition import NAME
from azenha.protocols.wps1.words import VERSION


@dataclass(frozen=True, slots=True)
class Form:
    """`wps:ResponseForm`. The default: a document of all outputs, by value, at the end.

    Attributes:
        outputs: None: all.
        raw: the one output is the answer.
        store: the answer is at once an address where the document will be (storeExecuteResponse).
        lineage: the document tells what was asked.
        status: it tells how far the job is.
        written: the outputs as the client wrote them.
    """

    outputs: Mapping[str, OutputRequest] | None = None
    raw: bool = False
    store: bool = False
    lineage: bool = False
    status: bool = False
    written: tuple[Written, ...] = ()


def command(
    process: str,
    inputs: Mapping[str, tuple[Raw, ...]],
    form: Form,
    languages: Languages,
    written: Sequence[Written] = (),
) -> Execute:
    """
    Args:
        written: the values of inputs as the client wrote them, in the order given.
    Raises:
        BadParameter: `status` without `store` (wpsExecute_request.xsd).
    """
    if form.status and not form.store:
        raise BadParameter("status=true needs storeExecuteResponse=true", "status")
    asked = Asked(
        NAME,
        VERSION,
        response=ResponseForm.RAW if form.raw else ResponseForm.DOCUMENT,
        lineage=form.lineage,
        store=form.store,
    )
    return Execute(
        process,
        inputs,
        form.outputs,
        Mode.ASYNC if form.store else Mode.SYNC,
        asked,
        languages=languages,
        record=not form.raw,
        strict=True,
        single=form.raw,
        wording=Wording(tuple(written), form.written) if form.lineage else None,
    )


def output(
    mime_type: str | None,
    encoding: str | None,
    schema: str | None,
    uom: str | None,
    *,
    by_reference: bool,
    title: str | None = None,
    abstract: str | None = None,
) -> OutputRequest:
    """UTF-8 as an encoding says nothing: all that is text is written in it, and some clients say so of anything."""
    if encoding is not None and encoding.lower() in ("utf-8", "utf8"):
        encoding = None
    return OutputRequest(
        format_of(mime_type, encoding, schema),
        Transmission.REFERENCE if by_reference else Transmission.VALUE,
        uom,
        title,
        abstract,
    )


def add_output(outputs: dict[str, OutputRequest], id: str, request: OutputRequest) -> None:
    """
    Raises:
        BadParameter: it is there already.
    """
    if id in outputs:
        raise BadParameter(f"output '{id}' is asked for twice", id)
    outputs[id] = request
