"""Requested outputs by the description of the process: a part of binding.py."""

from __future__ import annotations

from collections.abc import Mapping

from azenha.domain import formats, literals
from azenha.domain.complexes import format_refused, kind, no_unit
from azenha.domain.errors import (
    PROBLEMS_AT_MOST,
    InputProblem,
    InvalidInputs,
    UnknownOutput,
    UnsupportedOutputFormat,
    UnsupportedOutputUnit,
)
from azenha.domain.lexical import NotAValue, clean
from azenha.domain.messages import OutputRequest
from azenha.domain.names import unknown
from azenha.domain.process import (
    ComplexDomain,
    Domain,
    Format,
    LiteralDomain,
    OutputDescription,
    ProcessDescription,
)


def bind_outputs(
    description: ProcessDescription, requested: Mapping[str, OutputRequest] | None
) -> Mapping[str, OutputRequest] | None:
    """The requested outputs, each known and in a format and unit that it offers; None: all, as the server likes.

    Raises:
        InvalidInputs: with an UnknownOutput, UnsupportedOutputFormat or UnsupportedOutputUnit for each that is not.
    """
    if requested is None:
        return None
    problems: list[InputProblem] = []
    for id, request in requested.items():
        if len(problems) == PROBLEMS_AT_MOST:
            break
        output = description.output(id)
        if output is None:
            known = [o.id for o in description.outputs]
            reason = unknown("the process has no such output", id, known)
            problems.append(UnknownOutput(clean(id, 200), reason))
            continue
        if request.format and (refusal := _not_offered(output, request.format)):
            problems.append(UnsupportedOutputFormat(id, refusal))
        try:
            _check_unit(output.domain, request.unit)
        except NotAValue as reason:
            problems.append(UnsupportedOutputUnit(id, str(reason)))
    if problems:
        raise InvalidInputs(problems)
    return requested


def _not_offered(output: OutputDescription, asked: Format) -> str | None:
    if not isinstance(output.domain, ComplexDomain):
        return f"is {kind(output.domain)} and has no formats, got {formats.shown(asked)}"
    offered = output.domain.formats
    return None if formats.offers(offered, asked) else format_refused(asked, offered)


def _check_unit(domain: Domain, asked: str | None) -> None:
    if isinstance(domain, LiteralDomain):
        literals.unit(domain, asked)
    else:
        no_unit(domain, asked)
