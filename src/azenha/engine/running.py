"""One claimed job in one child: orders, answers, limits, its log, its end.

The slot's thread reads what the child says; the worker's watch thread looks at time, memory and dismissal from
outside. Both only ever ask the child to end: what is recorded is decided by the slot's thread alone. Whoever has
read in the store that the job is paused or goes on says so to `pause` and `resume`.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

from azenha.domain.job import FailureKind
from azenha.engine.channel import ChannelClosed, Message
from azenha.engine.growing import Growing
from azenha.engine.job_log import Log, Output
from azenha.engine.sandbox import tree
from azenha.engine.sandbox.child import Child
from azenha.usecases.ports import Lease

WATCH_AFTER = 0.3  # seconds of run time before memory and processes are looked at: most jobs are over by then
FLOOD = 10  # a job that writes so many times its log's limit is stopped


def paused_too_long(seconds: float) -> str:
    return f"it was paused longer than {seconds:g} s in all (setting jobs.pause_at_most)"


class Run:
    """A job in its child. Its time stands still while it is paused."""

    def __init__(
        self,
        lease: Lease,
        child: Child,
        output: Output,
        *,
        seconds: float,
        whose: str,
        memory: int,
        processes: int,
        files: Growing | None,
        log: Log,
        log_limit: int,
        pauses_itself: bool,
        pause_at_most: float,
    ) -> None:
        """`files`: its folder, where that has a limit. `pause_at_most`: seconds, in all; then it is ended."""
        self.lease = lease
        self.child = child
        self._output = output
        self._log = log
        self._began = time.monotonic()
        self._seconds = seconds
        self._whose = whose
        self._memory = memory
        self._processes = processes
        self._files = files
        self._flood = log_limit * FLOOD
        self._stopping: float | None = None  # since when it has been asked to end
        self._forced = 0
        self.verdict: tuple[FailureKind, str] | None = None
        self.dismissed = False
        self._taken = False
        self._sent = False
        self._spoken = False
        self._pauses_itself = pauses_itself
        self._pause_at_most = pause_at_most
        self._turn = threading.Lock()  # one at a time of those that stop the child and let it go on
        self._paused: float | None = None  # since when
        self._rested = 0.0  # seconds of pauses that are over
        self._ordered = False
        self._cancelled = False  # it has heard that it shall end
        self._told = "resume"  # the last that a child that pauses itself has heard of it
        self._over = False

    @property
    def untouched(self) -> bool:
        """The child died of itself before it took the order: the job did not run."""
        # What was said after the order may be what it had not read: then nobody knows, and the job may have run.
        unread = self.child.channel.unheard and not self._spoken
        unheard = not self._taken if self._output.marks else unread or not self._sent
        return unheard and self._stopping is None

    def dismiss(self) -> None:
        """The job is not wanted any more: ask first, then terminate, then kill (see `watch`)."""
        with self._turn:
            if self._stopping is None:
                self.dismissed = True
                self._stopping = time.monotonic()
                self._go_on()  # a stopped child would neither hear of it nor end in order
                self._cancelled = self._tell("cancel")

    def pause(self) -> None:
        """Stop the child, or ask it to wait. Nothing happens to one that is paused, or shall end."""
        with self._turn:
            if self._paused is None and self._stopping is None and not self._over:
                self._paused = time.monotonic()
                self._stop()

    def resume(self) -> None:
        with self._turn:
            self._go_on()

    def over(self) -> None:
        """The child has no part in the job any more; it goes on, for another may come."""
        with self._turn:
            self._over = True
            self._go_on()

    def _stop(self) -> None:
        if not self._ordered:
            return  # a stopped child would not take a long order, and whoever sends it would wait: see `exchange`
        if self._pauses_itself:
            self._tell_whether_to_wait()
        else:
            self.child.suspend()

    def _go_on(self) -> None:
        if self._paused is None:
            return
        self._rested += time.monotonic() - self._paused
        self._paused = None
        if self._ordered and self._pauses_itself:
            self._tell_whether_to_wait()
        elif self._ordered:
            self.child.proceed()

    def _tell_whether_to_wait(self) -> None:
        """What could not be told is told later, see `watch`: the last word alone matters."""
        word = "resume" if self._paused is None else "pause"
        if word != self._told and self._tell(word):
            self._told = word

    def _tell(self, what: str) -> bool:
        """Say something short; False if the child has left so much unheard that whoever says it would have to wait.

        Nobody may wait here: what a client says a thousand times would hold up the leases of all jobs.
        """
        self._spoken = True
        try:
            return self.child.channel.send_at_once({"t": what})
        except ChannelClosed:
            return True

    def _say_again(self) -> None:
        """What could not be told before."""
        with self._turn:
            if self._over:
                return
            if self.dismissed and self._ordered and not self._cancelled:
                self._cancelled = self._tell("cancel")
            elif self._ordered and self._pauses_itself and self._stopping is None:
                self._tell_whether_to_wait()

    def _times(self, now: float) -> tuple[float, float]:
        """Seconds that it has run, and that it was paused."""
        with self._turn:
            rested = self._rested + (0 if self._paused is None else now - self._paused)
        return now - self._began - rested, rested

    def watch(self, grace: float) -> None:
        """Look at the limits; called a few times a second from outside the slot's thread."""
        now = time.monotonic()
        self._say_again()
        if self._stopping is not None:
            waited = now - self._stopping
            if waited > 2 * grace and self._forced < 2:
                self._forced = 2
                self.child.kill()
            elif waited > grace and self._forced < 1:
                self._forced = 1
                self.child.terminate()
            return
        ran, rested = self._times(now)
        if ran > self._seconds:
            self._end(FailureKind.TIME, f"it ran longer than {self._seconds:g} s ({self._whose})")
        elif rested > self._pause_at_most:
            self._end(FailureKind.TIME, paused_too_long(self._pause_at_most))
        elif self._log.offered > self._flood:
            self._end(FailureKind.OUTPUT, f"it wrote more than {self._flood:,} bytes to its log")
        elif ran > WATCH_AFTER and self._files is not None and self._files.exceeds():
            limit = f"{self._files.limit:,} bytes (setting limits.outputs)"
            self._end(FailureKind.OUTPUT, f"the files in its folder exceeded {limit} while it ran")
        elif ran > WATCH_AFTER:
            # Asking a dead child also ends what it left behind, which may hold the connection open.
            self.child.exit_code(0)
            if (pid := self.child.pid()) is not None:
                self._look(pid)

    def _look(self, pid: int) -> None:
        family = [pid, *tree.descendants(pid)]
        if len(family) > self._processes:
            self._end(FailureKind.PROCESS, f"it had more than {self._processes} processes (jobs.processes)")
            return
        if len(family) == 1 and tree.memory(pid) <= self._memory:
            return
        # Forked processes share most of what each of them has: counted exactly only where it matters.
        if sum(map(tree.memory, family)) <= self._memory:
            return
        if sum(map(tree.shared_memory, family)) > self._memory:
            self._end(FailureKind.MEMORY, f"it needed more than {self._memory:,} bytes of memory")

    def _end(self, kind: FailureKind, reason: str) -> None:
        self.verdict = (kind, reason)
        self._stopping = time.monotonic()
        self._forced = 2
        self.child.kill()

    def exchange(
        self, order: Message, on_progress: Callable[[int, str | None], None], meanwhile: Callable[[], None]
    ) -> Message | None:
        """Give the order and follow it to its end; None if the child died over it.

        Args:
            meanwhile: called once, while the child works.
        """
        self._output.attach(self._log)
        try:
            self.child.channel.send(order)
        except ChannelClosed:
            return None
        order.pop("request", None)  # which may be much, and the job take its time
        self._sent = True
        with self._turn:
            self._ordered = True
            if self._paused is not None:
                self._stop()
            self._cancelled = False  # what a child hears before its order is of no job
        meanwhile()
        while (message := self._output.receive(self.child.channel)) is not None:
            match message.get("t"):
                case "taken":
                    self._taken = True
                case "progress":
                    on_progress(max(0, min(100, int(message["percent"]))), message["message"])
                case "log":
                    line = f"{message['level']}: {message['text']}\n"
                    self._log.write(line.encode("utf-8", "replace"))
                case "done" | "failed" | "cancelled":
                    return message
        return None

    def death(self) -> tuple[str, bool]:
        """How the child ended, in words, and whether a signal ended it."""
        code = self.child.exit_code(2.0)
        if code is None:
            self.child.kill()
            return "its child closed its connection", False
        if code >= 0:
            return f"the process ended its child with exit code {code}", False
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = ", perhaps because the machine ran out of memory" if name == "SIGKILL" else ""
        return f"the process's child was ended by {name}{hint}", True
