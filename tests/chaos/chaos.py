"""Kill parts of a server at random moments, over and over, and check what it says afterwards.

`python tests/chaos/chaos.py --rounds N --seed S` prints a line for each round and a summary. The witness is an event
file that the jobs write themselves (jobs_that_tell.py), not the server; the job table is read past the server, so
that no request wakes it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "acceptance"))

from live_server import LiveServer, alive, marked, parts, until  # noqa: E402 - found by the line above

SETTINGS = {
    "queue": {"slots": 2, "sync_slots": 2},
    "jobs": {"lease": 2, "heartbeat": 0.5, "grace": 0.5},
}
JOBS = 24
SYNC_JOBS = 6
KILLS = 4
DISMISSALS = 3
PAUSES = 5
VICTIMS = ("child", "child", "child", "warm", "worker", "web", "supervisor", "everything")
TRUTHFUL_WITHIN = 20.0  # seconds after the last restart
ALL_ENDED_WITHIN = 90.0
DEAD_WITHIN = 5.0  # seconds that a dismissed job's processes may live
TIDY_WITHIN = 10.0
ENDED = ("succeeded", "failed", "dismissed")


T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    what: str
    number: int
    job: str
    attempt: int
    pid: int
    at: float


@dataclass(frozen=True)
class Record:
    id: str
    process: str
    state: str
    lane: str
    attempt: int
    failure: str | None


@dataclass
class Told:
    """What the server told its clients."""

    accepted: dict[str, int] = field(default_factory=dict)  # job id: number
    dismissed: dict[str, float] = field(default_factory=dict)  # job id: when
    paused: set[str] = field(default_factory=set)  # or held, at some time
    answers: dict[int, str] = field(default_factory=dict)  # number: what a synchronous client was given
    problems: list[str] = field(default_factory=list)


class Round:
    """One server, 30 jobs, some kills. `problems` is empty if every sentence held."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        shutil.copy(HERE / "jobs_that_tell.py", folder)
        self.server = LiveServer(folder, [folder / "jobs_that_tell.py"], SETTINGS)
        self.told = Told()
        self.killed: list[str] = []
        self._restarting = threading.Lock()

    def run(self) -> list[str]:
        self.server.start()
        try:
            self._disturb()
            self._check_soon()
            self._check_at_the_end()
            self._check_slots()
        except (AssertionError, OSError, http.client.HTTPException) as wrong:
            self.told.problems.append(f"{type(wrong).__name__}: {wrong}")
        finally:
            try:
                self.server.end()
            except AssertionError as wrong:
                self.told.problems.append(str(wrong))
        if any("Traceback" in line for line in self.server.log.read_text(errors="replace").splitlines()):
            self.told.problems.append("the server's log has a traceback")
        return self.told.problems

    # -- what is done to it ----------------------------------------------------------------------

    def _disturb(self) -> None:
        clients = [threading.Thread(target=self._submit_all)]
        clients += [threading.Thread(target=self._sync, args=(1000 + n,)) for n in range(SYNC_JOBS)]
        for client in clients:
            client.start()
        plan = ["kill"] * KILLS + ["dismiss"] * DISMISSALS + ["pause", "resume"] * PAUSES
        self.random.shuffle(plan)
        for what in plan:
            time.sleep(self.random.uniform(0.05, 1.2))
            if what == "kill":
                self._kill(self.random.choice(VICTIMS))
            elif what == "dismiss":
                self._dismiss()
            elif what == "pause":
                self._steer("pause", sorted(self.told.accepted))
            else:
                self._steer("resume", sorted(self.told.paused))
        for client in clients:
            client.join(120)
            assert not client.is_alive(), "a client waits for ever"
        for id in sorted(self.told.paused):
            until(partial(self._steer, "resume", [id]), 60, "the server answers")

    def _inputs(self, number: int) -> dict[str, Any]:
        chance = random.Random(number * 7919 + 17)
        return {
            "number": number,
            "seconds": chance.choice([0.01, 0.05, 0.3, 1.0, 2.0]),
            "deaf": chance.random() < 0.2,
            "helper": chance.random() < 0.2,
        }

    def _submit_all(self) -> None:
        for number in range(JOBS):
            process = ("once", "again", "reused")[number % 3]
            while True:  # a request that was not answered may be sent again: it is then another job
                try:
                    id = self.server.submit(process, **self._inputs(number))
                except (OSError, http.client.HTTPException, ValueError):
                    time.sleep(0.1)
                    continue
                except AssertionError as refused:
                    self.told.problems.append(f"number {number} was not accepted: {refused}")
                    break
                self.told.accepted[id] = number
                break

    def _sync(self, number: int) -> None:
        time.sleep(random.Random(number).uniform(0, 3))
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):  # killed under our hands
            reply = self.server.execute(
                "once", None, None, **(self._inputs(number) | {"counted": False, "seconds": 0.5})
            )
            self.told.answers[number] = f"{reply.status} {reply.text}"

    def _kill(self, victim: str) -> None:
        found = parts(self.server.mark)
        if victim == "everything":
            pids = sorted(marked(self.server.mark), key=lambda pid: pid != self.server.pid)
        elif victim == "supervisor":
            pids = [self.server.pid]
        else:
            pids = [self.random.choice(found[victim])] if found.get(victim) else []
        self.killed.append(victim if pids else f"no {victim}")
        self.server.kill(pids)
        if self.server.pid in pids:
            self.server.start()

    def _dismiss(self) -> None:
        if not self.told.accepted:
            return
        id = self.random.choice(sorted(self.told.accepted))
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            reply = self.server.ask("DELETE", f"/jobs/{id}")
            # Dismissed before, it may have been removed by the second time.
            gone = id in self.told.dismissed and reply.status == 404
            if reply.status != 200 and not gone:
                self.told.problems.append(f"dismissing {id} was answered {reply.status} {reply.text}")
        # Unanswered, it may have been done or not: the record decides.
        self.told.dismissed[id] = time.monotonic()

    def _steer(self, what: str, ids: list[str]) -> bool:
        """Pause or resume one of the jobs; whether that was answered."""
        if not ids:
            return False
        id = self.random.choice(ids)
        if what == "pause":
            self.told.paused.add(id)  # unanswered, it may have been done or not
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            reply = self.server.ask("POST", f"/jobs/{id}/{what}")
            gone = id in self.told.dismissed and reply.status == 404
            if reply.status not in (200, 409) and not gone:
                self.told.problems.append(f"{what} {id} was answered {reply.status} {reply.text}")
            return True
        return False

    # -- what must be true -----------------------------------------------------------------------

    def events(self) -> list[Event]:
        path = self.folder / "events"
        lines = path.read_text().splitlines() if path.exists() else []
        split = [line.split() for line in lines]
        return [Event(w, int(n), job, int(a), int(pid), float(at)) for w, n, job, a, pid, at in split]

    def records(self) -> dict[str, Record]:
        """The job table, read past the server."""
        database = sqlite3.connect(f"file:{self.server.data / 'azenha.sqlite'}?mode=ro", uri=True, timeout=30)
        with contextlib.closing(database):
            rows = database.execute("SELECT id, process, state, lane, attempt, failure FROM job").fetchall()
        return {row[0]: Record(*row) for row in rows}

    def _check_soon(self) -> None:
        """Nobody asks the server anything; its records become true by themselves."""
        end = time.monotonic() + TRUTHFUL_WITHIN
        while time.monotonic() < end and any(r.state not in ENDED for r in self.records().values()):
            time.sleep(0.1)
        for problem in until_stable(self._untrue):
            self.told.problems.append(problem)
        for id, when in self.told.dismissed.items():
            time.sleep(max(0.0, when + DEAD_WITHIN - time.monotonic()))
            record = self.records().get(id)
            if record is None or record.state in ENDED:
                pids = {e.pid for e in self.events() if e.job == id and e.what == "start"}
                later = {e.pid for e in self.events() if e.job != id}  # a child may be reused
                living = [pid for pid in pids - later if alive(pid) and pid in marked(self.server.mark)]
                if living and record is not None and record.process != "reused":
                    self.told.problems.append(f"job {id} was dismissed, and its process {living} lives")

    def _untrue(self) -> list[str]:
        events, problems = self.events(), []
        for record in self.records().values():
            if record.state in ("running", "paused"):
                mine = [e for e in events if e.job == record.id and e.attempt == record.attempt]
                if not any(alive(e.pid) for e in mine):
                    problems.append(f"job {record.id} is said to run, and no process of it is there")
        return problems

    def _check_at_the_end(self) -> None:
        until(
            lambda: all(r.state in ENDED for r in self.records().values()),
            ALL_ENDED_WITHIN,
            "every job ends",
        )
        records, events = self.records(), self.events()
        problems = self.told.problems
        for id, number in self.told.accepted.items():
            if id not in records and id not in self.told.dismissed:
                problems.append(f"job {id} (number {number}) was accepted and is lost")
        for record in records.values():
            problems += self._about(record, [e for e in events if e.job == record.id])
        problems += [f"a third job ran at once: {e}" for e in events if e.what == "third"]
        for number, answer in self.told.answers.items():
            if answer.startswith("200") and not any(e.what == "end" and e.number == number for e in events):
                problems.append(f"number {number} was answered {answer} and never came to its end")
            ends = answer.startswith("503 ") and "this server ends" in answer and "supervisor" in self.killed
            if not answer.startswith(("200", "500 ")) and not ends:
                problems.append(f"number {number} was answered {answer}")
        work = self.server.data / "work"
        left = until_gone(lambda: list(work.glob("*/*")))
        problems += [f"a job ended, and {f} is there" for f in left]
        helpers = until_gone(lambda: parts(self.server.mark).get("other", []))
        if helpers:
            problems.append(f"what jobs started lives on after them: {helpers}")

    def _about(self, record: Record, events: list[Event]) -> Iterator[str]:
        starts = [e for e in events if e.what == "start"]
        ends = [e.attempt for e in events if e.what == "end"]
        most = 4 if record.process == "again" else 1
        if len({e.attempt for e in starts}) != len(starts):
            yield f"job {record.id} was started twice at one attempt: {starts}"
        if record.attempt > most:
            yield f"job {record.id} had {record.attempt} attempts of {most}"
        if record.state == "succeeded":
            if ends.count(record.attempt) != 1:
                yield f"job {record.id} succeeded at attempt {record.attempt} and told its ends as {ends}"
            if record.lane == "background":
                answer = self.server.get(f"/jobs/{record.id}/results")
                if answer.status != 200 or answer.json != f"{events[0].number}:{record.attempt}":
                    yield f"job {record.id} succeeded, and its results are {answer.status} {answer.text}"
            if any(e.attempt > record.attempt for e in starts):
                yield f"job {record.id} ran again after its success"
        if record.state == "failed" and not record.failure:
            yield f"job {record.id} failed without a reason"
        if (
            record.state == "dismissed"
            and record.lane == "background"
            and record.id not in self.told.dismissed
        ):
            yield f"job {record.id} is dismissed, and nobody dismissed it"
        if record.lane == "background" and self.server.job(record.id)["status"] != word(record.state):
            yield f"job {record.id} is {record.state}, and clients are told otherwise"

    def _check_slots(self) -> None:
        """Two background jobs and two synchronous ones run at the same time again."""
        ids = [self.server.submit("meet", number=n, others=4) for n in range(2)]
        answers: list[int] = []
        threads = [
            threading.Thread(
                target=lambda n=n: answers.append(
                    self.server.execute("meet", None, None, number=n, others=4).status
                )
            )
            for n in (2, 3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        states = [self.server.ended(id, 40)["status"] for id in ids]
        if answers != [200, 200] or states != ["successful", "successful"]:
            self.told.problems.append(f"a slot is lost: {answers} {states}")


def word(state: str) -> str:
    """As OGC API - Processes says it."""
    return {"succeeded": "successful"}.get(state, state)


def until_stable(untrue: Any) -> list[str]:
    """Problems that are seen twice, a second apart: a job may be on its way from table to process."""
    first = set(untrue())
    if not first:
        return []
    time.sleep(1)
    return sorted(first & set(untrue()))


def until_gone(found: Callable[[], list[T]]) -> list[T]:
    end = time.monotonic() + TIDY_WITHIN
    while (left := found()) and time.monotonic() < end:
        time.sleep(0.1)
    return list(left)


def one_round(seed: int, keep: Path | None = None) -> tuple[list[str], str]:
    """The problems of a round, and a line about it."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    began = time.monotonic()
    round = Round(folder, seed)
    problems = round.run()
    counts: dict[str, int] = {}
    for record in round.records().values():
        counts[record.state] = counts.get(record.state, 0) + 1
    line = (
        f"seed {seed}: killed {', '.join(round.killed)}; {len(round.told.paused)} paused; "
        f"{', '.join(f'{n} {state}' for state, n in sorted(counts.items()))}; "
        f"{time.monotonic() - began:.0f} s; {'ok' if not problems else f'{len(problems)} PROBLEMS'}"
    )
    if problems and keep is not None:
        shutil.copytree(folder, keep / f"seed-{seed}", dirs_exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return problems, line


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seed", type=int, default=1, help="of the first round; each next one is one more")
    options.add_argument("--keep", type=Path, help="folder for what is left of rounds with problems")
    given = options.parse_args()
    bad = []
    for seed in range(given.seed, given.seed + given.rounds):
        problems, line = one_round(seed, given.keep)
        print(line, flush=True)
        for problem in problems:
            print(f"    {problem}", flush=True)
        if problems:
            bad.append(seed)
    told = f"problems with seeds {', '.join(map(str, bad))}" if bad else "no problem"
    print(f"{given.rounds} rounds: {told}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
