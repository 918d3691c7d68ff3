"""`wps:Execute` (OGC 14-065r2 §9.9) to the command. Lenient where text, schemas and practice contradict each other:
mode and response may be left out, outputs too, and a nested output may hold several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from azenha.domain.errors import BadParameter, BadRequest, MissingParameter, OptionNotOffered
from azenha.domain.lexical import quoted
from azenha.domain.messages import (
    Asked,
    Execute,
    Languages,
    Mode,
    OutputRequest,
    ResponseForm,
    Transmission,
)
from azenha.domain.values import Raw, RawNested
from azenha.protocols.http import Buffer, Limits
from azenha.protocols.ows import format_of
from azenha.protocols.wps.unqualified import unqualify
from azenha.protocols.wps2 import data
from azenha.protocols.wps2.words import NAME, VERSION, ows, wps
from azenha.protocols.xml import Document, Element, attribute, check_blank, child, misplaced, shown, text

T = TypeVar("T")

PROMPT: Final = 5.0  # seconds that a client waits for results, where the choice of mode is the server's

_MODES: Final[Mapping[str, Mode]] = MappingProxyType({mode.value: mode for mode in Mode})
_FORMS: Final[Mapping[str, ResponseForm]] = MappingProxyType(
    {form.value: form for form in (ResponseForm.RAW, ResponseForm.DOCUMENT)}
)
_TRANSMISSIONS: Final[Mapping[str, Transmission]] = MappingProxyType({t.value: t for t in Transmission})
_PARTS: Final = frozenset({wps("Extension"), ows("Identifier"), wps("Input"), wps("Output")})


def execute(document: Document, languages: Languages, body: Buffer, limits: Limits) -> Execute:
    """
    Args:
        body: that the document was read from, in which large values still stand.
    Raises:
        MissingParameter: no process is named.
        BadRequest: a word or an element that is not understood; locator is its name, or the input's or output's.
    """
    root = document.root
    unqualify(root)
    for one in root:
        if one.tag not in _PARTS:
            raise BadRequest(f"{shown(root)} takes no {shown(one)}{misplaced(one, _PARTS)}", _local(one))
    check_blank(root)
    process = child(root, ows("Identifier"))
    if process is None or not text(process):
        raise MissingParameter("Identifier", "element 'ows:Identifier' is missing: of what process?")
    return command(
        text(process),
        _Inputs(document, body, limits).of(root),
        _outputs(root),
        attribute(root, "mode"),
        attribute(root, "response"),
        languages,
    )


def command(
    process: str,
    inputs: Mapping[str, tuple[Raw, ...]],
    outputs: Mapping[str, OutputRequest],
    mode: str | None,
    response: str | None,
    languages: Languages,
) -> Execute:
    """The command, however the words came; no outputs are all of them."""
    chosen = _word(mode, "mode", _MODES, Mode.AUTO)
    form = _word(response, "response", _FORMS, ResponseForm.DOCUMENT)
    return Execute(
        process,
        inputs,
        outputs or None,
        chosen,
        Asked(NAME, VERSION, response=form),
        wait=PROMPT if chosen is Mode.AUTO else None,
        languages=languages,
        strict=True,
        single=form is ResponseForm.RAW,
    )


def _word(given: str | None, name: str, known: Mapping[str, T], default: T) -> T:
    if given is None:
        return default
    try:
        return known[given]
    except KeyError:
        raise BadParameter(f"'{name}' is {', '.join(known)}; given {quoted(given, 40)}", name) from None


def transmission(given: str | None, locator: str) -> Transmission | None:
    """
    Raises:
        BadRequest: it is neither value nor reference.
    """
    if given is None:
        return None
    if given not in _TRANSMISSIONS:
        raise BadRequest(
            f"the transmission of an output is value or reference; given {quoted(given, 40)}", locator
        )
    return _TRANSMISSIONS[given]


# -- inputs and outputs ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Inputs:
    document: Document
    body: Buffer
    limits: Limits

    def of(self, parent: Element) -> dict[str, tuple[Raw, ...]]:
        """Of one level; an id that is repeated has several values."""
        found: dict[str, list[Raw]] = {}
        for element in parent.iterchildren(wps("Input")):
            id = _id(element)
            found.setdefault(id, []).append(self.input(element, id))
        return {id: tuple(raws) for id, raws in found.items()}

    def input(self, element: Element, id: str) -> Raw:
        check_blank(element, id)
        kinds = {one.tag for one in element}
        if kinds == {wps("Input")}:
            return RawNested(self.of(element))
        if len(element) != 1 or not kinds <= {wps("Data"), wps("Reference")}:
            raise BadRequest(
                f"input {quoted(id, 80)} holds {', '.join(map(shown, element)) or 'nothing'}; it takes one of "
                f"'wps:Data' and 'wps:Reference', or inputs",
                id,
            )
        if element[0].tag == wps("Reference"):
            return data.reference(self.document, element[0], id, self.body)
        return data.value(self.document, element[0], id, self.body, self.limits)


def _outputs(parent: Element) -> dict[str, OutputRequest]:
    found: dict[str, list[OutputRequest]] = {}
    for element in parent.iterchildren(wps("Output")):
        id = _id(element)
        found.setdefault(id, []).append(_output(element, id))
    return {id: _merged(requests, id) for id, requests in found.items()}


def _output(element: Element, id: str) -> OutputRequest:
    for one in element:
        if one.tag != wps("Output"):
            raise BadRequest(f"output {quoted(id, 80)} takes no {shown(one)}", id)
    check_blank(element, id)
    format = format_of(
        attribute(element, "mimeType"), attribute(element, "encoding"), attribute(element, "schema")
    )
    wanted = transmission(attribute(element, "transmission"), id)
    return OutputRequest(format, wanted, fields=_outputs(element) or None)


def _merged(requests: Sequence[OutputRequest], id: str) -> OutputRequest:
    """A group whose parts are asked for one by one, as the schemas have it; the same asked twice is once.

    Raises:
        OptionNotOffered: one output is asked for in two ways.
    """
    first = requests[0]
    if all(other == first for other in requests):
        return first
    fields: dict[str, list[OutputRequest]] = {}
    for one in requests:
        if one.fields is None:
            raise OptionNotOffered(f"output {quoted(id, 80)} is asked for twice, in different ways", id)
        for name, request in one.fields.items():
            fields.setdefault(name, []).append(request)
    merged = {name: _merged(several, name) for name, several in fields.items()}
    return OutputRequest(first.format, first.transmission, fields=merged)


def _id(element: Element) -> str:
    id = attribute(element, "id")
    if id is None:
        raise MissingParameter("id", f"attribute 'id' of {shown(element)} is missing")
    return id


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
