"""What was asked cannot be done now, or by this caller; and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from azenha.domain.errors.base import AppError, InState
from azenha.domain.job import JobState


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
    """None of the wanted bytes are there (RFC 9110 §15.5.17)."""

    def __init__(self, wanted: str, length: int) -> None:
        super().__init__(f"none of the ranges '{wanted[:200]}' lies within the {length} bytes that are here")


class Forbidden(AppError):
    """Refused whoever asks: a foreign host or origin, an address that may not be fetched."""


class ForbiddenAddress(Forbidden):
    """An address outside the policy (private, loopback, wrong scheme or port)."""


class DismissNotOffered(Forbidden):
    """Jobs of that process cannot be dismissed before they end; `locator` names the operation."""

    locator = "Dismiss"


class Locked(AppError):
    """A job can be changed and started only while it is created, and by one client at a time."""

    def __init__(self, job: str, message: str) -> None:
        super().__init__(message)
        self.locator = job


class NotCreated(InState, Locked):
    """What only a created job can be was asked of one in another `state`."""

    def __init__(self, job: str, state: JobState, what: str) -> None:
        self.state = state
        self.around = f"job '{job}' cannot be {what}: it is ", ", and only a created job can"
        super().__init__(job, self.told({}))


class JobStateConflict(InState, AppError):
    """What was asked of a job is not possible in its `state`; `locator` is its id."""

    def __init__(self, job: str, state: JobState, what: str) -> None:
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


class ServerEnds(AppError):
    """The server ends before a synchronous job did; it was dismissed. `retry_after` in seconds."""

    def __init__(self, process: str) -> None:
        super().__init__(
            f"this server ends, and did not wait for process '{process}' any longer: its job is dismissed; "
            f"ask again later, or asynchronously (Prefer: respond-async): such jobs survive its end"
        )
        self.locator, self.retry_after = process, 30


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


class NoRoom(AppError):
    """There is no room on the server's disk for what the client sends: nothing of it was kept."""

    def __init__(self) -> None:
        super().__init__("the server has no room for what was sent; try again later, or send less")


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
