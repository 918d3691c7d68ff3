"""What a client can ask of an output that is published: that it be found. The publisher answers the rest."""

from __future__ import annotations

from azenha.domain.errors import NoSuchJob, NoSuchService
from azenha.domain.job import JobState
from azenha.domain.messages import GetService, OutputValue, ServiceFound
from azenha.domain.process import Catalogue
from azenha.domain.values import StoredFile
from azenha.usecases.jobs import output_values, recorded
from azenha.usecases.ports import Blobs, Jobs


def service(command: GetService, catalogue: Catalogue, jobs: Jobs, blobs: Blobs) -> ServiceFound:
    """The output, as long as its job and its results are there.

    Raises:
        NoSuchService: it was not asked for as a service, or is gone.
    """
    path = f"{command.job}/{command.output}"
    try:
        job, request, stored = recorded(command.job, jobs)
    except NoSuchJob:
        raise NoSuchService(path) from None
    if job.state is not JobState.SUCCEEDED:
        raise NoSuchService(path)
    for output in output_values(job, request, stored, catalogue):
        if output.id == command.output and is_published(output):
            return ServiceFound(job, output, blobs.served(job.id, job.attempt), command.path)
    raise NoSuchService(path)


def is_published(output: OutputValue) -> bool:
    """Whether it was asked for as a service, and is there."""
    if output.request.service is None or not output.values:
        return False
    return all(isinstance(v, StoredFile) and v.published is not None for v in output.values)
