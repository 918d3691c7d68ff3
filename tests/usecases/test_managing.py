"""Jobs that are created, changed and started, against ports in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from test_processing import CATALOGUE, Server, left_behind, made_in, run

from azenha.domain.errors import (
    AppError,
    BadRequest,
    InvalidInputs,
    Locked,
    NoSuchInput,
    NoSuchJob,
    NoSuchProcess,
    QueueFull,
    TooManyPlain,
)
from azenha.domain.job import JobEvent, JobState, Lane
from azenha.domain.messages import (
    Change,
    Command,
    Create,
    Created,
    Dismiss,
    GetInput,
    GetRequest,
    GetResults,
    InputRead,
    OutputRequest,
    RequestPart,
    RequestRead,
    ResponseForm,
    Start,
    Status,
)
from azenha.domain.process import Catalogue, Format
from azenha.domain.values import InlineText, Lexical, Literal, Native, StoredFile

SMALL, LARGE, LARGER = Lexical("small"), Lexical("x" * 200), Lexical("y" * 300)
PLAIN_TEXT = Format("text/plain")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return made_in(tmp_path)


def created(server: Server, **inputs: Lexical | Native | tuple[Lexical, ...]) -> str:
    outcome = server.handle(Create(run(**inputs)))  # type: ignore[arg-type]
    assert isinstance(outcome, Created)
    return outcome.job.id


def stored(server: Server, job: str = "job1") -> dict[str, tuple[object, ...]]:
    return dict(server.jobs.new[job].request.inputs)


def test_a_created_job_is_checked_and_stored_and_wakes_nobody(server: Server) -> None:
    job = created(server, n=Lexical("7"))
    new = server.jobs.new[job]
    assert server.jobs.jobs[job].state is JobState.CREATED
    assert (new.request.inputs, new.lane, new.queue_limit) == ({"n": (Literal(7),)}, Lane.BACKGROUND, 2)
    assert server.wake.lanes == []


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (run("ehco"), NoSuchProcess),
        (run(n=Lexical("x")), InvalidInputs),
        (run(outputs={"z": OutputRequest()}, note=LARGE), InvalidInputs),
        (run("sync-only", note=LARGE), BadRequest),
    ],
)
def test_a_job_that_could_not_run_is_not_created(
    server: Server, command: object, error: type[AppError]
) -> None:
    with pytest.raises(error):
        server.handle(Create(command))  # type: ignore[arg-type]
    assert server.jobs.jobs == {}
    assert left_behind(server) == []


def test_too_many_created_jobs_are_refused_and_leave_nothing(server: Server) -> None:
    for _ in range(2):
        created(server)
    with pytest.raises(QueueFull):
        created(server, note=LARGE)
    assert left_behind(server) == []


def test_starting_puts_the_job_into_the_queue_and_wakes_the_workers(server: Server) -> None:
    job = created(server)
    started = server.handle(Start(job))
    assert isinstance(started, Status)
    assert started.job.state is JobState.ACCEPTED
    assert server.wake.lanes == [Lane.BACKGROUND]


@pytest.mark.parametrize("command", [Start("job1"), Change("job1", inputs={"n": (Lexical("1"),)})])
@pytest.mark.parametrize("events", [(JobEvent.START,), (JobEvent.START, JobEvent.CLAIM), (JobEvent.DISMISS,)])
def test_only_a_created_job_is_started_or_changed(
    server: Server, command: Command, events: tuple[JobEvent, ...]
) -> None:
    created(server)
    for event in events:
        server.jobs.move("job1", event)
    with pytest.raises(Locked, match=f"it is {server.jobs.jobs['job1'].state}, and only a created job can"):
        server.handle(command)


@pytest.mark.parametrize(
    "command",
    [
        Start("x"),
        Change("x"),
        GetRequest("x", RequestPart.INPUTS),
        GetInput("x", "n", 0),
    ],
)
def test_an_unknown_job_is_no_job(server: Server, command: Command) -> None:
    with pytest.raises(NoSuchJob):
        server.handle(command)


@pytest.mark.parametrize("command", [Start("job1"), Change("job1")])
def test_who_is_too_late_by_a_moment_is_told_how_it_stands(server: Server, command: Command) -> None:
    created(server)
    server.jobs.between = lambda: server.jobs.move("job1", JobEvent.START)
    with pytest.raises(Locked, match="it is accepted"):
        server.handle(command)


def test_a_full_queue_lets_nothing_be_started(server: Server) -> None:
    job = created(server)
    for _ in range(2):
        server.handle(Start(created(server)))
    with pytest.raises(QueueFull, match=r"setting queue.length"):
        server.handle(Start(job))
    assert server.jobs.jobs[job].state is JobState.CREATED


def test_a_process_that_is_gone_is_not_started(server: Server) -> None:
    job = created(server)
    without = replace(server, catalogue=Catalogue({}))
    with pytest.raises(NoSuchProcess):
        without.handle(Start(job))


def test_a_created_job_can_be_dismissed_and_has_no_results(server: Server) -> None:
    job = created(server)
    with pytest.raises(AppError, match="it is created"):
        server.handle(GetResults(job))
    server.handle(Dismiss(job))
    assert server.jobs.jobs[job].state is JobState.DISMISSED


# -- changes


def test_a_change_touches_what_it_names_and_nothing_else(server: Server) -> None:
    job = created(server, n=Lexical("1"), note=SMALL)
    server.handle(Change(job, inputs={"n": (Lexical("2"), Lexical("3"))}))
    note = (InlineText("small", PLAIN_TEXT),)
    assert stored(server) == {"n": (Literal(2), Literal(3)), "note": note}
    assert list(stored(server)) == ["n", "note"]  # as described
    server.handle(Change(job, without=("n",)))
    assert stored(server) == {"note": note}


def test_outputs_and_response_are_changed_only_if_they_are_named(server: Server) -> None:
    job = created(server)
    server.handle(Change(job, outputs={"a": OutputRequest()}, selects=True, response=ResponseForm.DOCUMENT))
    server.handle(Change(job, inputs={"n": (Lexical("2"),)}))
    request = server.jobs.new[job].request
    assert (request.outputs, request.asked.response) == ({"a": OutputRequest()}, ResponseForm.DOCUMENT)
    server.handle(Change(job, selects=True))
    assert server.jobs.new[job].request.outputs is None


@pytest.mark.parametrize(
    ("change", "locators"),
    [
        (Change("job1", inputs={"n": (Lexical("x"),), "m": (Lexical("1"),)}), {"n", "m"}),
        (Change("job1", without=("m",)), {"m"}),
        (Change("job1", outputs={"z": OutputRequest()}, selects=True), {"z"}),
        (Change("job1", inputs={"note": (LARGE,), "n": (Lexical("x"),)}), {"n"}),
    ],
)
def test_a_change_that_would_make_a_bad_request_changes_nothing(
    server: Server, change: Change, locators: set[str]
) -> None:
    created(server, n=Lexical("1"))
    before = server.jobs.new["job1"]
    with pytest.raises(InvalidInputs) as refused:
        server.handle(change)
    assert {p.locator for p in refused.value.problems} == locators
    assert server.jobs.new["job1"] is before
    assert [p for p in left_behind(server) if p.is_file()] == []


def test_a_required_input_cannot_be_taken_away(server: Server) -> None:
    job = created(server, o=Native({"text": "a"}))
    description = CATALOGUE.offerings["echo"].description
    needed = tuple(replace(i, min_occurs=1) if i.id == "o" else i for i in description.inputs)
    offering = replace(CATALOGUE.offerings["echo"], description=replace(description, inputs=needed))
    strict = Server(
        Catalogue({"echo": offering}),
        server.jobs,
        server.folders,
        server.blobs,
        server.wake,
        server.settings,
        server.new_id,
    )
    strict.handle(Change(job, inputs={"n": (Lexical("1"),)}))  # the one that is there stays there
    with pytest.raises(InvalidInputs, match="'o': is required"):
        strict.handle(Change(job, without=("o",)))


def test_a_job_stays_one_of_its_process(server: Server) -> None:
    job = created(server)
    server.handle(Change(job, process="echo"))
    with pytest.raises(BadRequest, match="is one of process 'echo' and stays that"):
        server.handle(Change(job, process="async-only"))


def test_files_of_what_was_replaced_go_and_those_of_what_stays_stay(server: Server) -> None:
    job = created(server, note=(LARGE, LARGER))
    (first, second) = stored(server)["note"]
    server.handle(Change(job, inputs={"n": (Lexical("1"),)}))
    assert stored(server)["note"] == (first, second)
    server.handle(Change(job, inputs={"note": (LARGER,)}))
    (third,) = stored(server)["note"]
    assert isinstance(third, StoredFile)
    folder = server.folders.inputs(job)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {third.key}
    assert (folder / third.key).read_text() == "y" * 300


def test_files_are_on_the_disk_before_a_created_job_or_its_change_names_them(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was told of either finds it after a loss of power."""
    synced: list[tuple[Path, object]] = []  # and what the job had then

    def sync(path: Path) -> None:
        new = server.jobs.new.get("job1")
        synced.append((path, None if new is None else new.request.inputs["note"]))

    monkeypatch.setattr("azenha.usecases.inline.sync", sync)
    job = created(server, note=LARGE)
    before = stored(server, job)["note"]
    server.handle(Change(job, inputs={"note": (LARGER, LARGE)}))
    after = stored(server, job)["note"]
    folder = server.folders.inputs(job)
    for values, had in ((before, None), (after, before)):
        files = {folder / value.key for value in values if isinstance(value, StoredFile)}
        assert len(files) == len(values)
        assert {path for path, told in synced if told == had} == {
            *files,
            folder / "inline",
            folder,
            folder.parent,
        }


