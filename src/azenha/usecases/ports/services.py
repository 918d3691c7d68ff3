"""OGC services on outputs that are published."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from azenha.domain.job import Job
from azenha.domain.messages import OutputValue


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
