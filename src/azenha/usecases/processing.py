"""What a client can ask of processes and jobs: the face of this package, a function per command behind it.

Sync, async and queued requests take one path: `execute` checks everything, stores one canonical request with
the job, and wakes the workers. Nothing runs here. The store blocks: the web tier gives all but what is
answered `at_once` a thread. Knows no HTTP and no SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from azenha.domain.addresses import AddressPolicy
from azenha.domain.complexes import Look, look_at_nothing
from azenha.domain.job import JobState
from azenha.domain.messages import (
    ALL,
    Accepted,
    ApiDescribed,
    Change,
    Checked,
    Command,
    ConformanceDescribed,
    Create,
    Created,
    Describe,
    DescribeApi,
    DescribeConformance,
    Described,
    DescribeProcesses,
    DescribeServer,
    Dismiss,
    Execute,
    GetInput,
    GetLog,
    GetRecord,
    GetRequest,
    GetResults,
    GetService,
    GetStatus,
    JobRecord,
    JobsListed,
    ListJobs,
    ListProcesses,
    Outcome,
    OutputValue,
    Pause,
    Results,
    Resume,
    Start,
    Status,
    StoredRequest,
)
from azenha.domain.process import Catalogue
from azenha.domain.roots import schemes
from azenha.domain.slices import Buffer
from azenha.settings import Settings
from azenha.usecases.describing import describe_processes, describe_server, list_processes, offering
from azenha.usecases.executing import PUBLIC, check, handing, submit
from azenha.usecases.jobs import (
    Recorded,
    abandon,
    dismiss,
    log,
    output_values,
    record,
    recorded,
    results,
    status,
)
from azenha.usecases.managing import change, create, read_input, read_request, start
from azenha.usecases.pausing import pause, resume
from azenha.usecases.pausing import told as status_told
from azenha.usecases.ports import Blobs, Folders, Handed, Jobs, Wake
from azenha.usecases.publishing import is_published, service


@dataclass(frozen=True, slots=True)
class Processing:
    """The use cases with all that they need: what a web tier or a command line holds.

    Attributes:
        new_id: a fresh UUID4 text.
        languages: those that the catalogue's texts are in, the default first.
        publishes: outputs can be asked for as services here.
        look: at the content of small values, before a request is accepted.
    """

    catalogue: Catalogue
    jobs: Jobs
    folders: Folders
    blobs: Blobs
    wake: Wake
    settings: Settings
    new_id: Callable[[], str]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    languages: tuple[str, ...] = ("en",)
    publishes: bool = False
    look: Look = look_at_nothing

    def handle(self, command: Command, body: Buffer = b"") -> Outcome:
        """Do what a command asks.

        Args:
            body: what its large values are cut from, see `check`.

        Raises:
            AppError
        """
        if isinstance(command, Execute):
            return self.submit(self.check(command, self.new_id(), body))
        if isinstance(command, Create):
            return self._create(command, body)
        if isinstance(command, Change):
            return change(
                command,
                self.new_id(),
                body,
                self.catalogue,
                self.jobs,
                self.folders,
                self.settings.limits,
                self._policy(),
                look=self.look,
                schemes=self._schemes(),
            )
        return _HANDLERS[type(command)](self, command)

    def check(self, command: Execute, job: str, body: Buffer) -> Checked:
        """See executing.check."""
        limits, policy = self.settings.limits, self._policy() if command.subscriber else PUBLIC
        allowed = self._schemes()
        return check(
            command,
            job,
            body,
            self.catalogue,
            self.folders,
            limits,
            self.languages,
            policy,
            look=self.look,
            schemes=allowed,
        )

    def _schemes(self) -> tuple[str, ...]:
        return schemes(self.settings.references.roots)

    def _policy(self) -> AddressPolicy:
        return AddressPolicy.of(self.settings.addresses.allow, self.settings.addresses.ports)

    def submit(self, checked: Checked) -> Accepted:
        """See executing.submit."""
        return submit(checked, self.catalogue, self.jobs, self.folders, self.wake, self.settings.queue)

    def handing(self, checked: Checked) -> tuple[Handed, StoredRequest] | None:
        """See executing.handing."""
        return handing(checked, self.catalogue, self.settings.queue)

    def told(self, command: GetRecord | GetResults, found: Recorded) -> JobRecord | Results:
        """What is told of a job whose record is at hand.

        Raises:
            AppError: see jobs.results.
        """
        if isinstance(command, GetRecord):
            return record(found, self.catalogue, self.folders, self.blobs, self.now())
        return results(command, found, self.catalogue, self.blobs, self.settings.results.inline)

    def _create(self, command: Create, body: Buffer) -> Created:
        settings = self.settings
        asked = command.execute
        checked = asked if isinstance(asked, Checked) else self.check(asked, self.new_id(), body)
        keep = settings.jobs.keep_created
        return create(checked, self.catalogue, self.jobs, self.folders, settings.queue, keep)

    def abandon(self, job: str) -> None:
        """Dismiss a job for which nobody waits any more; one that has ended stays as it is.

        One that ends in this very moment may be removed: nobody knows its id.
        """
        found = self.jobs.get(job)
        if found is None:
            self.wake.interrupt(job)  # its worker has not stored it yet
        elif not found.ended and found.state is not JobState.REMOVED:
            abandon(job, self.jobs, self.wake)


def _status(p: Processing, command: GetStatus) -> Status:
    found = status_told(status(command.job, p.jobs), p.catalogue)
    published = _published(p, command.job) if p.publishes and found.job.state is JobState.SUCCEEDED else ()
    return replace(found, now=p.now(), callbacks=p.jobs.callbacks(command.job), published=published)


def _published(p: Processing, id: str) -> tuple[OutputValue, ...]:
    told = p.jobs.results(id)
    if told is None:
        return ()
    job, request, stored = told
    if not any(asked.service for asked in (request.outputs or {}).values()):
        return ()
    return tuple(o for o in output_values(job, request, stored, p.catalogue) if is_published(o))


def _list_jobs(p: Processing, command: ListJobs) -> JobsListed:
    page = p.jobs.list(command)
    return JobsListed(tuple(page.jobs), command, page.older, page.newer)


# Any: each function takes the command that it stands beside.
_HANDLERS: Final[Mapping[type, Callable[[Processing, Any], Outcome]]] = MappingProxyType(
    {
        DescribeServer: lambda p, command: describe_server(command, p.catalogue, p.languages),
        DescribeConformance: lambda p, _: ConformanceDescribed(),
        DescribeApi: lambda p, _: ApiDescribed(p.catalogue),
        ListProcesses: lambda p, command: list_processes(command, p.catalogue),
        Describe: lambda p, command: Described(offering(command.process, p.catalogue)),
        DescribeProcesses: lambda p, command: describe_processes(command, p.catalogue, p.languages),
        ListJobs: _list_jobs,
        Start: lambda p, command: start(command, p.catalogue, p.jobs, p.wake, p.settings.queue),
        GetRequest: lambda p, command: read_request(command, p.catalogue, p.jobs, p.folders),
        GetInput: lambda p, command: read_input(command, p.catalogue, p.jobs, p.folders),
        GetStatus: lambda p, command: _status(p, command),
        GetRecord: lambda p, command: p.told(command, recorded(command.job, p.jobs)),
        GetResults: lambda p, command: p.told(command, recorded(command.job, p.jobs)),
        GetLog: lambda p, command: log(command, p.jobs, p.folders),
        GetService: lambda p, command: service(command, p.catalogue, p.jobs, p.blobs),
        Pause: lambda p, command: pause(command, p.catalogue, p.jobs, p.wake, p.settings.jobs.pause_at_most),
        Resume: lambda p, command: resume(command, p.catalogue, p.jobs, p.wake),
        Dismiss: lambda p, command: dismiss(command, p.catalogue, p.jobs, p.wake),
    }
)

_IN_MEMORY: Final = frozenset({DescribeServer, DescribeConformance, ListProcesses, Describe})


def at_once(command: Command) -> bool:
    """Whether it is answered from memory, without the store and its thread.

    The API definition and descriptions of several processes are too, but they may be large.
    """
    if isinstance(command, DescribeProcesses):
        return len(command.processes) == 1 and command.processes[0].upper() != ALL
    return type(command) in _IN_MEMORY
