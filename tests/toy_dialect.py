"""A fifth dialect in a hundred lines, plain text at /toy: another one fits without touching the core.

GET /toy/list, /toy/describe/{process}, /toy/status/{job}, /toy/results/{job}; POST /toy/run/{process} with a
form body `name=value`; POST /toy/dismiss/{job}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from azenha.domain import errors, lexical
from azenha.domain.errors import AppError, Malformed, MethodNotAllowed, NoSuchPath
from azenha.domain.messages import (
    Accepted,
    Asked,
    Command,
    Describe,
    Described,
    Dismiss,
    Dismissed,
    Execute,
    GetResults,
    GetStatus,
    ListProcesses,
    Mode,
    Outcome,
    ProcessesListed,
    Results,
    Status,
)
from azenha.domain.values import InlineText, Lexical, Literal, Raw, StoredFile
from azenha.protocols.http import FileSlice, HttpReply, HttpRequest, Limits, Site

STATUS_CODES: Mapping[type[AppError], int] = {
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.BadRequest: 400,
    errors.InvalidInputs: 400,
    errors.QueueFull: 503,
    AppError: 500,
}
COMMANDS: Mapping[str, Callable[[str], Command]] = {
    "describe": Describe,
    "status": GetStatus,
    "results": GetResults,
    "dismiss": Dismiss,
}


class ToyDialect:
    name = "toy"
    mount = "/toy"

    def __init__(self, limits: Limits) -> None:
        """Nothing to limit: a form neither nests nor is read in pieces."""

    def read(self, request: HttpRequest) -> Command:
        match request.path.split("/")[1:]:
            case ["list"]:
                return self._only("GET", request, ListProcesses(limit=10_000))
            case ["run", process]:
                return self._only("POST", request, self._run(process, bytes(request.body)))
            case [("describe" | "status" | "results" | "dismiss") as verb, name] if name:
                return self._only("POST" if verb == "dismiss" else "GET", request, COMMANDS[verb](name))
        raise NoSuchPath(self.mount + request.path)

    def _only(self, method: str, request: HttpRequest, command: Command) -> Command:
        if {"HEAD": "GET"}.get(request.method, request.method) != method:
            raise MethodNotAllowed(request.method, [method])
        return command

    def _run(self, process: str, body: bytes) -> Execute:
        inputs: dict[str, tuple[Raw, ...]] = {}
        try:
            pairs = parse_qsl(body.decode("ascii"), True, bool(body), errors="strict")
        except ValueError:
            raise Malformed("the body must be name=value&name=value") from None
        for name, text in pairs:
            inputs[name] = (*inputs.get(name, ()), Lexical(text))
        return Execute(process, inputs, None, Mode.AUTO, Asked(self.name, "1"))

    def write(self, outcome: Outcome, request: HttpRequest, site: Site) -> HttpReply:
        match outcome:
            case ProcessesListed(offerings):
                return self._text(*(o.description.id for o in offerings))
            case Described(offering):
                process = offering.description
                inputs = (f"input {i.id} {i.text.title}" for i in process.inputs)
                return self._text(process.text.title, *inputs, *(f"output {o.id}" for o in process.outputs))
            case Accepted(job):
                return self._text(f"job {job.id}", f"{site.base}/status/{job.id}", status=201)
            case Status(job) | Dismissed(job):
                return self._text(f"job {job.id}", f"state {job.state}", f"progress {job.progress}")
            case Results():
                return self._results(outcome)
        raise NoSuchPath(self.mount + request.path)

    def _results(self, outcome: Results) -> HttpReply:
        body: list[bytes | FileSlice] = []
        for output in outcome.outputs:
            for value in output.values:
                match value:
                    case Literal(scalar):
                        content: bytes | FileSlice = lexical.write(scalar).encode()
                    case InlineText(text):
                        content = text.encode()
                    case StoredFile(key, _, size):
                        content = FileSlice(f"{outcome.folder}/{key}", 0, size)
                    case _:
                        content = b"(not to be had as text)"
                body += [f"{output.id}=".encode(), content, b"\n"]
        return HttpReply(200, (("Content-Type", "text/plain; charset=utf-8"),), tuple(body))

    def fault(self, error: AppError, request: HttpRequest, site: Site) -> HttpReply:
        status = next(STATUS_CODES[c] for c in type(error).__mro__ if c in STATUS_CODES)
        return self._text(f"error {error}", status=status)

    def _text(self, *lines: str, status: int = 200) -> HttpReply:
        body = "".join(f"{line}\n" for line in lines).encode()
        return HttpReply(status, (("Content-Type", "text/plain; charset=utf-8"),), (body,))
