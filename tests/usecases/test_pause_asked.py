"""Who may pause which job, what that does in each state, and who is told."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from fakes import FakeBlobs, FakeFolders, FakeJobs, FakeWake

from azenha.domain.errors import AppError, JobStateConflict, NoSuchJob, PauseNotOffered
from azenha.domain.job import Failure, FailureKind, JobEvent, JobState, Lane
from azenha.domain.messages import (
    Asked,
    Create,
    Dismiss,
    Execute,
    GetStatus,
    Mode,
    Pause,
    Resume,
    Start,
    Status,
)
from azenha.domain.process import Catalogue, JobControl, Offering, ProcessDescription, Text
from azenha.settings import Settings
from azenha.usecases.processing import Processing

ALL = frozenset(JobControl)
CATALOGUE = Catalogue(
    {
        id: Offering(ProcessDescription(id, "1", Text(id), job_control=control), "source")
        for id, control in {"calm": ALL, "restless": ALL - {JobControl.PAUSE}}.items()
    }
)


class Server:
    def __init__(self, folder: Path) -> None:
        self.jobs, self.wake = FakeJobs(), FakeWake()
        ids = count(1)
        self.processing = Processing(
            CATALOGUE,
            self.jobs,
            FakeFolders(folder),
            FakeBlobs(folder),  # type: ignore[arg-type]
            self.wake,
            Settings(),
            lambda: f"job{next(ids)}",
        )

    def run(self, process: str = "calm", mode: Mode = Mode.ASYNC) -> str:
        self.processing.handle(Execute(process, {}, None, mode, Asked("ogcapi", "1.0")))
        self.wake.lanes.clear()
        return f"job{len(self.jobs.jobs)}"

    def says(self, command: Pause | Resume | GetStatus | Start) -> JobState:
        outcome = self.processing.handle(command)
        assert isinstance(outcome, Status)
        return outcome.job.state

    def told(self) -> tuple[list[str], list[Lane]]:
        """Who was told since the last time."""
        told = list(self.wake.interrupted), list(self.wake.lanes)
        self.wake.interrupted.clear()
        self.wake.lanes.clear()
        return told


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_job_that_waits_is_held_and_waits_again_and_its_lane_is_told(server: Server) -> None:
    job = server.run()
    assert (server.says(Pause(job)), server.told()) == (JobState.HELD, ([], []))
    assert (server.says(Pause(job)), server.told()) == (JobState.HELD, ([], []))
    assert (server.says(Resume(job)), server.told()) == (JobState.ACCEPTED, ([], [Lane.BACKGROUND]))
    assert (server.says(Resume(job)), server.told()) == (JobState.ACCEPTED, ([], []))


def test_a_job_that_runs_is_paused_and_goes_on_and_its_worker_is_told_each_time(server: Server) -> None:
    job = server.run()
    server.jobs.move(job, JobEvent.CLAIM)
    for _ in range(2):
        assert (server.says(Pause(job)), server.told()) == (JobState.PAUSED, ([job], []))
    for _ in range(2):
        assert (server.says(Resume(job)), server.told()) == (JobState.RUNNING, ([job], []))


def test_the_worker_of_a_paused_job_is_told_of_its_dismissal(server: Server) -> None:
    job = server.run()
    server.jobs.move(job, JobEvent.CLAIM)
    server.says(Pause(job))
    server.told()
    server.processing.handle(Dismiss(job))
    assert server.told() == ([job], [])


@pytest.mark.parametrize("command", [Pause, Resume])
@pytest.mark.parametrize("end", ["succeeded", "failed", "dismissed", "created"])
def test_what_has_ended_or_was_only_created_is_in_the_wrong_state(
    server: Server, command: type[Pause | Resume], end: str
) -> None:
    if end == "created":
        server.processing.handle(Create(Execute("calm", {}, None, Mode.ASYNC, Asked("ogcapi", "1.0"))))
        job = "job1"
    else:
        job = server.run()
    match end:
        case "succeeded":
            server.jobs.succeed(job)
        case "failed":
            server.jobs.fail(job, Failure(FailureKind.PROCESS, "broken", "r-1"))
        case "dismissed":
            server.processing.handle(Dismiss(job))
    server.told()
    with pytest.raises(JobStateConflict, match=f"it is {end}") as caught:
        server.processing.handle(command(job))
    assert caught.value.locator == job
    assert (server.jobs.jobs[job].state, server.told()) == (end, ([], []))


def test_an_end_that_comes_in_between_is_what_the_answer_says(server: Server) -> None:
    job = server.run()
    server.jobs.between = lambda: server.jobs.succeed(job)
    with pytest.raises(JobStateConflict, match="it is succeeded"):
        server.processing.handle(Pause(job))


@pytest.mark.parametrize(
    ("process", "mode", "words"),
    [("restless", Mode.ASYNC, "does not let its jobs be paused"), ("calm", Mode.SYNC, "synchronously")],
)
def test_what_does_not_offer_it_is_not_paused(server: Server, process: str, mode: Mode, words: str) -> None:
    job = server.run(process, mode)
    for command in (Pause(job), Resume(job)):
        with pytest.raises(PauseNotOffered, match=words) as caught:
            server.processing.handle(command)
        assert caught.value.locator == type(command).__name__
    assert server.says(GetStatus(job)) is JobState.ACCEPTED


def test_what_is_paused_can_be_resumed_although_its_process_does_not_offer_it_any_more(
    server: Server,
) -> None:
    job = server.run("restless")
    server.jobs.move(job, JobEvent.HOLD)
    assert server.says(Resume(job)) is JobState.ACCEPTED


def test_a_status_says_whether_the_job_can_be_paused(server: Server) -> None:
    for process, mode, pausable in (
        ("calm", Mode.ASYNC, True),
        ("calm", Mode.SYNC, False),
        ("restless", Mode.ASYNC, False),
    ):
        outcome = server.processing.handle(GetStatus(server.run(process, mode)))
        assert isinstance(outcome, Status)
        assert outcome.pausable is pausable


@pytest.mark.parametrize("command", [Pause("nothing"), Resume("nothing")])
def test_there_must_be_such_a_job(server: Server, command: Pause | Resume) -> None:
    with pytest.raises(NoSuchJob) as caught:
        server.processing.handle(command)
    assert isinstance(caught.value, AppError)
