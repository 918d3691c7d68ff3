"""What was asked for is not there."""

from __future__ import annotations

from collections.abc import Sequence

from azenha.domain.errors.base import AppError, InState
from azenha.domain.job import JobState


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
    def __init__(self, job: str, state: JobState) -> None:
        self.state, self.around = state, (f"job '{job}' has no results yet: it is ", "")
        super().__init__(job, self.told({}))


class ResultsGone(NotFound):
    """The job was dismissed: it will never have results."""

    def __init__(self, job: str) -> None:
        super().__init__(job, f"job '{job}' was dismissed and has no results")