def test_a_change_whose_files_the_disk_does_not_take_changes_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = created(server, note=LARGE)
    before, files = stored(server, job), left_behind(server)

    def full(handle: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        server.handle(Change(job, inputs={"note": (LARGER,)}))
    assert stored(server, job) == before
    assert left_behind(server) == files


def test_what_changes_bring_one_after_the_other_is_bounded_as_one_request_is(server: Server) -> None:
    limits = replace(server.settings.limits, values=4)
    server = replace(server, settings=replace(server.settings, limits=limits))
    job = created(server, n=(Lexical("1"), Lexical("2")))
    server.handle(Change(job, inputs={"note": (LARGE, LARGE)}))
    before, files = stored(server, job), left_behind(server)
    with pytest.raises(TooManyPlain, match=r"5 plain values.*with what the job has already; at most 4"):
        server.handle(Change(job, inputs={"n": (Lexical("1"), Lexical("2"), Lexical("3"))}))
    assert (stored(server, job), left_behind(server)) == (before, files)
    server.handle(Change(job, inputs={"n": (Lexical("3"),)}))
    assert stored(server, job)["n"] == (Literal(3),)


def test_a_change_beside_another_loses_neither(server: Server) -> None:
    job = created(server, n=Lexical("1"))
    server.jobs.between = lambda: server.handle(Change(job, inputs={"note": (LARGE,)}))
    server.handle(Change(job, inputs={"n": (Lexical("2"),)}))
    assert set(stored(server)) == {"n", "note"}
    assert stored(server)["n"] == (Literal(2),)


def test_a_change_that_others_are_always_ahead_of_is_refused_and_leaves_no_file(server: Server) -> None:
    job = created(server, n=Lexical("1"))

    def ahead() -> None:
        seen = server.jobs.jobs[job]
        server.jobs.jobs[job] = replace(seen, updated=seen.updated + timedelta(seconds=1))
        server.jobs.between = ahead

    server.jobs.between = ahead
    with pytest.raises(Locked, match=f"job '{job}' cannot be changed: others change it all the time"):
        server.handle(Change(job, inputs={"note": (LARGE,)}))
    assert not [p for p in left_behind(server) if p.is_file()]


def test_a_job_started_during_its_change_keeps_its_request_and_no_file_of_the_change(server: Server) -> None:
    job = created(server, note=LARGE)
    before = server.jobs.new[job]
    server.jobs.between = lambda: server.handle(Start(job))
    with pytest.raises(Locked, match="it is accepted"):
        server.handle(Change(job, inputs={"note": (LARGER,)}))
    assert server.jobs.new[job] is before
    assert len([p for p in left_behind(server) if p.is_file()]) == 1


# -- what a job runs on


def test_a_request_is_read_as_it_was_checked(server: Server) -> None:
    job = created(server, n=Lexical("1"), o=Native({"text": "a"}))
    read = server.handle(GetRequest(job, RequestPart.INPUTS))
    assert isinstance(read, RequestRead)
    assert [(i.id, i.array) for i in read.inputs] == [("n", True), ("o", False)]
    assert (read.outputs, read.offered, read.made, read.version) == (None, ("a", "b", "c"), (), "1.2.3")
    server.jobs.move(job, JobEvent.START)
    server.jobs.succeed(job, a=Literal(1))
    read = server.handle(GetRequest(job, RequestPart.PROVENANCE))
    assert isinstance(read, RequestRead)
    assert [o.id for o in read.made] == ["a"]


def test_an_input_that_is_not_there_is_told_with_those_that_are(server: Server) -> None:
    job = created(server, n=(Lexical("1"), Lexical("2")))
    read = server.handle(GetInput(job, "n", 1))
    assert isinstance(read, InputRead)
    assert read.value == Literal(2)
    for name, item in (("n", 2), ("note", 0), ("wrong", 0)):
        with pytest.raises(NoSuchInput, match=rf"no input '{name}/{item}' here; there is n/0, n/1"):
            server.handle(GetInput(job, name, item))
