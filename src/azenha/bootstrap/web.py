"""The web tier: the dialects over the use cases, and nothing that runs a job."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from shutil import rmtree

import uvicorn

from azenha.adapters.engines.embedded import WakeClient
from azenha.adapters.folders import LocalFolders
from azenha.bootstrap.blobs import blobs_of
from azenha.bootstrap.dialects import dialects
from azenha.bootstrap.folder import open_jobs, run_folder
from azenha.bootstrap.parts import from_supervisor, log_to_stderr, program, to_parts
from azenha.bootstrap.publishing import FOLDER as SERVICES
from azenha.bootstrap.publishing import publisher
from azenha.domain.languages import languages
from azenha.supervisor import HANDS_ON, end_with_stdin, listen
from azenha.usecases.processing import Processing
from azenha.web.app import SPOOL, make_app
from azenha.web.bodies import Readers
from azenha.web.ended import Ends
from azenha.web.head import Head


def main(_: Sequence[str]) -> int:
    log_to_stderr()
    settings, catalogue, _keys, descriptor = from_supervisor()
    jobs = open_jobs(settings)
    for left in (SPOOL, SERVICES):  # by a killed web tier
        rmtree(settings.data / left, ignore_errors=True)
    publishing = publisher(settings)
    bodies = Readers(program("read-bodies"), to_parts(settings, catalogue, {}, -1))
    ends = Ends(lambda name: (job := jobs.get(name)) is None or job.ended)
    loops: list[asyncio.AbstractEventLoop] = []

    def ended(job: str) -> None:
        for loop in loops:
            loop.call_soon_threadsafe(ends.tell, job)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        loops.append(asyncio.get_running_loop())
        yield
        loops.clear()
        await bodies.close()

    processing = Processing(
        catalogue,
        jobs,
        LocalFolders(settings.data),
        blobs_of(settings),
        WakeClient(run_folder(settings), ended),
        settings,
        lambda: str(uuid.uuid4()),
        languages=languages(catalogue, settings.server.language),
        publishes=publishing is not None,
    )
    app = make_app(dialects(settings), processing, ends, settings, lifespan, bodies, publishing)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=5,
        http=Head,
    )
    server = uvicorn.Server(config)

    def end() -> None:
        server.should_exit = True

    end_with_stdin(end)
    if HANDS_ON:
        listening = socket.socket(fileno=os.dup(descriptor))
    else:
        listening = listen(settings.server.host, settings.server.port)
    server.run(sockets=[listening])
    jobs.close()
    return 0
