"""Callbacks (OGC 18-062r2 §13): `subscriber` in a request, and the bodies that are sent to its addresses.

To `successUri` results.yaml, whatever form the results were asked in: all in one document, with what is large in
files told by its address. To `inProgressUri` and `failedUri` statusInfo.yaml: of a job that failed it has the
member `exception`, and a job that was dismissed is told to `failedUri` too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from azenha.domain.callbacks import Subscriber
from azenha.domain.errors import BadRequest
from azenha.domain.messages import OutputRequest, OutputValue, Results, Status, Transmission
from azenha.domain.names import near
from azenha.domain.values import StoredFile
from azenha.protocols import json
from azenha.protocols.http import HttpReply, Site
from azenha.protocols.ogcapi import jobs, results
from azenha.protocols.ogcapi.documents import job_address
from azenha.protocols.ogcapi.words import JSON

MEMBER: Final = "subscriber"
LONGEST: Final = 2048  # characters of an address
CARRIED: Final = 1024 * 1024  # bytes in files that one callback carries; what is more is told by its address

# Member of subscriber.yaml -> attribute of Subscriber.
_MEMBERS: Final[Mapping[str, str]] = {
    "successUri": "success",
    "inProgressUri": "in_progress",
    "failedUri": "failed",
}


def subscriber(given: object, base: str) -> Subscriber:
    """Read the member `subscriber`. Whether its addresses may be called, the use case looks at.

    Args:
        base: see `Subscriber`.
    Raises:
        BadRequest: it is not as subscriber.yaml has it, or names no address.
    """
    if not isinstance(given, dict):
        raise BadRequest("'subscriber' must be an object with the addresses to call", MEMBER)
    for name, address in given.items():
        locator = f"{MEMBER}.{name}"
        if name not in _MEMBERS:
            guess = near(name, _MEMBERS)
            hint = f"; did you mean '{guess}'?" if guess else ""
            raise BadRequest(
                f"'{MEMBER}' has no member '{name}'{hint} (known: {', '.join(_MEMBERS)})", locator
            )
        if not isinstance(address, str) or not address:
            raise BadRequest(f"'{locator}' must be an address, http or https, as a string", locator)
        if len(address) > LONGEST:
            raise BadRequest(
                f"'{locator}' has {len(address)} characters; an address has at most {LONGEST}", locator
            )
        if not (address.isascii() and address.isprintable()) or " " in address:
            raise BadRequest(
                f"'{locator}' must be an address of ASCII characters without blanks (RFC 3986), others written as "
                "%XX, and in names of hosts as xn--…",
                locator,
            )
    if not given:
        raise BadRequest(f"'{MEMBER}' names no address (known: {', '.join(_MEMBERS)})", MEMBER)
    return Subscriber(**{_MEMBERS[name]: address for name, address in given.items()}, base=base)


def members(given: Subscriber) -> dict[str, object]:
    """As subscriber.yaml has it."""
    return {
        name: address
        for name, attribute in _MEMBERS.items()
        if (address := getattr(given, attribute)) is not None
    }


def write(outcome: Results | Status, site: Site) -> HttpReply:
    """What is sent: a body with its headers. The results have no room for the job: a link leads to it.

    Raises:
        NoSuchJob: files of the results are gone.
    """
    monitor = f'<{job_address(site, outcome.job.id)}>; rel="monitor"'
    headers = (("Content-Type", JSON), ("Link", monitor))
    if isinstance(outcome, Status):
        return HttpReply(200, headers, (json.dump(jobs.status(outcome.job, site)),))
    return HttpReply(200, headers, results.document(_referred(outcome), site))


def _referred(outcome: Results) -> Results:
    """With files by reference where they are more than a callback carries."""
    if sum(map(_bytes, outcome.outputs)) <= CARRIED:
        return outcome
    return replace(outcome, outputs=tuple(map(_by_reference, outcome.outputs)))


def _bytes(output: OutputValue) -> int:
    return sum(value.size for value in output.values if isinstance(value, StoredFile))


def _by_reference(output: OutputValue) -> OutputValue:
    if not _bytes(output):
        return output
    return replace(output, request=OutputRequest(output.request.format, Transmission.REFERENCE))
