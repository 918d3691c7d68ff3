"""What all errors have, and what some of them have in common."""

from __future__ import annotations

from collections.abc import Mapping

from azenha.domain.job import JobState


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


class InState:
    """Of an error that tells a job's `state`; `around`: what stands before and after it in the message."""

    state: JobState
    around: tuple[str, str]

    def told(self, words: Mapping[JobState, str]) -> str:
        """The message, with a dialect's word for the state."""
        return words.get(self.state, self.state).join(self.around)
