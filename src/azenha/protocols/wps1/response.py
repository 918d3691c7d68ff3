"""`wps:ExecuteResponse` (wpsExecute_response.xsd): a job as it is, whichever dialect it was asked in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from azenha.domain.job import Job, JobState
from azenha.domain.messages import (
    Accepted,
    JobRecord,
    OutputRequest,
    OutputValue,
    StoredRequest,
    Transmission,
)
from azenha.domain.process import Domain, Format, ProcessDescription, Text
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, StoredFile, Value
from azenha.domain.written import Written, paired
from azenha.protocols.http import Site
from azenha.protocols.ows_service import MIME_TYPE
from azenha.protocols.services.addresses import links as service_links
from azenha.protocols.wps import outputs, states, values_out
from azenha.protocols.wps1 import faults
from azenha.protocols.wps1.capabilities import instance
from azenha.protocols.wps1.describe import brief, crs_text, named
from azenha.protocols.wps1.words import VERSION
from azenha.protocols.xml_write import Tag, Verbatim, fragment, several

_DISMISSED: Final = "the job was dismissed"
_LOST: Final = "the job failed, and no reason was recorded"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A process in one language; `brief`: what a response begins with, rendered."""

    description: ProcessDescription
    brief: Verbatim


def spoken(description: ProcessDescription) -> Spoken:
    """
    Args:
        description: in the language.
    """
    return Spoken(description, Verbatim(fragment(brief(description), {})))


def unknown(request: StoredRequest) -> Spoken:
    """What little is known of a process that is not offered any more."""
    return spoken(ProcessDescription(request.process, request.version, Text(request.process)))


def accepted(outcome: Accepted, process: Spoken, site: Site) -> Tag:
    """The answer to an asynchronous Execute: where to look."""
    assert outcome.request is not None
    job, request = outcome.job, outcome.request
    told = _Told(job, request, process, site, outcome.inputs)
    status = _status(job, JobState.ACCEPTED, job.created)
    return told.response(status, located=True)


def record(outcome: JobRecord, process: Spoken, site: Site, *, located: bool) -> Tag:
    """A job as it is now.

    Args:
        located: its address is told.
    Raises:
        NoSuchJob: its files are gone.
    """
    job, request = outcome.job, outcome.request
    told = _Told(job, request, process, site, outcome.inputs, outcome.folder)
    status = _status(job, job.state, job.finished or outcome.now)
    return told.response(status, located=located, outputs=outcome.outputs)


def _status(job: Job, state: JobState, time: datetime) -> Tag:
    word = f"wps:{states.V1[state]}"
    percent = {"percentCompleted": str(min(job.progress, 99))}
    match states.V1[state]:
        case "ProcessAccepted":
            content = Tag(word, "The job waits for its turn")
        case "ProcessStarted":
            content = Tag(word, job.message or "The job runs", attributes=percent)
        case "ProcessPaused":
            content = Tag(word, job.message or "The job is paused", attributes=percent)
        case "ProcessSucceeded":
            content = Tag(word, job.message or "The job succeeded")
        case _:
            why = _DISMISSED if state is JobState.DISMISSED else _LOST
            # birdy takes the first 50 characters of the text of a status, and of a failed one there is none else.
            content = Tag(word, "\n", faults.failed(job.failure, why), "\n")
    return Tag("wps:Status", content, attributes={"creationTime": _instant(time)})


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Told:
    """What is told of one job, in one language."""

    def __init__(
        self,
        job: Job,
        request: StoredRequest,
        process: Spoken,
        site: Site,
        inputs: str = "",
        folder: str = "",
    ) -> None:
        self.job = job
        self.request = request
        self.process = process.description
        self.brief = process.brief
        self.site = site
        self.inputs = inputs
        self.folder = folder

    def response(self, status: Tag, *, located: bool, outputs: tuple[OutputValue, ...] = ()) -> Tag:
        found = [*several(tag for output in outputs for tag in self.output(output))]
        return Tag(
            "wps:ExecuteResponse",
            self.brief,
            status,
            *(self.lineage() if self.request.asked.lineage else ()),
            Tag("wps:ProcessOutputs", *found) if found else None,
            attributes={
                "service": "WPS",
                "version": VERSION,
                "xml:lang": self.request.asked.language,
                "serviceInstance": instance(self.site),
                "statusLocation": f"{self.site.base}{_path(self.job)}" if located else None,
            },
        )

    # -- lineage -----------------------------------------------------------------------------------

    def lineage(self) -> Iterator[Tag]:
        """What was asked: inputs, references as such, and the outputs that are wanted."""
        wording = self.request.wording
        inputs = [*several(self.input(*one) for one in paired(wording, self.request.inputs))]
        if inputs:
            yield Tag("wps:DataInputs", *inputs)
        asked = self.request.outputs
        if asked is None:
            asked = {output.id: OutputRequest() for output in self.process.outputs}
        if asked:
            written = {one.id: one for one in wording.outputs} if wording else {}
            definitions = (self.definition(id, one, written.get(id)) for id, one in asked.items())
            yield Tag("wps:OutputDefinitions", *definitions)

    def input(self, written: Written | None, id: str, value: Value) -> Tag:
        """As the client wrote it; where that is not known, as it is described."""
        if written is not None:
            return Tag("wps:Input", *_headed(written), self.copy(written, value))
        described = self.process.input(id)
        text, domain = (described.text, described.domain) if described else (Text(id), None)
        content = _asked(value) if isinstance(value, Reference) else self.data(value, domain, self.inputs)
        return Tag("wps:Input", *named(id, text), content)

    def copy(self, written: Written, value: Value) -> Tag:
        match value:
            case Reference():
                return _asked(value, written.format)
            case Literal(scalar):
                given = written.text if written.text is not None else values_out.text(scalar)
                return Tag("wps:Data", _literal(given, written.type, written.unit))
            case Box() if written.corners is not None:
                return Tag("wps:Data", _box(*written.corners, written.crs, written.dimensions))
            case Box():
                described = self.process.input(written.id)
                return self.data(value, described.domain if described else None, self.inputs)
            case InlineText() | InlineBytes() | StoredFile() | Record():
                found = values_out.embedded(value, self.inputs, self.job.id, written.format)
                return Tag("wps:Data", _complex(found.content, _as_written(written.format, found.format)))

    def definition(self, id: str, asked: OutputRequest, written: Written | None) -> Tag:
        by_reference = asked.transmission is Transmission.REFERENCE
        headed = _headed(written) if written else named(id, self.output_text(id, asked))
        return Tag(
            "wps:Output",
            *headed,
            attributes={
                **_attributes(written.format if written else asked.named),
                "uom": asked.unit,
                "asReference": "true" if by_reference else "false",
            },
        )

    # -- outputs -----------------------------------------------------------------------------------

    def output_text(self, id: str, asked: OutputRequest) -> Text:
        """Title and abstract: those that the client gave replace those described."""
        described = self.process.output(id)
        text = described.text if described else Text(id)
        return Text(asked.title or text.title, asked.abstract or text.abstract)

    def output(self, output: OutputValue) -> Iterator[Tag]:
        """One for each value: a list is told as several outputs of one name."""
        text = self.output_text(output.id, output.request)
        if served := service_links(output, self.job.id, self.site):
            for one in served:
                attributes = {"href": one.href, **_attributes(Format(one.type))}
                yield Tag("wps:Output", *named(output.id, text), Tag("wps:Reference", attributes=attributes))
            return
        for index, value in enumerate(output.values):
            if isinstance(value, Reference) or output.request.transmission is Transmission.REFERENCE:
                content = self.reference(output.id, index, value)
            else:
                content = self.data(value, output.domain, self.folder, output.request.format)
            yield Tag("wps:Output", *named(output.id, text), content)

    def reference(self, output: str, index: int, value: Value) -> Tag:
        """Its `href` is in no namespace, unlike that of an input."""
        if isinstance(value, InlineText | InlineBytes | StoredFile | Reference):
            format = value.format
        else:
            format = Format(outputs.media_type(value) or "")
        return Tag(
            "wps:Reference",
            attributes={
                "href": outputs.address(self.site, self.job.id, output, index, value),
                **_attributes(format),
            },
        )

    def data(self, value: Value, domain: Domain | None, folder: str, asked: Format | None = None) -> Tag:
        match value:
            case Literal(scalar, unit):
                return Tag("wps:Data", _literal(values_out.text(scalar), values_out.data_type(scalar), unit))
            case Box():
                lower, upper = values_out.corners(value, domain)
                box = _box(lower, upper, crs_text(value.crs), str(len(value.minimum)))
                return Tag("wps:Data", box)
            case Reference():
                raise AssertionError("a reference is told as such")
            case InlineText() | InlineBytes() | StoredFile() | Record():
                found = values_out.embedded(value, folder, self.job.id, asked)
                return Tag("wps:Data", _complex(found.content, found.format))


