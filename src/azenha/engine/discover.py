"""Descriptions as data: each source is imported in a process of its own, once for each state of its files.

A module that exits, hangs or crashes at import is listed with its reason, and the others are served. What a module
starts at import is ended with that process: those that run its jobs start their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from azenha.authoring.errors import AuthoringError
from azenha.authoring.registry import Kind, Source, find, fingerprint, load, loaded_files
from azenha.domain.described import dump_description, load_description
from azenha.domain.process import Catalogue, Offering, ProcessDescription, Unavailable
from azenha.engine.sandbox import tree

CACHE_FORMAT = 5
MARK = "IMPORT_FOR_AZENHA"  # in the environment of all that one import starts
END_WITHIN = 5.0  # seconds that the system has to end what was killed
SAID = 1 << 16  # bytes of what a module printed, of which the last line is told


def key(source: Source) -> str:
    """A source as text: for the programs of children, and to name its entry in the cache."""
    return json.dumps(asdict(source), default=str, sort_keys=True)


def source_of(text: str) -> Source:
    data = json.loads(text)
    return Source(
        data["name"],
        Kind(data["kind"]),
        data["location"],
        Path(data["path"]),
        Path(data["root"]) if data["root"] else None,
        data["only"],
    )


def describe(text: str) -> None:
    """The program that imports one source and prints what is in it, as JSON on the real standard output."""
    answer_to = os.dup(1)
    os.dup2(2, 1)  # what the module prints while it is imported is no answer
    source = source_of(text)
    answer: dict[str, Any]
    try:
        definitions = load(source)
        files = loaded_files(source)
        answer = {
            "processes": [dump_description(d.description) for d in definitions],
            "files": [str(f) for f in files],
            "hash": fingerprint(files),
        }
    except AuthoringError as error:
        answer = {"reason": str(error)}
    except BaseException as error:
        answer = {"reason": f"its import ended with {type(error).__name__}: {error}"}
    with os.fdopen(answer_to, "w") as stream:
        json.dump(answer, stream)
    sys.stderr.flush()
    tree.end_descendants()
    os._exit(0)  # whatever threads the module has started


def discover(
    targets: Sequence[str],
    cache: Path,
    command: Sequence[str],
    import_time: float,
    on_import: Callable[[str], None] | None = None,
) -> tuple[Catalogue, dict[str, str]]:
    """What the targets offer, and the key of each source by its name.

    Args:
        cache: folder; descriptions are taken from there as long as no file that they came from has changed.
        command: starts the program of `describe`, given the key for its last argument.
        on_import: told each source that has to be imported.
    Raises:
        OSError: descriptions cannot be kept in the cache.
    """
    cache.mkdir(parents=True, exist_ok=True)
    sources, missing = find(targets)
    unavailable = list(missing)

    imports = _Imports(command, import_time)

    def look(source: Source) -> list[ProcessDescription] | str:
        return _describe(source, cache, imports, on_import)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        try:
            answers = list(pool.map(look, sources))
        except BaseException:  # Ctrl-C: nobody waits for them any more
            pool.shutdown(wait=False, cancel_futures=True)
            imports.end()
            raise
    offerings: dict[str, Offering] = {}
    for source, answer in zip(sources, answers, strict=True):
        if isinstance(answer, str):
            unavailable.append(Unavailable(source.name, answer))
            continue
        for description in answer:
            if (other := offerings.get(description.id)) is not None:
                reason = (
                    f"process '{description.id}' is in {other.source} already: give one of them another id"
                )
                unavailable.append(Unavailable(source.name, reason))
            else:
                offerings[description.id] = Offering(description, source.name)
    return Catalogue(offerings, tuple(unavailable)), {s.name: key(s) for s in sources}


def _describe(
    source: Source,
    cache: Path,
    imports: _Imports,
    on_import: Callable[[str], None] | None,
) -> list[ProcessDescription] | str:
    text = key(source)
    place = cache / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    answer = _cached(place, text)
    if answer is None:
        if on_import is not None:
            on_import(source.name)
        answer = imports.answer(text)
        if "processes" in answer:
            fresh = place.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(answer | {"key": text, "made": _made_by()}))
            fresh.replace(place)
    if "processes" not in answer:
        return str(answer["reason"])
    return [load_description(d) for d in answer["processes"]]


def _made_by() -> list[object]:
    from azenha import __version__

    return [CACHE_FORMAT, __version__, list(sys.version_info[:3])]


def _cached(place: Path, text: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(place.read_text())
        fits = (
            answer["key"] == text
            and answer["made"] == _made_by()
            and fingerprint([Path(f) for f in answer["files"]]) == answer["hash"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(answer) if fits else None


class _Imports:
    """Imports sources, each in a process of its own."""

    def __init__(self, command: Sequence[str], import_time: float) -> None:
        self._command = command
        self._import_time = import_time
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def answer(self, text: str) -> dict[str, Any]:
        try:
            return self._answer(text)
        except OSError as error:  # no process is left, or no room for what it says
            return {"reason": f"it cannot be imported now: {error}"}

    def _answer(self, text: str) -> dict[str, Any]:
        from tempfile import TemporaryFile  # where all descriptions are in the cache, nothing is imported

        mark = os.urandom(16).hex()
        # Files: what the module has started holds them too, and the end of a pipe would wait for all of that.
        with TemporaryFile() as output, TemporaryFile() as errors:
            process = tree.start(
                [*self._command, text],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={**os.environ, MARK: mark},
            )
            self._running.add(process)
            if self._ended:  # while this was started
                self._end(process)
            # A thread: waiting with a time limit is done by looking now and then.
            waiting = threading.Thread(target=process.wait, name="azenha-import", daemon=True)
            waiting.start()
            waiting.join(self._import_time)
            in_time = not waiting.is_alive()
            if not in_time:
                self._end(process)
                waiting.join(END_WITHIN)
            self._running.discard(process)
            answer = _told(output)
            tree.kill_left(process.pid, None if answer else (MARK, mark))
            if answer:
                return answer
            if not in_time:
                within = f"within {self._import_time:g} s (setting children.import_time)"
                return {"reason": f"its import did not end {within}"}
            return {"reason": _why_not(process.returncode, errors)}

    def end(self) -> None:
        """End those that are on their way; whoever waits for their answers gets a reason instead."""
        self._ended = True
        for process in list(self._running):
            self._end(process)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        tree.kill(process.pid)
        process.kill()


def _told(output: IO[bytes]) -> dict[str, Any]:
    """The answer of `describe`; nothing where it did not come to that."""
    output.seek(0)
    try:
        return dict(json.loads(output.read()))
    except ValueError:
        return {}


def _why_not(code: int, errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - SAID))
    said = errors.read().decode(errors="replace").strip().rsplit("\n", 1)[-1]
    return f"its import ended the process that loads it (exit code {code}){f': {said}' if said else ''}"
