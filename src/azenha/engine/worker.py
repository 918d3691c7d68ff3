"""The worker: claims jobs, runs each in a child, stores results, records the end. Heartbeats and lost leases.

The store is the truth. What reaches the worker by its wake-up socket only saves waiting for the next look.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from azenha.domain.canonical import load_values
from azenha.domain.errors import QueueFull
from azenha.domain.job import Failure, FailureKind, Job, Lane
from azenha.domain.process import Catalogue
from azenha.domain.values import StoredFile
from azenha.engine.arrived import incomplete
from azenha.engine.attempts import Attempt, Attempts, published
from azenha.engine.channel import Message
from azenha.engine.clearing import remove
from azenha.engine.formats.policy import Policy
from azenha.engine.job_log import Log
from azenha.engine.pool import Pool
from azenha.engine.running import paused_too_long
from azenha.engine.sandbox import tree
from azenha.engine.sandbox.child import CannotStart, Starter
from azenha.engine.steering import PausedTooLong, Steering, Stopped
from azenha.engine.transfer import has_references
from azenha.engine.waiting import Waiting
from azenha.settings import Settings
from azenha.usecases.ports import Blobs, Folders, Handed, Lease, Leases, NotKept, Success, Told

LOOK_EVERY = 0.5  # seconds between looks at the queue when nobody wakes us
WATCH_EVERY = 0.1
TIDY_EVERY = 5.0
STRAY_AFTER = 3600.0  # seconds: the files of a request that is still being stored are younger
STRAYS_EVERY = 900.0  # seconds between looks for them: each reads the folders of all jobs
TIDY_AT_ONCE = 200  # jobs: each batch is one transaction, between which others write

ENDED = Told()

_log = logging.getLogger("azenha.worker")


class Announce(Protocol):
    """Tell the web tier the news of a job."""

    def __call__(self, job: str, told: Told = ENDED) -> None: ...


class Worker:
    def __init__(
        self,
        name: str,
        store: Leases,
        folders: Folders,
        blobs: Blobs,
        starter: Starter,
        catalogue: Catalogue,
        sources: Mapping[str, str],
        fetching: str,
        settings: Settings,
        announce: Announce,
    ) -> None:
        """`sources`: what the starter is given for each source's name; `fetching`: for those that fetch."""
        self._name = name
        self._store = store
        self._folders = folders
        self._blobs = blobs
        self._starter = starter
        self._catalogue = catalogue
        self._sources = sources
        self._settings = settings
        self._announce = announce
        self._policy = Policy.of(settings.formats)
        self._steering = Steering(name, store, settings.jobs.lease)
        # Leases from claim to end: a child's start, and the move of its outputs, may take longer than a lease.
        self._held: set[tuple[str, int]] = set()
        self._unended: set[tuple[str, int]] = set()  # attempts after which their jobs go on
        pool = Pool(starter, settings.children.nice)
        self._attempts = Attempts(pool, self._steering, folders, settings, fetching, store.progress)
        self._done_with: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        of = settings.queue
        self._waiting = {Lane.SYNC: Waiting(of.sync_slots), Lane.BACKGROUND: Waiting(of.slots)}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    # -- from outside ----------------------------------------------------------------------------

    def start(self) -> None:
        """Recover what other workers left, then take jobs."""
        for job in self._store.recover(self._name, self._settings.jobs.keep):
            _log.warning("job %s was lost by its worker: now %s", job.id, job.state)
            if job.ended:
                self._announce(job.id)
        of = self._settings.queue
        for lane, slots in ((Lane.SYNC, of.sync_slots), (Lane.BACKGROUND, of.slots)):
            for number in range(slots):
                self._thread(f"azenha-{lane}-{number}", self._slot, lane)
        self._thread("azenha-watch", self._watch)
        self._thread("azenha-heartbeat", self._heartbeat)
        self._thread("azenha-tidy", self._tidy)
        self._thread("azenha-remove", self._remove_work)

    def _thread(self, name: str, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def offered(self, lane: Lane) -> None:
        """A job waits in that lane."""
        self._waiting[lane].hint()

    def handed(self, job: Handed) -> None:
        """A synchronous job, to be stored by whoever runs it."""
        try:
            self._waiting[Lane.SYNC].hand_over(job)
        except QueueFull as full:
            self._announce(job.id, Told(refused=full))

    def interrupt(self, job: str) -> None:
        """A job that runs was dismissed, paused or resumed; which, its record says. Or nobody waits for it."""
        attempts = {id: attempt for id, attempt in list(self._held) if id == job}
        if not attempts:
            self._waiting[Lane.SYNC].withdraw(job)
            attempts = {id: attempt for id, attempt in list(self._held) if id == job}
        if attempts:
            try:
                self._steering.look(attempts)
            except Exception:
                _log.exception("job %s could not be looked at; the next heartbeat does", job)

    def stop(self) -> None:
        """Take no more jobs, end the running ones; each record says so."""
        self._stop.set()
        self._attempts.stop()
        for lane in Lane:
            self._waiting[lane].end()
        self._steering.stop()
        self._starter.close()
        self._done_with.put(None)
        for thread in self._threads:
            thread.join(5)
        for job in self._store.recover("", self._settings.jobs.keep, "the server was stopped while it ran"):
            if job.ended:
                self._announce(job.id)

    # -- slots -----------------------------------------------------------------------------------

    def _slot(self, lane: Lane) -> None:
        lease: Lease | None = None
        while not self._stop.is_set():
            try:
                lease = lease or self._claimed(lane)
                if lease is None:
                    self._waiting[lane].wait(LOOK_EVERY)
                else:
                    lease = self._served(lease)
            except Exception:  # a slot must not be lost, whatever happens
                _log.exception("the job store cannot be used; trying again")
                lease = None
                self._stop.wait(1)

    def _claimed(self, lane: Lane) -> Lease | None:
        waiting = self._waiting[lane]
        handed = waiting.next()
        try:
            return self._store.claim(self._name, lane, self._settings.jobs.lease, handed)
        except BaseException:
            if handed is not None:
                waiting.give_back(handed)
            raise

    def _served(self, lease: Lease) -> Lease | None:
        """Run a job; the next one, where that was claimed along with the end."""
        held = (lease.job.id, lease.attempt)
        self._held.add(held)
        told = ENDED
        try:
            if not self._waiting[lease.job.lane].wanted(lease.job.id):
                if self._store.renew(self._name, self._settings.jobs.lease, dict([held])):
                    self._store.dismiss(lease.job.id)
                return None
            told, following = self._run(lease)
            return following
        except Exception:
            _log.exception("job %s could not be ended", lease.job.id)
            self._fail(lease, FailureKind.LOST, "an internal error of the server ended it")
            return None
        finally:
            self._held.discard(held)
            self._steering.forget(held)
            if held in self._unended:
                self._unended.discard(held)
            else:
                self._announce(lease.job.id, told)

    def _run(self, lease: Lease) -> tuple[Told, Lease | None]:
        """Run a job to its recorded end; the news of it, the next job of the lane, where that was claimed too."""
        offering = self._catalogue.offerings.get(lease.job.process)
        if offering is None or offering.source not in self._sources:
            self._fail(
                lease,
                FailureKind.UNAVAILABLE,
                f"process '{lease.job.process}' is not offered here any more",
            )
            return ENDED, None
        description = offering.description
        if (input := incomplete(lease.request.inputs, self._folders.inputs(lease.job.id))) is not None:
            message = (
                f"the data of input '{input}' were lost, perhaps with the machine's power: send it again"
            )
            self._fail(lease, FailureKind.LOST, message)
            return ENDED, None
        log = Log(partial(self._folders.log, lease.job.id), self._settings.limits.log)
        work, clean = self._folders.workdir(), False
        try:
            if has_references(lease.request.inputs) or self._policy.fetches_for(description):
                fetched = self._in_child(lease, partial(self._attempts.fetch, lease, description, work, log))
                if fetched is None:
                    return ENDED, None
                inputs = load_values(fetched["values"])
                lease = replace(lease, request=replace(lease.request, inputs=inputs))
            source = self._sources[offering.source]
            answer = self._in_child(lease, partial(self._attempts.run, lease, source, description, work, log))
            if answer is None:
                return ENDED, None
            done = self._succeed(lease, answer, published(work))
            clean = self._folders.done_with(work)
            return done
        finally:
            if not clean:
                self._done_with.put(work)

    def _in_child(self, lease: Lease, attempting: Callable[[], Attempt]) -> Message | None:
        """What a child made of it; None if it failed, which is recorded."""
        try:
            attempt = attempting()
        except CannotStart as error:
            self._fail(lease, FailureKind.UNAVAILABLE, f"it could not be started: {error}")
            return None
        if attempt.good:
            return attempt.answer
        self._record_failure(lease, attempt)
        return None

    # -- the end of a job ------------------------------------------------------------------------

    def _record_failure(self, lease: Lease, attempt: Attempt) -> None:
        run, answer = attempt.run, attempt.answer
        if run.dismissed or (answer is not None and answer["t"] == "cancelled"):
            return  # the store says so already
        if run.verdict is not None:
            self._fail(lease, *run.verdict)
        elif answer is not None:
            self._fail(lease, FailureKind(answer["kind"]), answer["text"], answer["locator"])
        elif self._stop.is_set():
            self._unended.add((lease.job.id, lease.attempt))  # `stop` ends it, or gives it another attempt
        else:
            reason, by_signal = attempt.died or ("its child died", False)
            # A crash or a kill may be the machine's doing; an exit is the process's own.
            if by_signal and self._store.retry(lease, reason):
                self._unended.add((lease.job.id, lease.attempt))
            else:
                self._fail(lease, FailureKind.PROCESS, reason)

    def _fail(self, lease: Lease, kind: FailureKind, message: str, locator: str | None = None) -> None:
        reference = f"{lease.job.id[:8]}-{lease.attempt}"
        _log.warning("job %s failed (%s, reference %s): %s", lease.job.id, kind, reference, message)
        Log(partial(self._folders.log, lease.job.id), self._settings.limits.log).write(
            f"FAILED: {message} (reference {reference})\n".encode()
        )
        self._store.fail(lease, Failure(kind, message, reference, locator), self._keep(lease))

    def _keep(self, lease: Lease) -> float:
        jobs = self._settings.jobs
        return jobs.keep_sync if lease.job.lane is Lane.SYNC else jobs.keep

    def _succeed(self, lease: Lease, answer: Message, outputs: Path) -> tuple[Told, Lease | None]:
        """Record success, and claim the next job with it."""
        success = Success(load_values(answer["values"]))
        files = [v for values in success.outputs.values() for v in values if isinstance(v, StoredFile)]
        if files:
            # They are kept for good before the record says so: it never names what is not there.
            try:
                self._blobs.put(lease.job.id, lease.attempt, outputs, files)
            except NotKept as error:
                self._fail(lease, FailureKind.RESULTS, f"its results could not be kept: {error}")
                return ENDED, None
        while True:
            recorded, following = self._record_success(lease, success)
            if recorded is not None or not self._resumed(lease):
                break
        if recorded is None and files:
            self._blobs.remove(lease.job.id, lease.attempt)
        return ENDED if recorded is None else Told(recorded, success.outputs), following

    def _record_success(self, lease: Lease, success: Success) -> tuple[Job | None, Lease | None]:
        keep, lease_time = self._keep(lease), self._settings.jobs.lease
        waiting = self._waiting[lease.job.lane]
        handed, recorded = waiting.next(), None
        try:
            recorded, following = self._store.succeed_and_claim(lease, success, keep, lease_time, handed)
        finally:
            if handed is not None and recorded is None:
                waiting.give_back(handed)
        return recorded, following

    def _resumed(self, lease: Lease) -> bool:
        """Wait with a job's end while it is paused; False if that is not ours to record any more."""
        held, patience = (lease.job.id, lease.attempt), self._settings.jobs.pause_at_most
        try:
            return self._steering.resumed(held, patience)
        except PausedTooLong:
            self._fail(lease, FailureKind.TIME, paused_too_long(patience))
        except Stopped:
            self._unended.add(held)  # `stop` ends it, or gives it another attempt
        return False

    # -- threads beside the slots ----------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stop.wait(WATCH_EVERY):
            self._attempts.watch()

    def _heartbeat(self) -> None:
        jobs = self._settings.jobs
        while not self._stop.wait(jobs.heartbeat):
            try:
                attempts = dict(list(self._held))
                self._steering.look(attempts)
                for job in self._store.recover(None, jobs.keep):
                    if job.ended:
                        self._announce(job.id)
            except Exception:
                _log.exception("leases could not be renewed")

    def _remove_work(self) -> None:
        # Not by the slots: a file system that syncs for others lets a removal wait as long as the job took.
        while (work := self._done_with.get()) is not None:
            remove(work)
            remove(published(work))

    def _tidy(self) -> None:
        self._remove_strays()
        looked = time.monotonic()
        while not self._stop.wait(TIDY_EVERY):
            if time.monotonic() - looked >= STRAYS_EVERY:
                self._remove_strays()
                looked = time.monotonic()
            try:
                self._starter.tidy(self._settings.children.idle)
                tree.kill_orphans()  # a dead parent's children may end after it, and leave theirs later still
                self._attempts.end_idle()
                while gone := self._store.expired(TIDY_AT_ONCE):
                    for id in gone:
                        self._blobs.remove(id)
                        self._folders.remove(id)
                    self._store.forget(gone)
            except Exception:
                _log.exception("tidying failed; trying again")

    def _remove_strays(self) -> None:
        """A web tier killed between a job's files and its record leaves the files."""
        with suppress(Exception):
            for id in self._store.unknown(self._folders.jobs(STRAY_AFTER)):
                self._folders.remove(id)
        with suppress(Exception):
            for id in self._store.unknown(self._blobs.jobs(STRAY_AFTER)):
                self._blobs.remove(id)
