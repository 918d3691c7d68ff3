"""What a process knows of the job it runs in: the author's face of it."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from azenha.authoring.errors import Cancelled


class Reporter(Protocol):
    """Where a context reports to: the pipe of the child, or a test's recorder."""

    def progress(self, percent: int, message: str | None) -> None: ...

    def log(self, level: int, text: str) -> None:
        """A line for the job's log; `level` as in logging."""

    def cancelled(self) -> bool: ...


@dataclass
class Recorder:
    """A reporter that keeps what it is told: for tests of a process."""

    progressed: list[tuple[int, str | None]] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)
    dismissed: bool = False

    def progress(self, percent: int, message: str | None) -> None:
        self.progressed.append((percent, message))

    def log(self, level: int, text: str) -> None:
        self.lines.append((level, text))

    def cancelled(self) -> bool:
        return self.dismissed


@dataclass(frozen=True)
class Command:
    """A command that ended well.

    Attributes:
        output: the end of what it wrote, at most 64 Ki characters; all of it is in the log.
    """

    args: tuple[str, ...]
    returncode: int
    output: str


class _ToReporter(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception:  # arguments that do not fit their text
            self.handleError(record)  # as every handler of logging: told on standard error, and no more
            return
        self._reporter.log(record.levelno, text)


class Context:
    """The job, as seen by its process. A parameter annotated `Context`, of whatever name, gets it.

    Attributes:
        workdir: a folder of the job's own, empty at the start, removed at the end. Outputs are written here.
        job: the job's id; empty in tests.
        attempt: how often it was started, from 1: above that, where the process allows retries, an earlier one
            was cut off.
    """

    def __init__(
        self,
        *,
        workdir: Path,
        reporter: Reporter,
        units: Mapping[str, str | tuple[str, ...]] | None = None,
        formats: Mapping[str, str] | None = None,
        job: str = "",
        attempt: int = 1,
    ) -> None:
        """`units`: of each input with one, or of its values; `formats`: media types asked for, by output."""
        self.workdir = workdir
        self.job = job
        self.attempt = attempt
        self._reporter = reporter
        self._units = dict(units or {})
        self._formats = dict(formats or {})
        self._percent = 0
        self._log: logging.Logger | None = None

    @classmethod
    def for_tests(
        cls,
        folder: str | os.PathLike[str],
        *,
        reporter: Reporter | None = None,
        units: Mapping[str, str | tuple[str, ...]] | None = None,
        formats: Mapping[str, str] | None = None,
    ) -> Context:
        """A context without a job: call the process as the function it is. `folder` is made if need be."""
        workdir = Path(folder)
        workdir.mkdir(parents=True, exist_ok=True)
        return cls(workdir=workdir, reporter=reporter or Recorder(), units=units, formats=formats)

    @property
    def log(self) -> logging.Logger:
        """What is logged here stands in the job's log, from INFO up; clients may read it."""
        if self._log is None:
            # Not by getLogger: it belongs to this job alone, and no other logger sees its records.
            self._log = logging.Logger("azenha.process", logging.INFO)
            self._log.addHandler(_ToReporter(self._reporter))
        return self._log

    def with_units(self, units: Mapping[str, str | tuple[str, ...]]) -> Context:
        """The same job, with the units of its inputs; those that this one knows already stay."""
        return Context(
            workdir=self.workdir,
            reporter=self._reporter,
            units={**units, **self._units},
            formats=self._formats,
            job=self.job,
            attempt=self.attempt,
        )

    def progress(self, percent: float, message: str | None = None) -> None:
        """Say how far the job is, from 0 to 100, and what it does. Rounded down: 100 is only the end."""
        if not 0 <= percent <= 100:  # also false for NaN
            raise ValueError(f"progress is from 0 to 100 percent, got {percent}")
        self._percent = math.floor(percent)
        self._reporter.progress(self._percent, message)

    def message(self, text: str) -> None:
        """Say what the job does, its progress being what it was."""
        self._reporter.progress(self._percent, text)

    def check(self) -> None:
        """Call this often, a few times a second: it ends the process when the client has dismissed the job.

        Of a process with `pause="cooperative"` it does not return while the job is paused.


        Raises:
            Cancelled: let it pass.
        """
        if self._reporter.cancelled():
            raise Cancelled("the job was dismissed")

    def unit(self, name: str, item: int = 0) -> str:
        """The unit in which input `name` (or `record.field`) came; of a list, that of value `item`, from 0.

        Raises:
            LookupError: that input has no units, or was left out and has no default.
        """
        try:
            units = self._units[name]
        except KeyError:
            known = ", ".join(self._units) or "none"
            raise LookupError(f"input '{name}' has no unit here; inputs with a unit: {known}") from None
        return units if isinstance(units, str) else units[item]

    def media_type(self, output: str = "result") -> str | None:
        """The media type that the client asked for; None where it left that open: the first declared one."""
        return self._formats.get(output) or None  # an encoding alone may be asked for

    def run(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Command:
        """Run a command line, its output line by line in the job's log; no shell, no standard input.

        Args:
            argv: the command and its arguments, one by one.
            cwd: the folder it runs in; `workdir` if None.
            env: variables beyond those of this process.
        Raises:
            CommandFailed: it could not be started, or ended with an exit code other than 0.
            Cancelled: the job was dismissed; the command has been ended.
        """
        if isinstance(argv, (str, bytes)) or not argv:
            raise ValueError(f"argv is a list such as ['gdalinfo', path], got {argv!r}")
        self.check()

        from azenha.authoring.command import run  # most processes run no command

        args = [os.fspath(a) for a in argv]
        output = run(args, os.fspath(cwd or self.workdir), env, self.log, self.check)
        return Command(tuple(args), 0, output)
