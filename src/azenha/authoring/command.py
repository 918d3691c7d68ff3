"""One command line of a process: started without a shell, its output logged as it comes."""

from __future__ import annotations

import codecs
import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread

from azenha.authoring.errors import CommandFailed

TAIL = 64 * 1024  # characters of the output that are kept in memory
PIECE = 64 * 1024  # bytes read at once; characters of a line without an end that are logged as one
PATIENCE = 0.1  # seconds between two looks for cancellation while a command is silent
LINGER = (
    1.0  # seconds after a command's end in which more of its output may come: a loaded machine reads it late
)
GRACE = 2.0  # seconds between terminating and killing


def run(
    args: Sequence[str],
    cwd: str,
    env: Mapping[str, str] | None,
    log: logging.Logger,
    check: Callable[[], None],
) -> str:
    """Run to the end, and give the end of what it wrote.

    `check` raises if the job is to stop, and then the command is ended.

    Raises:
        CommandFailed: not started, or its exit code is not 0.
    """
    command = _start(args, cwd, env)
    tail = ""
    try:
        for line in _lines(command, check):
            log.info("%s", line)
            tail += line + "\n"
            if len(tail) > 2 * TAIL:  # not at every line: cutting copies it
                tail = tail[-TAIL:]
        while (code := _ended(command)) is None:  # it may close its output long before its end
            check()
    except BaseException:
        _end(command)
        raise
    tail = tail[-TAIL:]
    if code:
        reason = f"was ended by signal {-code}" if code < 0 else f"failed with exit code {code}"
        raise CommandFailed(args, code, reason, tail)
    return tail


def _start(args: Sequence[str], cwd: str, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            args,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        if not Path(cwd).is_dir():
            reason = f"cannot run in '{cwd}': there is no such folder"
        elif isinstance(error, FileNotFoundError):
            reason = "is not there: is it installed, and on the PATH?"
        else:
            reason = f"cannot be started: {error.strerror}"
        raise CommandFailed(args, None, reason) from None


def _lines(command: subprocess.Popen[bytes], check: Callable[[], None]) -> Iterator[str]:
    """Lines of output as they come; empty ones are left out.

    A carriage return ends a line too: progress bars write nothing else.
    """
    # Incremental: a piece may end within a character.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    for piece in _pieces(command, check):
        *lines, rest = (rest + decoder.decode(piece)).replace("\r", "\n").split("\n")
        yield from filter(None, lines)
        if len(rest) >= PIECE:
            yield rest
            rest = ""
    if last := rest + decoder.decode(b"", final=True):
        yield last


def _pieces(command: subprocess.Popen[bytes], check: Callable[[], None]) -> Iterator[bytes]:
    """What the command writes, until it closes its output, or has ended and nothing more comes.

    A thread reads, because on some platforms a pipe cannot be waited for with a time limit. It alone closes
    the pipe: a descendant of the command may hold the other end for ever, and closing would wait for it.
    """
    pieces: Queue[bytes] = Queue(maxsize=16)  # bounded: a command may write faster than the log takes it
    stopped, over = Event(), None
    Thread(target=_pump, args=(command, pieces, stopped), daemon=True).start()
    try:
        while True:
            check()
            try:
                piece = pieces.get(timeout=PATIENCE)
            except Empty:
                if command.poll() is None:
                    continue
                over = over or time.monotonic()
                if time.monotonic() - over < LINGER:
                    continue
                return  # whoever still holds its output may do so for ever
            if not piece:
                return
            yield piece
    finally:
        stopped.set()


def _pump(command: subprocess.Popen[bytes], pieces: Queue[bytes], stopped: Event) -> None:
    assert command.stdout is not None
    with command.stdout as output:
        while not stopped.is_set():
            piece = output.read1(PIECE)  # type: ignore[attr-defined]  # a BufferedReader, typed as IO
            _put(piece, pieces, stopped)
            if not piece:
                return


def _put(piece: bytes, pieces: Queue[bytes], stopped: Event) -> None:
    while not stopped.is_set():
        try:
            pieces.put(piece, timeout=PATIENCE)
            return
        except Full:
            continue


def _ended(command: subprocess.Popen[bytes]) -> int | None:
    try:
        return command.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return None


def _end(command: subprocess.Popen[bytes]) -> None:
    """Terminate, then kill. Descendants of the command end with the job: its sandbox sees to that."""
    command.terminate()
    try:
        command.wait(GRACE)
    except subprocess.TimeoutExpired:
        command.kill()
        command.wait()
