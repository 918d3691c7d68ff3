"""What the use cases and the engine need of the outside world: small Protocols, implemented by adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from azenha.domain.callbacks import CallbackState, Occasion, Standing
from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import QueueFull
from azenha.domain.job import Failure, Job, JobEvent, JobState, Lane
from azenha.domain.messages import ListJobs, OutputValue
from azenha.domain.values import Value

LOST = "the worker that ran it was lost (killed, crashed, or the machine went down)"


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be stored. `queue_limit`: how many of its lane may wait already."""

    id: str
    request: StoredRequest
    lane: Lane
    priority: int
    max_attempts: int
    queue_limit: int
    queue_setting: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A synchronous job on its way to a worker that stores it as it takes it.

    Attributes:
        document: the canonical request, as it is stored.
        waiting_limit: how many of these may wait already.
    """

    id: str
    process: str
    document: str
    max_attempts: int
    waiting_limit: int
    waiting_setting: str


@dataclass(frozen=True, slots=True)
class Told:
    """The news of a job: that it ended; or, of one that was handed over, that it will not.

    Attributes:
        job, outputs: its record, where it succeeded and whoever told it said so; else None: the store knows.
        refused: so many waited already that it was neither stored nor run.
        lost: its worker went away, and may have stored it or not.
    """

    job: Job | None = None
    outputs: Mapping[str, Sequence[Value]] | None = None
    refused: QueueFull | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a job and to record its end: (job, attempt, worker), until `until` unless renewed."""

    job: Job
    request: StoredRequest
    worker: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Success:
    outputs: Mapping[str, Sequence[Value]]


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first; the cursors of the pages of older (`after`) and of newer jobs (`before`), or None."""

    jobs: Sequence[Job]
    older: str | None = None
    newer: str | None = None


class Jobs(Protocol):
    """The side of the job table that clients see."""

    def submit(self, new: NewJob) -> Job:
        """Store a job as accepted; a background job is safe from a loss of power when this returns.

        One that a worker stored already, having been handed it, stays as it is, and is given back.

        Raises:
            QueueFull: `queue_limit` jobs of its lane wait already; nothing was stored.
        """

    def create(self, new: NewJob, keep: float) -> Job:
        """Store a job as created; safe from a loss of power when this returns.

        Args:
            keep: seconds within which it must be started; then it is removed.
        Raises:
            QueueFull: `queue_limit` created jobs are there already; nothing was stored.
        """

    def change(self, id: str, request: StoredRequest, seen: datetime) -> Job | None:
        """Give a created job another request.

        Args:
            seen: `updated` of the job that the change was made for.
        Returns:
            The job as it is now; None if it was changed meanwhile, or is not created any more.
        """

    def start(self, id: str, limit: int, setting: str) -> Job | None:
        """Accept a created job; None if it is not created any more, or was never there.

        Raises:
            QueueFull: `limit` (named by `setting`) jobs wait already; it stays created.
        """

    def get(self, id: str) -> Job | None: ...

    def request(self, id: str) -> StoredRequest | None: ...

    def results(self, id: str) -> tuple[Job, StoredRequest, Mapping[str, tuple[Value, ...]]] | None:
        """Record, request and outputs in one read; outputs empty unless it succeeded."""

    def callbacks(self, id: str) -> tuple[Standing, ...]:
        """How the callbacks of a job stand; empty where none was asked for."""

    def list(self, command: ListJobs) -> JobPage:
        """A page of the background jobs, by the filters of the command.

        Raises:
            BadParameter: a cursor is none.
        """

    def pause(self, id: str, keep: float) -> tuple[Job, JobEvent | None] | None:
        """Hold a background job that waits, or pause one that runs; one conditional UPDATE decides.

        Args:
            keep: seconds that it may be held; then it is removed.
        Returns:
            The job as it is now and what happened, HOLD, PAUSE or nothing; None if there is no such job.
        """

    def resume(self, id: str) -> tuple[Job, JobEvent | None] | None:
        """Release a held job, with the place in the queue that it had, or resume a paused one; as `pause`."""

    def dismiss(self, id: str) -> tuple[Job, JobState] | None:
        """Dismiss a job that has not ended, or remove one that has; one conditional UPDATE decides.

        Returns:
            The job as it is now and the state that it was in; None if there is no such job.
        """


class Leases(Protocol):
    """The side of the job table that a worker sees. Every write is fenced by (worker, attempt)."""

    def claim(self, worker: str, lane: Lane, lease: float, handed: Handed | None = None) -> Lease | None:
        """The next job of the lane by priority, then first in first out; None if none waits.

        Args:
            handed: stored before, in the same transaction; nothing happens if it is there already.
        """

    def renew(self, worker: str, lease: float, attempts: Mapping[str, int]) -> Mapping[str, JobState]:
        """Renew the leases of these jobs, and look at them.

        Returns:
            Whether each runs or is paused; without those that are no longer ours (dismissed, lost).
        """

    def progress(self, lease: Lease, progress: int, message: str | None) -> None:
        """Record progress; nothing happens if the lease is lost."""

    def succeed(self, lease: Lease, outcome: Success, keep: float) -> bool:
        """Record success, durable when this returns; False if paused, or not ours any more: nothing was written."""

    def succeed_and_claim(
        self, lease: Lease, outcome: Success, keep: float, next_lease: float, handed: Handed | None = None
    ) -> tuple[Job | None, Lease | None]:
        """`succeed`, and if so `claim` the next job of the same lane in the same transaction.

        Returns:
            The job as it is now, None where `succeed` is False; the next.
        """

    def dismiss(self, id: str) -> tuple[Job, JobState] | None:
        """As `Jobs.dismiss`: of a job that nobody waits for any more."""

    def fail(self, lease: Lease, failure: Failure, keep: float) -> bool:
        """Record failure; as `succeed`."""

    def retry(self, lease: Lease, reason: str) -> bool:
        """Put the job back into the queue; False if no attempt is left, or the lease is lost."""

    def recover(self, worker: str | None, keep: float, reason: str = LOST) -> list[Job]:
        """Retry or fail every claimed job whose lease ran out; with `worker`, also those of all other workers.

        Args:
            reason: why they did not end, for people.
        """

    def expired(self, limit: int) -> list[str]:
        """Remove up to `limit` jobs past their time (state REMOVED); ids of all removed jobs whose files remain."""

    def unknown(self, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that are no jobs, in any state."""

    def forget(self, ids: Sequence[str]) -> None:
        """Delete the rows of removed jobs, after their files."""


