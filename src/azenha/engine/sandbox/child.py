"""What a worker holds of a child process, and how children are started: the two Protocols of this room."""

from __future__ import annotations

from typing import Protocol

from azenha.engine.channel import Channel


class CannotStart(Exception):
    """The source does not import any more, or no process can be made; the text says which and why."""


class Child(Protocol):
    """One child process. `output` is the reading end of what it writes to its standard output and error."""

    channel: Channel
    output: int
    polled: bool  # whether both can be polled (select.poll): sockets and pipes of Unix

    def pid(self) -> int | None:
        """None as long as it is not known, or when it is gone."""

    def exit_code(self, timeout: float) -> int | None:
        """How it ended; negative: by that signal. None if it has not ended after `timeout` seconds."""

    def suspend(self) -> None:
        """Stop it and its descendants where they are (only where tree.can_suspend)."""

    def proceed(self) -> None:
        """Let them go on."""

    def terminate(self) -> None:
        """Ask it and its descendants to end. Returns at once."""

    def kill(self) -> None:
        """End it and its descendants. Returns at once."""

    def close(self) -> None:
        """Let go of it after its end."""


class Starter(Protocol):
    """Starts children that have one source of processes loaded."""

    def start(self, source: str, nice: int) -> Child:
        """A child that waits for a job.

        Args:
            source: opaque here, understood by the program that is started.
        Raises:
            CannotStart: with the reason.
        """

    def tidy(self, idle: float) -> None:
        """End what has been idle for that many seconds."""

    def close(self) -> None:
        """End everything that was started."""
