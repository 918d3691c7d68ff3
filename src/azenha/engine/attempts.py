"""An attempt at a claimed job, or at fetching its references: a child, an order, limits, and how it went.

Decides nothing of the record: the worker does, by what is said here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from azenha.domain.canonical import dump_request
from azenha.domain.described import dump_description
from azenha.domain.job import Lane
from azenha.domain.process import ProcessDescription
from azenha.engine.channel import Message
from azenha.engine.formats.policy import Policy, archives
from azenha.engine.growing import Growing
from azenha.engine.job_log import Log
from azenha.engine.pool import Kept, Key, Pool
from azenha.engine.running import Run
from azenha.engine.steering import Steering
from azenha.settings import Settings
from azenha.usecases.ports import Folders, Lease

FETCHES: Final = 1000  # jobs whose references one child fetches, before a fresh one takes its place

_log = logging.getLogger("azenha.worker")


@lru_cache(maxsize=64)  # most work in folders that others left empty
def published(work: Path) -> Path:
    """Where a job's child puts its outputs, beside its folder."""
    return work.with_name(f"{work.name}.outputs")


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it went.

    Attributes:
        answer: the child's last word; None: it died.
        died: of what, and whether a signal ended it.
    """

    run: Run
    answer: Message | None
    died: tuple[str, bool] | None

    @property
    def good(self) -> bool:
        done = self.answer is not None and self.answer["t"] == "done"
        return done and not self.run.dismissed and self.run.verdict is None


@dataclass(frozen=True, slots=True)
class _Serving:
    """Which children serve: of what source, jobs of which process ("": of any), and how many each."""

    source: str
    process: str
    jobs: int


class Attempts:
    def __init__(
        self,
        pool: Pool,
        steering: Steering,
        folders: Folders,
        settings: Settings,
        fetching: str,
        progress: Callable[[Lease, int, str | None], None],
    ) -> None:
        """`fetching`: the source of the children that fetch; `progress`: records it."""
        self._pool = pool
        self._steering = steering
        self._folders = folders
        self._settings = settings
        self._fetching = fetching
        self._progress = progress
        self._of_formats = {
            "formats": Policy.of(settings.formats).told(),
            "archives": archives(settings.formats),
        }
        self._runs: dict[tuple[str, int], Run] = {}
        self._stopped = False

    def fetch(self, lease: Lease, description: ProcessDescription, work: Path, log: Log) -> Attempt:
        """Have its references fetched, to the end of that.

        Raises:
            CannotStart: there is no child for it.
        """
        order = self._order(lease, description, work)
        order |= {"fetch": True, "description": dump_description(description)}
        return self._follow(lease, description, order, log, _Serving(self._fetching, "", FETCHES))

    def run(
        self, lease: Lease, source: str, description: ProcessDescription, work: Path, log: Log
    ) -> Attempt:
        """Have the process run, to the end of that.

        Raises:
            CannotStart: there is no child for it.
        """
        order = self._order(lease, description, work) | {"fetch": False}
        serving = _Serving(source, description.id, description.reuse)
        return self._follow(lease, description, order, log, serving)

    def _follow(
        self, lease: Lease, description: ProcessDescription, order: Message, log: Log, serving: _Serving
    ) -> Attempt:
        lane = lease.job.lane
        key: Key = (serving.process, lane)
        kept = self._pool.take(serving.source, key, lane)
        files = None if order["fetch"] else Growing(Path(order["work"]), order["outputs"])
        run = self._run_of(lease, description, kept, log, files)
        order |= {
            "request": dump_request(lease.request),  # which nobody holds once it is told, see `exchange`
            "last": kept.used + 1 >= serving.jobs,
            "mark": kept.output.marks,
        }
        prepares = serving.jobs == 1 and kept.child.polled
        answer = self._exchange(
            run, kept, order, lambda: self._pool.prepare(serving.source, lane) if prepares else None
        )
        died = None
        if answer is None:
            died = run.death()
            kept.child.close()
        kept.output.drain(1.0)
        attempt = Attempt(run, answer, died)
        if answer is None:
            kept.output.close()
            if run.untouched and kept.waited and not self._stopped:
                # It had died while it waited, and the system had not yet said so.
                return self._follow(lease, description, order, log, serving)
            return attempt
        kept.used += 1
        if attempt.good and not order["last"]:
            self._pool.keep(key, kept)
        else:
            self._pool.end(kept)
        return attempt

    def _run_of(
        self, lease: Lease, description: ProcessDescription, kept: Kept, log: Log, files: Growing | None
    ) -> Run:
        jobs, queue = self._settings.jobs, self._settings.queue
        seconds, whose = jobs.time, "setting jobs.time"
        if description.limits.time:
            seconds, whose = description.limits.time, "limit of the process"
        if lease.job.lane is Lane.SYNC and queue.sync_seconds < seconds:
            seconds = queue.sync_seconds
            whose = "setting queue.sync_seconds; more is allowed in the background"
        return Run(
            lease,
            kept.child,
            kept.output,
            seconds=seconds,
            whose=whose,
            memory=description.limits.memory or jobs.memory,
            processes=jobs.processes,
            files=files,
            log=log,
            log_limit=self._settings.limits.log,
            pauses_itself=description.pauses_itself,
            pause_at_most=jobs.pause_at_most,
        )

    def _exchange(
        self, run: Run, kept: Kept, order: Message, meanwhile: Callable[[], None]
    ) -> Message | None:
        """The child's last word, while whoever steers and watches knows of the run."""
        lease = run.lease
        held = (lease.job.id, lease.attempt)
        self._runs[held] = run
        self._steering.begin(held, run)
        try:
            return run.exchange(order, lambda percent, said: self._progress(lease, percent, said), meanwhile)
        except BaseException:
            kept.child.kill()
            kept.child.close()
            kept.output.close()
            raise
        finally:
            del self._runs[held]
            self._steering.end(held)
            run.over()

    def _order(self, lease: Lease, description: ProcessDescription, work: Path) -> Message:
        return {
            "t": "run",
            "job": lease.job.id,
            "attempt": lease.attempt,
            "inputs": str(self._folders.inputs(lease.job.id)),
            "work": str(work),
            "publish": str(published(work)),
            "memory": description.limits.memory or self._settings.jobs.memory,
            "outputs": self._settings.limits.outputs,
            "values": self._settings.limits.values,
            "facts": self._settings.results.stac,
            **self._of_formats,
            "pauses_itself": description.pauses_itself,
        }

    # -- from other threads ----------------------------------------------------------------------

    def watch(self) -> None:
        """Look at the limits of all that run, and after the children that end; called often, by one thread."""
        for run in list(self._runs.values()):
            try:
                run.watch(self._settings.jobs.grace)
            except Exception:
                _log.exception("job %s could not be watched", run.lease.job.id)
        self._pool.end_for_good()

    def end_idle(self) -> None:
        self._pool.end_idle(self._settings.children.idle)

    def stop(self) -> None:
        """Whatever dies from now on was ended by whoever stops the worker."""
        self._stopped = True