def _path(job: Job) -> str:
    return outputs.job_path(job.id)


def _attributes(format: Format | None) -> dict[str, str | None]:
    """What is empty, or no media type to the schemas, is left out: it would not be valid."""
    if format is None:
        return {}
    spelled = (format.media_type, format.media_type.lower())  # the schemas know but small letters
    return {
        "mimeType": next((t for t in spelled if MIME_TYPE.fullmatch(t)), None),
        "encoding": format.encoding or None,
        "schema": format.schema or None,
    }


def _headed(written: Written) -> Iterator[Tag]:
    """What an input or output begins with, of what its client said of it alone."""
    yield Tag("ows:Identifier", written.id)
    if written.title is not None:
        yield Tag("ows:Title", written.title)
    if written.abstract is not None:
        yield Tag("ows:Abstract", written.abstract)


def _box(lower: str, upper: str, crs: str | None, dimensions: str | None) -> Tag:
    corners = (Tag("ows:LowerCorner", lower), Tag("ows:UpperCorner", upper))
    return Tag("wps:BoundingBoxData", *corners, attributes={"crs": crs, "dimensions": dimensions})


def _literal(text: str, type: str | None, unit: str | None) -> Tag:
    """A literal; what XML cannot carry of text is told as data in base64, and not as something else."""
    if (found := values_out.packed(text)) is not None:
        return _complex(found.content, found.format)
    return Tag("wps:LiteralData", text, attributes={"dataType": type, "uom": unit})


def _complex(content: str | Verbatim, format: Format | None) -> Tag:
    return Tag("wps:ComplexData", content, attributes=_attributes(format))


def _as_written(asked: Format | None, found: Format) -> Format | None:
    """The format that the client named, with the encoding that the content now has where it is base64."""
    if found.encoding is None:
        return asked
    return replace(asked or Format(""), encoding=found.encoding)


def _asked(reference: Reference, format: Format | None = None) -> Tag:
    """A reference of an input, as it was asked for.

    Args:
        format: that the client named, where that is known.
    """
    body = reference.body
    return Tag(
        "wps:Reference",
        *(Tag("wps:Header", attributes={"key": key, "value": value}) for key, value in reference.headers),
        None if body is None else Tag("wps:Body", values_out.posted(body)),
        None
        if reference.body_href is None
        else Tag("wps:BodyReference", attributes={"xlink:href": reference.body_href}),
        attributes={
            "xlink:href": reference.href,
            "method": reference.method,
            **_attributes(format or reference.format),
        },
    )
