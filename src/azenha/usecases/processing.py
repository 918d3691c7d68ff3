"""What a client can ask of processes and jobs: the face of this package, a function per command behind it.

Sync, async and queued requests take one path: `execute` checks everything, stores one canonical request with
the job, and wakes the workers. Nothing runs here. The store blocks: the web tier gives all but `AT_ONCE` a
thread. Knows no HTTP and no SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from azenha.domain.job import JobState
from azenha.domain.messages import (
    Accepted,
    ApiDescribed,
    Command,
    ConformanceDescribed,
    Describe,
    DescribeApi,
    DescribeConformance,
    Described,
    DescribeServer,
    Dismiss,
    Execute,
    GetLog,
    GetResults,
    GetStatus,
    JobsListed,
    ListJobs,
    ListProcesses,
    Outcome,
    ServerDescribed,
    Status,
)
from azenha.domain.process import Catalogue
from azenha.settings import Settings
from azenha.usecases.describing import list_processes, offering
from azenha.usecases.executing import execute
from azenha.usecases.jobs import abandon, dismiss, log, results, status
from azenha.usecases.ports import Folders, Jobs, Wake


@dataclass(frozen=True, slots=True)
class Processing:
    """The use cases with all that they need: what a web tier or a command line holds.

    Attributes:
        new_id: a fresh UUID4 text.
    """

    catalogue: Catalogue
    jobs: Jobs
    folders: Folders
    wake: Wake
    settings: Settings
    new_id: Callable[[], str]

    def handle(self, command: Command, job: str | None = None) -> Outcome:
        """Do what a command asks.

        Args:
            job: id for the job that an Execute makes; else a new one.
        Raises:
            AppError
        """
        if isinstance(command, Execute):
            return self.execute(command, job or self.new_id())
        return _HANDLERS[type(command)](self, command)

    def execute(self, command: Execute, job: str) -> Accepted:
        limits, queue = self.settings.limits, self.settings.queue
        return execute(command, job, self.catalogue, self.jobs, self.folders, self.wake, limits, queue)

    def abandon(self, job: str) -> None:
        """Dismiss a job for which nobody waits any more; one that has ended stays as it is.

        One that ends in this very moment may be removed: nobody knows its id.
        """
        found = self.jobs.get(job)
        if found is not None and not found.ended and found.state is not JobState.REMOVED:
            abandon(job, self.jobs, self.wake)


def _list_jobs(p: Processing, command: ListJobs) -> JobsListed:
    page, following = p.jobs.list(command)
    return JobsListed(tuple(page), command, following)


# Any: each function takes the command that it stands beside.
_HANDLERS: Final[Mapping[type, Callable[[Processing, Any], Outcome]]] = MappingProxyType(
    {
        DescribeServer: lambda p, _: ServerDescribed(p.catalogue),
        DescribeConformance: lambda p, _: ConformanceDescribed(),
        DescribeApi: lambda p, _: ApiDescribed(p.catalogue),
        ListProcesses: lambda p, command: list_processes(command, p.catalogue),
        Describe: lambda p, command: Described(offering(command.process, p.catalogue)),
        ListJobs: _list_jobs,
        GetStatus: lambda p, command: Status(status(command.job, p.jobs)),
        GetResults: lambda p, command: results(command, p.catalogue, p.jobs, p.folders),
        GetLog: lambda p, command: log(command, p.jobs, p.folders),
        Dismiss: lambda p, command: dismiss(command, p.catalogue, p.jobs, p.wake),
    }
)

# What is answered from memory, without the store and its thread. The API definition is too, but it may be large.
AT_ONCE: Final = frozenset({DescribeServer, DescribeConformance, ListProcesses, Describe})
