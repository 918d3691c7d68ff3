"""What OGC services have in common (OWS Common 1.1, 06-121r3, and 2.0, 06-121r9), apart from KVP.

Negotiation of the version, sections, formats, and the exception report with its codes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from lxml import etree

from azenha.domain import errors
from azenha.domain.errors import AppError, BadRequest, InvalidInputs, UpdateSequenceAhead, VersionNotOffered
from azenha.domain.lexical import quoted
from azenha.domain.process import Format
from azenha.protocols.xml import Element, check_blank, shown
from azenha.protocols.xml_write import Tag

ALL: Final = "All"


class Edition(StrEnum):
    """Of OWS Common: 1.1 in WPS 1.0.0, 2.0 in WPS 2.0."""

    V1_1 = "http://www.opengis.net/ows/1.1"
    V2_0 = "http://www.opengis.net/ows/2.0"

    @property
    def report_version(self) -> str:
        """Of an exception report: what the services of that edition write."""
        return "1.0.0" if self is Edition.V1_1 else "2.0.0"


# -- negotiation -----------------------------------------------------------------------------------


def version(accepted: Sequence[str], offered: Sequence[str]) -> str:
    """The version to answer in: the client's first that is offered (06-121r9 §7.3.2).

    Args:
        accepted: in the client's order; empty: it takes any.
        offered: the default first.
    Raises:
        VersionNotOffered
    """
    if not accepted:
        return offered[0]
    for wanted in accepted:
        if wanted in offered:
            return wanted
    given = ", ".join(quoted(v, 20) for v in accepted[:10])
    raise VersionNotOffered(f"version {given} is not offered; offered: {', '.join(offered)}")


def check_version(given: str, own: str, offered: Sequence[str]) -> None:
    """The version that a request names which is for no capabilities.

    Args:
        own: of the edition in whose words the request is.
        offered: all that are spoken at the address, the default first.
    Raises:
        VersionNotOffered: it is another.
    """
    if given == own:
        return
    if given in offered:
        raise VersionNotOffered(f"the request is in the words of version {own}, and names {given}", "version")
    raise VersionNotOffered(
        f"version {quoted(given, 40)} is not offered; offered: {', '.join(offered)}", "version"
    )


def sections(wanted: Collection[str], known: Sequence[str]) -> frozenset[str]:
    """Which sections of the capabilities to write; names that are not known are passed over (06-121r9 §7.3.3)."""
    if not wanted or ALL in wanted:
        return frozenset(known)
    return frozenset(known) & frozenset(wanted)


_LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AcceptVersions": "Version",
        "Sections": "Section",
        "AcceptFormats": "OutputFormat",
        "AcceptLanguages": "Language",
    }
)


def check_capabilities(root: Element) -> None:
    """A request for the capabilities in XML, in whatever edition: it has nothing but what these have (§7.2).

    Raises:
        BadRequest: it has; locator is the local name.
    """
    check_blank(root)
    for one in root:
        name = etree.QName(one).localname
        if name == "Extension":
            continue
        if name not in _LISTS:
            raise BadRequest(f"element {shown(root)} takes no {shown(one)}", name)
        check_blank(one)
        for item in one:
            if (inner := etree.QName(item).localname) != _LISTS[name]:
                raise BadRequest(f"element {shown(one)} holds {shown(item)}; it takes {_LISTS[name]}", inner)


def is_current(given: str | None, ours: str) -> bool:
    """Whether the client has this very capabilities document already (updateSequence).

    Raises:
        UpdateSequenceAhead: both are numbers, and the client's is greater.
    """
    if given is None:
        return False
    if (
        given.isascii()
        and given.isdigit()
        and ours.isdigit()
        and len(given) < 1000
        and int(given) > int(ours)
    ):
        raise UpdateSequenceAhead(f"updateSequence {quoted(given, 40)} is greater than ours, {ours}")
    return given == ours


def format_of(mime_type: str | None, encoding: str | None, schema: str | None) -> Format | None:
    """The format that three attributes name; empty ones name nothing. None where all are empty.

    Without a media type it is empty, and the others say which of the offered formats is meant.
    """
    if not (mime_type or encoding or schema):
        return None
    return Format(mime_type or "", encoding or None, schema or None)


# -- exceptions ------------------------------------------------------------------------------------

Fault = tuple[str, int]

# Code and HTTP status by kind of error, looked up along the MRO; a dialect puts its own codes over these. For
# mistakes of the client 400 is preferred: of other statuses, clients lose the report.
FAULTS: Final[Mapping[type[AppError], Fault]] = MappingProxyType(
    {
        AppError: ("NoApplicableCode", 500),
        errors.BadRequest: ("InvalidParameterValue", 400),
        errors.Malformed: ("NoApplicableCode", 400),
        errors.BadParameter: ("InvalidParameterValue", 400),
        errors.MissingParameter: ("MissingParameterValue", 400),
        errors.VersionNotOffered: ("VersionNegotiationFailed", 400),
        errors.NoSuchOperation: ("OperationNotSupported", 501),
        errors.OptionNotOffered: ("OptionNotSupported", 501),
        errors.UpdateSequenceAhead: ("InvalidUpdateSequence", 400),
        errors.UnsupportedMediaType: ("NoApplicableCode", 400),
        errors.TooLarge: ("NoApplicableCode", 413),
        errors.InvalidInputs: ("InvalidParameterValue", 400),
        errors.InputProblem: ("InvalidParameterValue", 400),
        errors.MissingInput: ("MissingParameterValue", 400),
        errors.TooFewValues: ("MissingParameterValue", 400),
        errors.NotFound: ("InvalidParameterValue", 400),
        errors.NoSuchPath: ("NoApplicableCode", 404),
        errors.MethodNotAllowed: ("NoApplicableCode", 405),
        errors.NotAcceptable: ("NoApplicableCode", 406),
        errors.PreconditionFailed: ("NoApplicableCode", 412),
        errors.RangeNotSatisfiable: ("NoApplicableCode", 416),
        errors.Forbidden: ("NoApplicableCode", 403),
        errors.Locked: ("NoApplicableCode", 400),
        errors.ModeNotOffered: ("InvalidParameterValue", 400),
        errors.JobStateConflict: ("JobStateConflict", 409),
        errors.PauseNotOffered: ("OperationNotSupported", 501),
        errors.QueueFull: ("ServerBusy", 503),
        errors.TookTooLong: ("NoApplicableCode", 504),
        errors.FetchFailed: ("NoApplicableCode", 400),
        errors.ResultsUnreachable: ("NoApplicableCode", 503),
        errors.StoreFailed: ("NoApplicableCode", 503),
        errors.NoRoom: ("NoApplicableCode", 500),
        errors.ServiceFailed: ("NoApplicableCode", 502),
        errors.ServiceBusy: ("ServerBusy", 503),
        errors.ServerEnds: ("ServerBusy", 503),
        errors.ServiceTookTooLong: ("NoApplicableCode", 504),
        errors.ProcessUnavailable: ("NoApplicableCode", 503),
        errors.JobFailed: ("NoApplicableCode", 500),
    }
)

# OWS Common and both editions of WPS want these without a locator. Negotiation that failed has none either: no
# parameter but AcceptVersions is to blame; of other requests `version` is.
_WITHOUT_LOCATOR: Final = frozenset(
    {
        "NoApplicableCode",
        "InvalidUpdateSequence",
        "NotEnoughStorage",
        "ServerBusy",
    }
)


@dataclass(frozen=True, slots=True)
class OwsException:
    """One `ows:Exception`. `locator` is None, `text` empty, where the code allows none."""

    code: str
    text: str = ""
    locator: str | None = None


def status_and_exceptions(
    error: AppError, table: Mapping[type[AppError], Fault]
) -> tuple[int, tuple[OwsException, ...]]:
    """What an error is in OWS words: an exception for every problem that it has; the first decides the status."""
    problems = error.problems if isinstance(error, InvalidInputs) and error.problems else (error,)
    found = []
    for problem in problems:
        code, _ = fault(problem, table)
        found.append(OwsException(code, str(problem), None if code in _WITHOUT_LOCATOR else problem.locator))
    return fault(problems[0], table)[1], tuple(found)


def fault(error: AppError, table: Mapping[type[AppError], Fault]) -> Fault:
    """Code and HTTP status of one error."""
    return next(table[c] for c in type(error).__mro__ if c in table)


def exception_report(
    exceptions: Sequence[OwsException], edition: Edition, language: str | None = None
) -> Tag:
    """`ows:ExceptionReport` (06-121r3 and r9 §8.4); the same in both editions but for namespace and version."""
    return Tag(
        "ows:ExceptionReport",
        *(
            Tag(
                "ows:Exception",
                Tag("ows:ExceptionText", one.text) if one.text else None,
                attributes={"exceptionCode": one.code, "locator": one.locator},
            )
            for one in exceptions
        ),
        attributes={"version": edition.report_version, "xml:lang": language},
    )
