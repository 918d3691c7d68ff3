"""Exit codes that scripts can use, and the exception that ends a command with one."""

from __future__ import annotations

OK = 0
FAILED = 1  # the job failed, or `check` found problems
USAGE = 2  # usage or bad input; argparse uses the same
NOT_FOUND = 3  # no such process or job
UNREACHABLE = 4  # the server cannot be reached, or cannot answer
INTERRUPTED = 130  # Ctrl-C, as shells count it (128 + SIGINT)


class Stop(Exception):
    """End the command with this exit code; each line of the message is for a person, on standard error."""

    def __init__(self, code: int, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.code = code
        self.lines = lines
