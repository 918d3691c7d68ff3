"""The one error tree: facts about what went wrong, in the words of the domain.

No HTTP, no XML, no logging. Each protocol maps these classes to its own codes in one table, looked up
along the class hierarchy. `str(error)` is a whole sentence for a person: what was given, what is allowed, where.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from azenha.domain.job import InState


class AppError(Exception):
    """Base. `locator` names the input, output, parameter or job concerned; None where there is none."""

    locator: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are made again from their `args`, which is the message here and not what __init__ takes.
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[AppError], args: tuple[object, ...], facts: dict[str, object]) -> AppError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


# -- what was asked is wrong ---------------------------------------------------------------------


class BadRequest(AppError):
    """The request itself is wrong: its form, or a value in it."""

    def __init__(self, message: str, locator: str | None = None) -> None:
        super().__init__(message)
        self.locator = locator


class Malformed(BadRequest):
    """The body is not what its media type says (not JSON, nested too deeply, NaN …)."""


class BadParameter(BadRequest):
    """A query parameter or header has a value that is not allowed; `locator` is its name."""


class MissingParameter(BadParameter):
    """A parameter that the operation needs was not given; `locator` is its name."""

    def __init__(self, name: str, message: str | None = None) -> None:
        super().__init__(message or f"parameter '{name}' is missing", name)


class VersionNotOffered(BadRequest):
    """None of the versions that the client can read is spoken here."""


class NoSuchOperation(BadRequest):
    """The protocol, or this server, has no operation of that name; `locator` is the name."""


class OptionNotOffered(BadRequest):
    """The protocol has the option, this server has not; `locator` is its name."""


class ModeNotOffered(BadParameter):
    """The process does not run in the mode that was demanded, which `locator` is."""


class UpdateSequenceAhead(BadRequest):
    """The client claims to have a newer capabilities document than there is."""


class HeaderNotUnderstood(BadRequest):
    """A SOAP header that the receiver must understand, or refuse the message."""


class UnsupportedMediaType(BadRequest):
    """The body has a media type that this operation does not take."""


class UnsupportedSchema(BadRequest):
    """The body is of a kind that this operation does not take (an openEO process graph …)."""


class TooLarge(BadRequest):
    """Body or value above its limit; the message names the setting."""


class InvalidInputs(AppError):
    """One or more inputs or requested outputs are wrong. `problems` has every one of them, in order."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        super().__init__("; ".join(str(p) for p in problems))
        self.problems = tuple(problems)
        self.locator = problems[0].locator if problems else None


PROBLEMS_AT_MOST = 1000  # a body of millions of bad values is answered, and not with a gigabyte


class InputProblem(AppError):
    """Something is wrong with one input. `locator` is `name`, `name[2]` (from 0) or `name.field`."""

    subject = "input"

    def __init__(self, locator: str, message: str) -> None:
        super().__init__(locator, message)
        self.locator: str = locator
        self.message = message

    def __str__(self) -> str:
        return f"{self.subject} '{self.locator}': {self.message}"


class MissingInput(InputProblem):
    """A required input was not given."""


class UnknownInput(InputProblem):
    """The process has no input of that name."""


class TooManyValues(InputProblem):
    """More values than the input takes."""


class TooFewValues(InputProblem):
    """Fewer values than the input takes."""


class InvalidValue(InputProblem):
    """A value outside the input's type, allowed values or ranges."""


class NotFetched(InvalidValue):
    """A reference that could not be fetched, or whose content is not in the encoding that it declares."""


class UnsupportedFormat(InputProblem):
    """Media type, encoding or schema not offered for this input."""


class ValueTooLarge(InputProblem):
    """A value above its maximum size."""


class UnknownOutput(InputProblem):
    """The process has no output of that name."""

    subject = "output"


class UnsupportedOutputFormat(InputProblem):
    """Format or transmission not offered for this output."""

    subject = "output"


class TooManyOutputs(InputProblem):
    """One value is to be the whole answer, and more were asked for; `locator` has their ids, with blanks between."""

    subject = "output"


class TransmissionNotOffered(InputProblem):
    """The output is not given out in that way (by value, by reference)."""

    subject = "output"


class NotPublished(InputProblem):
    """The output was made, and cannot be the service that was asked for."""

    subject = "output"


class UnsupportedOutputUnit(InputProblem):
    """Unit not offered for this output."""

    subject = "output"


# -- what was asked for is not there --------------------------------------------------------------


class NotFound(AppError):
    """Base of everything that does not exist (or exists no more)."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.locator = name


class NoSuchPath(NotFound):
    def __init__(self, path: str) -> None:
        super().__init__(path, f"there is nothing at '{path}'")


class NoSuchProcess(NotFound):
    def __init__(self, process: str, near: str | None = None) -> None:
        hint = f"; did you mean '{near}'?" if near else ""
        super().__init__(process, f"there is no process '{process}'{hint}")


class NoSuchProcesses(NoSuchProcess):
    """Several that do not exist; `locator` has them all, with a blank between."""

    def __init__(self, processes: Sequence[str]) -> None:
        named = ", ".join(f"'{p}'" for p in processes)
        NotFound.__init__(self, " ".join(processes), f"there are no processes {named}")


class NoSuchJob(NotFound):
    def __init__(self, job: str) -> None:
        super().__init__(job, f"there is no job '{job}'")


class NoSuchInput(NotFound):
    def __init__(self, input: str, known: Sequence[str]) -> None:
        super().__init__(input, f"there is no input '{input}' here; there is {', '.join(known) or 'none'}")


class NoSuchOutput(NotFound):
    """The process has no output of that name."""

    def __init__(self, output: str, known: Sequence[str]) -> None:
        super().__init__(output, f"there is no output '{output}' here; there is {', '.join(known) or 'none'}")


class NoSuchResult(NotFound):
    """An output that was not asked for or that the process left out, or a value beyond the last of a list."""


class NoSuchService(NotFound):
    """The output of a job is not published: it was not asked for so, or there is no such output or job any more."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"nothing is published at '{path}', or not any more")


