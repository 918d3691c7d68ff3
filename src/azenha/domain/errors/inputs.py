"""Inputs and requested outputs that are not what the process takes or gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from azenha.domain.errors.base import AppError

PROBLEMS_AT_MOST: Final = 1000  # a body of millions of bad values is answered, and not with a gigabyte


class InvalidInputs(AppError):
    """One or more inputs or requested outputs are wrong. `problems` has every one of them, in order."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        super().__init__("; ".join(str(p) for p in problems))
        self.problems = tuple(problems)
        self.locator = problems[0].locator if problems else None


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
