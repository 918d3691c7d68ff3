"""What sends callbacks, put together: the queue, the dialects that write bodies, the client that posts them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from azenha.bootstrap.folder import UtcClock, signing_key
from azenha.domain.callbacks import Occasion
from azenha.domain.errors import JobFailed, NoSuchJob, ResultsGone, ResultsNotReady
from azenha.domain.job import JobState
from azenha.domain.messages import GetResults, Results, Status
from azenha.engine.callbacks import Caller
from azenha.engine.job_log import Log
from azenha.settings import Settings
from azenha.usecases.jobs import recorded, results, status
from azenha.usecases.ports import CallbackBody, DueCallback, Post, Posted

if TYPE_CHECKING:
    from azenha.adapters.store.sql import SqlJobs
    from azenha.domain.process import Catalogue
    from azenha.protocols.http import Calling
    from azenha.usecases.ports import Blobs, Folders


def caller(
    name: str, settings: Settings, catalogue: Catalogue, jobs: SqlJobs, folders: Folders, blobs: Blobs
) -> Caller:
    def tell(job: str, line: str) -> None:
        Log(partial(folders.log, job), settings.limits.log).write(line.encode("utf-8", "replace"))

    return Caller(
        name,
        jobs,
        writer(settings, catalogue, jobs, blobs),
        _poster(settings),
        tell,
        UtcClock(),
        settings.callbacks,
    )


def _poster(settings: Settings) -> Post:
    made: list[Post] = []

    def post(address: str, message: str, body: CallbackBody) -> Posted:
        if not made:
            # With the first callback: a worker that sends none loads no HTTP client.
            from azenha.adapters.couriers.webhooks import Webhooks
            from azenha.domain.addresses import AddressPolicy

            policy = AddressPolicy.of(settings.addresses.allow, settings.addresses.ports)
            secret = signing_key(settings.data)
            made.append(Webhooks(policy, secret, settings.callbacks.timeout, UtcClock()))
        return made[0](address, message, body)

    return post


def writer(
    settings: Settings, catalogue: Catalogue, jobs: SqlJobs, blobs: Blobs
) -> Callable[[DueCallback], CallbackBody | None]:
    """Writes bodies in the dialect that a job was asked in."""
    calling: dict[str, Calling] = {}

    def write(due: DueCallback) -> CallbackBody | None:
        request = jobs.request(due.job)
        if request is None or request.subscriber is None:
            return None
        outcome = _outcome(due, catalogue, jobs, blobs, settings.results.inline)
        if outcome is None:
            return None
        if not calling:
            from azenha.bootstrap.dialects import dialects
            from azenha.protocols.http import Calling

            calling.update({d.name: d for d in dialects(settings) if isinstance(d, Calling)})
        from azenha.protocols.http import Site
        from azenha.web.send import whole

        server = settings.server
        site = Site(request.subscriber.base, server.title, server.description)
        try:
            reply = calling[request.asked.dialect].callback(outcome, site)
        except NoSuchJob:
            return None
        return CallbackBody(reply.headers, whole(reply))

    return write


def _outcome(
    due: DueCallback, catalogue: Catalogue, jobs: SqlJobs, blobs: Blobs, inline: int
) -> Results | Status | None:
    """What is told; None where the job is not as it was any more."""
    try:
        if due.occasion is Occasion.SUCCESS:
            return results(GetResults(due.job), recorded(due.job, jobs), catalogue, blobs, inline)
        job = status(due.job, jobs)
    except (NoSuchJob, JobFailed, ResultsGone, ResultsNotReady):
        return None
    if due.occasion is Occasion.IN_PROGRESS and job.state is not JobState.RUNNING:
        return None
    return Status(job)
