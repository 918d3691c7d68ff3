"""An Execute from its check to the reply: the job stored or handed over, and its end awaited where somebody waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar, TypeVarTuple

from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import ServerEnds, TookTooLong
from azenha.domain.job import JobState, Lane
from azenha.domain.messages import (
    Accepted,
    Checked,
    Execute,
    GetRecord,
    GetResults,
    GetStatus,
    Results,
    Status,
)
from azenha.domain.values import StoredFile
from azenha.protocols.http import HttpReply
from azenha.settings import Settings
from azenha.usecases.jobs import Recorded
from azenha.usecases.ports import Ended, HandOver, Told
from azenha.usecases.processing import Processing
from azenha.web.exchange import Exchange
from azenha.web.light import CHECKED, VALUES, is_light
from azenha.web.spool import Disconnected, Receive, until_gone

R = TypeVar("R")
Args = TypeVarTuple("Args")

log = logging.getLogger("azenha.web")


class Executions:
    def __init__(
        self,
        processing: Processing,
        ended: Ended,
        settings: Settings,
        threads: Executor,
        hand_over: HandOver | None,
    ) -> None:
        self._processing = processing
        self._ended = ended
        self._settings = settings
        self._threads = threads
        self._hand_over = hand_over

    async def execute(self, command: Execute | Checked, exchange: Exchange, receive: Receive) -> HttpReply:
        # The id is made here, so that the end is expected before the job can have it.
        job = command.job if isinstance(command, Checked) else self._processing.new_id()
        self._ended.expect(job)
        try:
            light = not isinstance(command, Checked) and is_light(exchange.request.body, CHECKED)
            checked = await self._checked(command, job, exchange, light=light)
            # What is handed over is written here; a thread stores what is too much for that.
            handing = self._processing.handing(checked) if light and self._hand_over is not None else None
            if handing is not None and self._hand_over is not None and self._hand_over(handing[0]):
                return await self._ending(checked, handing[1], exchange, receive)
            answer = await self._in_thread(self._submitted, checked, exchange)
            if isinstance(answer, HttpReply):
                return answer
            if answer.job.lane is Lane.SYNC:
                return await self._ending(checked, None, exchange, receive)
            await self._waited(answer, receive)
            if not answer.wait:
                return await self._in_thread(exchange.written, answer)
            return await self._in_thread(self._outcome, answer, exchange)
        finally:
            self._ended.forget(job)

    async def _in_thread(self, function: Callable[[*Args], R], *args: *Args) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    async def _checked(
        self, command: Execute | Checked, job: str, exchange: Exchange, *, light: bool
    ) -> Checked:
        if isinstance(command, Checked):
            return command
        body = exchange.request.body
        if light:
            return self._processing.check(command, job, body)
        return await self._in_thread(self._processing.check, command, job, body)

    def _submitted(self, checked: Checked, exchange: Exchange) -> HttpReply | Accepted:
        """Blocks. The reply to a job that nobody waits for; what was accepted where somebody does."""
        accepted = self._processing.submit(checked)
        if accepted.job.lane is Lane.SYNC or accepted.wait or accepted.settle:
            return accepted
        try:
            return exchange.written(accepted)
        except BaseException:
            self._processing.abandon(checked.job)  # nobody will be told its id
            raise

    async def _waited(self, accepted: Accepted, receive: Receive) -> None:
        """Wait for the end of a background job as long as its client would; it goes on whoever waits."""
        gone = asyncio.ensure_future(until_gone(receive))
        seconds = accepted.wait or accepted.settle
        ending = asyncio.ensure_future(self._ended.wait(accepted.job.id, seconds))
        try:
            await asyncio.wait((gone, ending), return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                raise Disconnected
        finally:
            gone.cancel()
            ending.cancel()

    def _outcome(self, accepted: Accepted, exchange: Exchange) -> HttpReply:
        """Blocks. The reply to a background job after its client has waited: results, or how it stands now."""
        told = self._processing.handle(GetStatus(accepted.job.id))
        assert isinstance(told, Status)
        if accepted.direct and told.job.state is JobState.SUCCEEDED:
            found = self._processing.handle(GetResults(accepted.job.id))
            assert isinstance(found, Results)
            return exchange.complete(replace(found, honoured=accepted.honoured[-1:]))
        return exchange.written(replace(accepted, job=told.job))

    # -- synchronous jobs ---------------------------------------------------------------------------

    async def _ending(
        self, checked: Checked, request: StoredRequest | None, exchange: Exchange, receive: Receive
    ) -> HttpReply:
        """The reply to a synchronous job, once it ended; a client that goes away dismisses it.

        Args:
            request: what was handed over; None: the job is stored.
        """
        process, queue = checked.execute.process, self._settings.queue
        patience = queue.sync_seconds + self._settings.jobs.grace
        gone = asyncio.ensure_future(until_gone(receive))
        gone.add_done_callback(lambda _: self._ended.forget(checked.job))  # which ends the waiting below
        try:
            told = await self._ended.wait(checked.job, patience)
            if told is not None and told.lost and not gone.done():
                told = await self._stored_after_all(checked, patience, gone)
            if gone.done():
                raise Disconnected
            if told is not None and told.ending:
                raise ServerEnds(process)
            if told is None:
                raise TookTooLong(process, queue.sync_seconds, "queue.sync_seconds")
        except BaseException:
            # Not awaited: this task may be cancelled itself, when the server stops.
            with suppress(RuntimeError):  # no threads any more: it stopped, and the job runs to its own limit
                self._threads.submit(self._give_up, checked.job)
            raise
        finally:
            gone.cancel()
        return await self._reply(checked, request, told, exchange)

    async def _stored_after_all(
        self, checked: Checked, patience: float, gone: asyncio.Future[None]
    ) -> Told | None:
        """The worker that it was handed to is gone: whether that had stored the job or not, it is stored then."""
        self._ended.forget(checked.job)
        self._ended.expect(checked.job)
        await self._in_thread(self._processing.submit, checked)
        if gone.done():
            return None  # the end is not expected any more
        return await self._ended.wait(checked.job, patience)

    async def _reply(
        self, checked: Checked, request: StoredRequest | None, told: Told, exchange: Exchange
    ) -> HttpReply:
        if told.refused is not None:
            raise told.refused
        command = GetRecord(checked.job) if checked.execute.record else GetResults(checked.job)
        if told.job is None or told.outputs is None or request is None:
            return await self._in_thread(self._read, command, exchange)
        values = [value for values in told.outputs.values() for value in values]
        found = (told.job, request, told.outputs)
        if len(values) > VALUES or any(isinstance(value, StoredFile) for value in values):
            return await self._in_thread(self._complete, command, found, exchange)
        return exchange.written(self._processing.told(command, found))

    def _complete(self, command: GetRecord | GetResults, found: Recorded, exchange: Exchange) -> HttpReply:
        """Blocks."""
        return exchange.complete(self._processing.told(command, found))

    def _read(self, command: GetRecord | GetResults, exchange: Exchange) -> HttpReply:
        """Blocks."""
        return exchange.complete(self._processing.handle(command))

    def _give_up(self, job: str) -> None:
        try:
            self._processing.abandon(job)
        except Exception:
            log.exception("job %s, for which nobody waits any more, could not be dismissed", job)
