"""Children started as programs of their own: every platform. Slower to start (imports), so worth reusing."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress

from azenha.engine.channel import Channel
from azenha.engine.sandbox import tree
from azenha.engine.sandbox.child import CannotStart, Child

END_WITHIN = 2.0  # seconds that the system has to end what was killed


class SpawnedChild:
    polled = False

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._process = process
        self._streams = (process.stdin, process.stdout, process.stderr)
        self.channel = Channel(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
        self.output = os.dup(process.stderr.fileno())
        for stream in self._streams:
            stream.close()

    def pid(self) -> int | None:
        return None if self._process.poll() is not None else self._process.pid

    def exit_code(self, timeout: float) -> int | None:
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        # What it had started has fallen to this process.
        tree.kill_orphans()
        return code

    def suspend(self) -> None:
        if (pid := self.pid()) is not None:
            tree.suspend(pid)

    def proceed(self) -> None:
        if (pid := self.pid()) is not None:
            tree.proceed(pid)

    def terminate(self) -> None:
        if (pid := self.pid()) is not None:
            if hasattr(os, "killpg"):
                tree.terminate(pid)
            else:
                self._process.terminate()

    def kill(self) -> None:
        if (pid := self.pid()) is not None:
            tree.kill(pid)
            self._process.kill()

    def close(self) -> None:
        self.channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        # What it had started itself, and left when it died, has fallen to this process.
        tree.kill_orphans()


class Spawning:
    def __init__(self, command: Sequence[str]) -> None:
        """`command`: starts a child, given source and niceness as JSON for its last argument."""
        self._command = command
        self._children: list[SpawnedChild] = []
        self._lock = threading.Lock()

    def start(self, source: str, nice: int) -> Child:
        try:
            process = tree.start(
                [*self._command, json.dumps([source, nice])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise CannotStart(f"no process can be started: {error}") from None
        child = SpawnedChild(process)
        with self._lock:
            self._children = [c for c in self._children if c.pid() is not None]
            self._children.append(child)
        return child

    def tidy(self, idle: float) -> None:
        """Nothing is kept here."""

    def close(self) -> None:
        for child in self._children:
            child.kill()
        for child in self._children:
            child.exit_code(END_WITHIN)