@dataclass(frozen=True, slots=True)
class DueCallback:
    """A callback that whoever claimed it has to send now.

    Attributes:
        message: names what is told; the same at each attempt (`webhook-id`).
        attempt: counted from 1, this one included.
        since: when its occasion came.
    """

    job: str
    occasion: Occasion
    address: str
    message: str
    attempt: int
    since: datetime


class Callbacks(Protocol):
    """The queue of callbacks. What is due was written in the transaction that recorded why."""

    def recover_callbacks(self, worker: str) -> None:
        """Make due at once what all other workers have claimed: they are gone."""

    def claim_callback(self, worker: str, lease: float, busy: Sequence[str] = ()) -> DueCallback | None:
        """The one that has been due for longest; if no more is heard of it in `lease` seconds it is due again.

        Args:
            busy: places (domain.callbacks.place), two at most, whose callbacks shall wait.
        """

    def callback_ended(self, due: DueCallback, state: CallbackState, said: str) -> bool:
        """Record that no more attempts are made; False if the claim ran out, or the job was removed."""

    def callback_again(self, due: DueCallback, seconds: float, said: str) -> bool:
        """Record a failed attempt; the next is due in so many seconds. Returns as `callback_ended`."""


@dataclass(frozen=True, slots=True)
class CallbackBody:
    """What is sent."""

    headers: tuple[tuple[str, str], ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """What a receiver answered.

    Attributes:
        status: of HTTP.
        said: that, or what went wrong, for people; names no more of the address than `domain.callbacks.place`.
        wait: seconds that the receiver asked to be left alone.
    """

    status: int | None
    said: str
    wait: float = 0


class Post(Protocol):
    """Send one callback, signed, under the address policy; several threads may call it at once."""

    def __call__(self, address: str, message: str, body: CallbackBody) -> Posted:
        """
        Raises:
            ForbiddenAddress: the address may not be called.
        """


class Folders(Protocol):
    """Where a job's files are, but for those of its results (see blobs)."""

    def inputs(self, job: str) -> Path: ...

    def workdir(self) -> Path:
        """An empty folder to work in, given to nobody else."""

    def done_with(self, workdir: Path) -> bool:
        """Take an empty one back; False if it is not empty, or gone: then it is the caller's to remove."""

    def log(self, job: str) -> Path: ...

    def jobs(self, older: float) -> list[str]:
        """Jobs that have folders for inputs, untouched for `older` seconds."""

    def remove(self, job: str) -> None:
        """Delete everything of a job. Nothing happens where there is nothing."""


class Wake(Protocol):
    """Tell the workers that something changed. Lossy: the store is the truth, this only saves waiting."""

    def offered(self, lane: Lane) -> None: ...

    def interrupt(self, job: str) -> None:
        """A job that was running was dismissed, paused or resumed; one that was handed over is not wanted."""


class HandOver(Protocol):
    """The way to a worker of this machine that leaves out the store; on the event loop of the web tier."""

    def __call__(self, job: Handed) -> bool:
        """False: it cannot be taken, and is to be stored. True: news of it will come, see `Ended`."""


class Ended(Protocol):
    """Tells the web tier, on its event loop, that a job ended, so that a synchronous answer can be given."""

    def expect(self, job: str) -> None:
        """Remember the end of `job` from now on. Called before the job is stored: no end is missed."""

    async def wait(self, job: str, timeout: float) -> Told | None:
        """The news of the expected job within `timeout` seconds; at once if it came before. None: there is none."""

    def forget(self, job: str) -> None:
        """The opposite of `expect`; who waits for it still, waits no longer. Nothing happens to a strange job."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        size: bytes, after Content-Encoding was undone.
        media_type: as served, with its parameters; None if the server named none.
        name: what the server or the address calls it: a stranger's text, not yet fit for a path; may be empty.
    """

    size: int
    media_type: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Ask:
    """How something is asked for; plainly by GET, if nothing is said.

    Attributes:
        method: GET or POST.
        headers: names and values, as a client gave them. Those that concern a single connection are not sent, and
            none is sent to another host than the one that the client named.
        body: a file with what is posted; it is `text/xml` where no header says otherwise.
    """

    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: Path | None = None


PLAINLY: Final = Ask()
Say = Callable[[str], None]


class Fetch(Protocol):
    """Get what is at an address, under the address policy."""

    def __call__(
        self,
        url: str,
        target: Path,
        *,
        limit: int | None = None,
        on_progress: Callable[[int, int | None], None] | None = None,
        say: Say | None = None,
        ask: Ask = PLAINLY,
    ) -> Fetched:
        """Write the content to `target`, which does not exist if this fails.

        Args:
            limit: bytes, inclusive, where it is below the server's own limit.
            on_progress: told the bytes received, and how many there will be (None: not known); also while it waits.
            say: told in a sentence what people may want to know: why it waits, whether the content was kept.
        Raises:
            ForbiddenAddress: the address, or one that it leads to, is outside the policy.
            TooLarge: more bytes than allowed; the message names the limit.
            FetchFailed: anything else that lies at the other end.
            OSError: `target` cannot be written.
        """


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A request to an output that is published.

    Attributes:
        method: GET, HEAD or POST.
        path: below the address of the output, decoded: empty, or starting with `/`.
        query: raw, without the `?`.
        headers: names in lower case.
        address: of the output as the client sees it.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What a publisher answers, while it does.

    Attributes:
        content: to be read to its end, or closed (`aclose`) before: then the publisher stops its work for it. Raises
            ServiceFailed where the rest will not come.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    content: AsyncIterator[bytes]


class Publisher(Protocol):
    """Answers requests of OGC services on outputs of jobs. What it needs to know of the data are its facts."""

    async def answer(
        self, job: Job, output: OutputValue, folder: Path, asked: ServiceRequest
    ) -> ServiceAnswer:
        """
        Args:
            output: each of its values is a StoredFile that is published.
            folder: that the keys of the copies are relative to.
        Raises:
            ServiceFailed: there is no answer, or not in time, or not now.
            BadRequest, MethodNotAllowed: what is asked is not of a service, or is refused.
        """
