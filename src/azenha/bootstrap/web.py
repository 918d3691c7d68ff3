"""The web tier: the dialects over the use cases, and nothing that runs a job."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from shutil import rmtree
from typing import Final

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
from azenha.domain.process import Level
from azenha.engine.formats.at_hand import AtHand
from azenha.supervisor import HANDS_ON, end_with_stdin, listen
from azenha.usecases.processing import Processing
from azenha.web.app import SPOOL, make_app
from azenha.web.bodies import Readers
from azenha.web.ended import Ends
from azenha.web.head import Head

PATIENCE: Final = (
    3.0  # seconds: what a client waits for and has ended by then is answered though the server ends
)


def main(_: Sequence[str]) -> int:
    log_to_stderr()
    settings, catalogue, _keys, descriptor = from_supervisor()
    jobs = open_jobs(settings)
    for left in (SPOOL, SERVICES):  # by a killed web tier
        rmtree(settings.data / left, ignore_errors=True)
    publishing = publisher(settings)
    bodies = Readers(program("read-bodies"), to_parts(settings, catalogue, {}, -1))
    ends = Ends(lambda name: (job := jobs.get(name)) is not None and job.ended)
    wake = WakeClient(run_folder(settings), ends.tell)

    loop: list[asyncio.AbstractEventLoop] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        loop.append(asyncio.get_running_loop())
        line = asyncio.ensure_future(wake.run())
        yield
        line.cancel()
        await bodies.close()

    processing = Processing(
        catalogue,
        jobs,
        LocalFolders(settings.data),
        blobs_of(settings),
        wake,
        settings,
        lambda: str(uuid.uuid4()),
        languages=languages(catalogue, settings.server.language),
        publishes=publishing is not None,
        look=AtHand(Level(settings.formats.validation)),
    )
    app = make_app(
        dialects(settings), processing, ends, settings, lifespan, bodies, wake.hand_over, publishing
    )
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
        with suppress(RuntimeError):  # it has ended already
            for running in loop:
                running.call_soon_threadsafe(running.call_later, PATIENCE, ends.end)

    end_with_stdin(end)
    if HANDS_ON:
        listening = socket.socket(fileno=os.dup(descriptor))
    else:
        listening = listen(settings.server.host, settings.server.port)
    server.run(sockets=[listening])
    jobs.close()
    return 0