class ResultsNotReady(InState, NotFound):
    def __init__(self, job: str, state: str) -> None:
        self.state, self.around = state, (f"job '{job}' has no results yet: it is ", "")
        super().__init__(job, self.told({}))


class ResultsGone(NotFound):
    """The job was dismissed: it will never have results."""

    def __init__(self, job: str) -> None:
        super().__init__(job, f"job '{job}' was dismissed and has no results")


# -- what was asked cannot be done now, or by this caller ------------------------------------------


class MethodNotAllowed(AppError):
    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not possible here; possible: {', '.join(allowed)}")
        self.allowed = tuple(allowed)


class MethodUnknown(MethodNotAllowed):
    """A method that nothing here has (RFC 9110 §9.1); `allowed`: those that something has."""


class NotAcceptable(AppError):
    """None of the media types that the client accepts can be had."""


class PreconditionFailed(AppError):
    """What is here is not what a condition of the request names."""

    def __init__(self) -> None:
        super().__init__("what is here is not what the condition of the request names")


class RangeNotSatisfiable(AppError):
    """None of the wanted bytes are there; `length`: bytes of what is."""

    def __init__(self, wanted: str, length: int) -> None:
        super().__init__(f"none of the ranges '{wanted[:200]}' lies within the {length} bytes that are here")


class Forbidden(AppError):
    """Refused whoever asks: a foreign host or origin, an address that may not be fetched."""


class ForbiddenAddress(Forbidden):
    """An address outside the policy (private, loopback, wrong scheme or port)."""


class DismissNotOffered(Forbidden):
    """Jobs of that process cannot be dismissed before they end; `locator` names the operation."""

    locator = "Dismiss"


class Locked(InState, AppError):
    """A job can be changed and started only while it is created."""

    def __init__(self, job: str, state: str, what: str) -> None:
        self.state = state
        self.around = f"job '{job}' cannot be {what}: it is ", ", and only a created job can"
        super().__init__(self.told({}))
        self.locator = job


class JobStateConflict(InState, AppError):
    """What was asked of a job is not possible in its `state`; `locator` is its id."""

    def __init__(self, job: str, state: str, what: str) -> None:
        self.state, self.around = state, (f"job '{job}' cannot be {what}: it is ", "")
        super().__init__(self.told({}))
        self.locator = job


class PauseNotOffered(AppError):
    """Jobs of that process, or run in that way, cannot be paused; `locator` names the operation asked for."""

    def __init__(self, message: str, operation: Literal["Pause", "Resume"] = "Pause") -> None:
        super().__init__(message)
        self.locator = operation


class QueueFull(AppError):
    """The queue has no room; `retry_after` in seconds."""

    def __init__(self, limit: int, setting: str, retry_after: int = 5) -> None:
        super().__init__(f"the queue is full: {limit} jobs wait already (setting {setting}); try again later")
        self.limit, self.setting = limit, setting
        self.retry_after = retry_after


class TookTooLong(AppError):
    """A synchronous job did not end in time; it was dismissed."""

    def __init__(self, process: str, seconds: float, setting: str) -> None:
        super().__init__(
            f"process '{process}' did not end within {seconds:g} s (setting {setting}), and its job was "
            f"dismissed; ask for it asynchronously (Prefer: respond-async) to let it run longer"
        )
        self.locator = process


class FetchFailed(AppError):
    """A reference could not be fetched; the message says why, and from where."""


class ServiceFailed(AppError):
    """What publishes an output gave no answer; the message says why, as far as a client may know."""


class ServiceBusy(ServiceFailed):
    """As many requests to published outputs are answered and wait as are allowed; `retry_after` in seconds."""

    def __init__(self, limit: int, setting: str, retry_after: int = 5) -> None:
        super().__init__(f"{limit} requests wait already (setting {setting}); try again later")
        self.retry_after = retry_after


class ServiceTookTooLong(ServiceFailed):
    """What publishes an output had not begun its answer within its time."""

    def __init__(self, seconds: float, setting: str) -> None:
        super().__init__(f"there was no answer within {seconds:g} s (setting {setting})")


class ResultsUnreachable(AppError):
    """Where results are kept gave no answer: they may be there all the same."""

    def __init__(self) -> None:
        super().__init__("the store of results does not answer; try again later")


class StoreFailed(AppError):
    """The store of jobs took no change (disk full, damaged file …): nothing of it was recorded."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the job store cannot be written: {reason}")


class ProcessUnavailable(AppError):
    """The process is known but cannot run here (its module does not import …); the message says the remedy."""


class JobFailed(AppError):
    """A job ended in failure; `reference` finds it in the log.

    Attributes:
        kind: one of job.FailureKind.
        subject: locator of the input or output that was to blame, None where none was.
    """

    def __init__(self, job: str, kind: str, message: str, reference: str, subject: str | None = None) -> None:
        super().__init__(f"{message} (reference {reference})")
        self.locator = job
        self.kind = kind
        self.reference = reference
        self.subject = subject
