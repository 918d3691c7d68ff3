"""What can be wrong with a process itself: its signature, its return value, its commands.

No client sees these as errors of the request.
"""

from __future__ import annotations

from collections.abc import Sequence


class AuthoringError(Exception):
    """A process cannot be made of this. Raised when the author's module is imported.

    The text names module, function and parameter, says what is wrong, and what to write instead.
    """


class OutputError(Exception):
    """What a process returned is not what it declares.

    Attributes:
        output: which output, with the place inside it: `result`, `result[2]`, `area.name`.
    """

    def __init__(self, output: str, message: str) -> None:
        super().__init__(output, message)
        self.output = output
        self.message = message

    def __str__(self) -> str:
        return f"output '{self.output}': {self.message}"


class Cancelled(BaseException):
    """The job was dismissed; raised by `Context.check`.

    Like KeyboardInterrupt no Exception: a process that catches every Exception around its loop must end all
    the same.
    """


class CommandFailed(Exception):
    """A command line that a process ran ended with an exit code other than 0, or could not be started.

    Attributes:
        returncode: the exit code; negative: the signal that ended it; None: it was never started.
        tail: the end of what it wrote.
    """

    def __init__(self, args: Sequence[str], returncode: int | None, reason: str, tail: str = "") -> None:
        last = tail.rstrip().rsplit("\n", 1)[-1]
        super().__init__(f"command '{args[0]}' {reason}{f': {last}' if last else ''}")
        self.command = tuple(args)
        self.returncode = returncode
        self.tail = tail
