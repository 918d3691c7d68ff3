"""What a client can ask, against ports in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import get_args

import pytest
from fakes import FakeBlobs, FakeFolders, FakeJobs, FakeWake

from azenha.domain.errors import (
    BadParameter,
    Forbidden,
    InvalidInputs,
    JobFailed,
    NoSuchJob,
    NoSuchOutput,
    NoSuchProcess,
    NoSuchResult,
    ProcessUnavailable,
    QueueFull,
    ResultsGone,
    ResultsNotReady,
)
from azenha.domain.job import Failure, FailureKind, JobEvent, JobState, Lane
from azenha.domain.messages import (
    Accepted,
    ApiDescribed,
    Asked,
    Change,
    Command,
    ConformanceDescribed,
    Create,
    Created,
    Describe,
    DescribeApi,
    DescribeConformance,
    Described,
    DescribeProcesses,
    DescribeServer,
    Dismiss,
    Dismissed,
    Execute,
    GetInput,
    GetLog,
    GetRecord,
    GetRequest,
    GetResults,
    GetService,
    GetStatus,
    InputRead,
    JobRecord,
    JobsListed,
    Languages,
    ListJobs,
    ListProcesses,
    LogRead,
    Mode,
    OutputRequest,
    Pause,
    ProcessesDescribed,
    ProcessesListed,
    RequestPart,
    RequestRead,
    Results,
    Resume,
    ServerDescribed,
    Start,
    Status,
    Transmission,
)
from azenha.domain.process import (
    Catalogue,
    ComplexDomain,
    Format,
    InputDescription,
    JobControl,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
    Unavailable,
)
from azenha.domain.values import InlineBytes, InlineText, Lexical, Literal, Native, Raw, Record, StoredFile
from azenha.settings import LimitSettings, Queue, Settings
from azenha.usecases.processing import Processing, at_once

TEXT = ComplexDomain((Format("text/plain"),))
BINARY = ComplexDomain((Format("image/tiff"),))
NUMBER = LiteralDomain(LiteralType.INTEGER)
ASKED = Asked("ogcapi", "1.0")
BOTH = frozenset({JobControl.SYNC, JobControl.ASYNC, JobControl.DISMISS})


def process(id: str, control: frozenset[JobControl] = BOTH, retries: int = 0) -> ProcessDescription:
    optional = {"n": NUMBER, "note": TEXT, "scene": BINARY}
    inputs = [InputDescription(k, d, Text(k), min_occurs=0, max_occurs=3) for k, d in optional.items()]
    nested = ObjectDomain((InputDescription("text", TEXT, Text("t")),))
    inputs.append(InputDescription("o", nested, Text("o"), min_occurs=0))
    outputs = [OutputDescription(k, NUMBER, Text(k), array=k == "c") for k in ("a", "b", "c")]
    return ProcessDescription(
        id, "1.2.3", Text(id), tuple(inputs), tuple(outputs), job_control=control, retries=retries
    )


def offered(*descriptions: ProcessDescription) -> Mapping[str, Offering]:
    return {d.id: Offering(d, "source") for d in descriptions}


CATALOGUE = Catalogue(
    offered(
        process("echo", frozenset(JobControl)),
        process("sync-only", frozenset({JobControl.SYNC})),
        process("async-only", frozenset({JobControl.ASYNC, JobControl.DISMISS}), retries=2),
    ),
    (Unavailable("azenha.examples.raster", "rasterio is not installed"),),
)


class Server(Processing):
    """Processing whose ports are the fakes."""

    jobs: FakeJobs
    folders: FakeFolders
    wake: FakeWake


def made_in(folder: Path) -> Server:
    ids = count(1)
    settings = Settings(
        limits=replace(LimitSettings(), row=100), queue=replace(Queue(), length=2, sync_waiting=1)
    )
    return Server(
        CATALOGUE,
        FakeJobs(),
        FakeFolders(folder),
        FakeBlobs(folder),  # type: ignore[arg-type]
        FakeWake(),
        settings,
        lambda: f"job{next(ids)}",
    )


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return made_in(tmp_path)


def run(
    process: str = "echo",
    mode: Mode = Mode.AUTO,
    outputs: Mapping[str, OutputRequest] | None = None,
    **inputs: Raw | tuple[Raw, ...],
) -> Execute:
    raw = {id: value if isinstance(value, tuple) else (value,) for id, value in inputs.items()}
    return Execute(process, raw, outputs, mode, ASKED)


def left_behind(server: Server) -> list[Path]:
    return [p for p in server.folders.root.rglob("*") if p.is_file() or p.parent.name == "inputs"]


# -- processes


def test_every_command_has_a_function(server: Server) -> None:
    server.handle(run(n=Lexical("1")))
    server.jobs.succeed("job1", a=Literal(1))
    outcomes = {
        DescribeServer: (DescribeServer(), ServerDescribed),
        DescribeConformance: (DescribeConformance(), ConformanceDescribed),
        DescribeApi: (DescribeApi(), ApiDescribed),
        ListProcesses: (ListProcesses(), ProcessesListed),
        Describe: (Describe("echo"), Described),
        DescribeProcesses: (DescribeProcesses(("echo",)), ProcessesDescribed),
        Execute: (run(), Accepted),
        ListJobs: (ListJobs(), JobsListed),
        Create: (Create(run()), Created),
        Change: (Change("job3", outputs=None, selects=True), Status),
        Start: (Start("job3"), Status),
        Pause: (Pause("job3"), Status),
        Resume: (Resume("job3"), Status),
        GetRequest: (GetRequest("job3", RequestPart.INPUTS), RequestRead),
        GetInput: (GetInput("job1", "n", 0), InputRead),
        GetStatus: (GetStatus("job1"), Status),
        GetRecord: (GetRecord("job1"), JobRecord),
        GetResults: (GetResults("job1"), Results),
        GetLog: (GetLog("job1"), LogRead),
        Dismiss: (Dismiss("job1"), Dismissed),
    }
    # Published outputs: see test_publishing.py.
    assert {*outcomes, GetService} == set(get_args(Command))
    for command, kind in outcomes.values():
        assert type(server.handle(command)) is kind


def test_what_is_answered_at_once_asks_neither_store_nor_folders(server: Server) -> None:
    alone = Processing(CATALOGUE, None, None, None, None, None, None)  # type: ignore[arg-type]
    small = (
        DescribeServer(),
        DescribeConformance(),
        ListProcesses(),
        Describe("echo"),
        DescribeProcesses(("echo",)),
    )
    for command in small:
        assert at_once(command)
        alone.handle(command)


@pytest.mark.parametrize(
    "command",
    [DescribeApi(), DescribeProcesses(("ALL",)), DescribeProcesses(("echo", "sync-only")), GetStatus("job1")],
)
def test_what_may_be_large_or_asks_the_store_is_answered_in_a_thread(command: Command) -> None:
    assert not at_once(command)


def test_several_processes_are_described_in_the_order_asked(server: Server) -> None:
    told = server.handle(DescribeProcesses(("sync-only", "echo", "sync-only")))
    assert isinstance(told, ProcessesDescribed)
    assert [o.description.id for o in told.offerings] == ["sync-only", "echo"]


@pytest.mark.parametrize("word", ["ALL", "all"])
def test_all_is_all_processes_unless_one_is_called_so(server: Server, word: str) -> None:
    told = server.handle(DescribeProcesses((word,)))
    assert isinstance(told, ProcessesDescribed)
    assert [o.description.id for o in told.offerings] == ["async-only", "echo", "sync-only"]
    called_so = replace(server, catalogue=Catalogue(offered(process("all"), process("echo"))))
    told = called_so.handle(DescribeProcesses(("all",)))
    assert isinstance(told, ProcessesDescribed)
    assert [o.description.id for o in told.offerings] == ["all"]


def test_every_process_that_there_is_not_is_named(server: Server) -> None:
    with pytest.raises(NoSuchProcess) as one:
        server.handle(DescribeProcesses(("echo", "ecko")))
    assert one.value.locator == "ecko"
    with pytest.raises(NoSuchProcess) as several:
        server.handle(DescribeProcesses(("ecko", "echo", "b", "b")))
    assert several.value.locator == "ecko b"


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        (Languages(), "en"),
        (Languages("pt-BR"), "pt"),
        (Languages("en-US", ("pt",)), "en"),
        (Languages(None, ("fr", "pt-PT", "en")), "pt"),
        (Languages(None, ("fr",)), "en"),
    ],
)
def test_a_client_is_answered_in_its_language(server: Server, asked: Languages, spoken: str) -> None:
    server = replace(server, languages=("en", "pt"))
    told = server.handle(DescribeServer(asked))
    assert isinstance(told, ServerDescribed)
    assert (told.language, told.languages) == (spoken, ("en", "pt"))
    described = server.handle(DescribeProcesses(("echo",), asked))
    assert isinstance(described, ProcessesDescribed)
    assert described.language == spoken
    assert server.check(replace(run(), languages=asked), "j", b"").execute.asked.language == spoken


@pytest.mark.parametrize(
    "command", [DescribeServer(Languages("fr")), DescribeProcesses(("echo",), Languages("fr"))]
)
def test_a_language_that_is_demanded_and_not_offered_is_refused(server: Server, command: Command) -> None:
    with pytest.raises(BadParameter, match="language 'fr' is not offered; offered: en") as refused:
        server.handle(command)
    assert refused.value.locator == "language"
    with pytest.raises(BadParameter):
        server.check(replace(run(), languages=Languages("fr")), "j", b"")


def test_the_record_of_a_job_tells_what_was_asked_and_what_came_of_it(server: Server) -> None:
    server.handle(replace(run(), outputs={"b": OutputRequest(title="B!")}, mode=Mode.ASYNC))
    waiting = server.handle(GetRecord("job1"))
    assert isinstance(waiting, JobRecord)
    assert (waiting.job.state, waiting.outputs) == (JobState.ACCEPTED, ())
    assert waiting.request.outputs == {"b": OutputRequest(title="B!")}
    assert waiting.offering is CATALOGUE.offerings["echo"]
    server.jobs.succeed("job1", a=Literal(1), b=Literal(2))
    ended = server.handle(GetRecord("job1"))
    assert isinstance(ended, JobRecord)
    assert [(o.id, o.values, o.request.title) for o in ended.outputs] == [("b", (Literal(2),), "B!")]
    with pytest.raises(NoSuchJob):
        server.handle(GetRecord("job9"))


def test_where_dismissal_is_transient_a_dismissed_job_is_none_any_more(server: Server) -> None:
    server.handle(replace(run(), mode=Mode.ASYNC))
    first = server.handle(Dismiss("job1", transient=True))
    assert isinstance(first, Dismissed)
    assert first.job.state is JobState.DISMISSED
    with pytest.raises(NoSuchJob):
        server.handle(Dismiss("job1", transient=True))
    assert isinstance(server.handle(Dismiss("job1")), Dismissed)


@pytest.mark.parametrize(
    ("limit", "after", "ids", "following"),
    [
        (10, None, ["async-only", "echo", "sync-only"], None),
        (2, None, ["async-only", "echo"], "echo"),
        (2, "echo", ["sync-only"], None),
        (1, "b", ["echo"], "echo"),
        (3, None, ["async-only", "echo", "sync-only"], None),
        (2, "sync-only", [], None),
    ],
)
def test_processes_are_listed_in_pages_by_id(
    server: Server, limit: int, after: str | None, ids: list[str], following: str | None
) -> None:
    page = server.handle(ListProcesses(limit, after))
    assert isinstance(page, ProcessesListed)
    assert [o.description.id for o in page.offerings] == ids
    assert page.next == following
    assert bool(page.unavailable) == (after is None)


@pytest.mark.parametrize("command", [Describe("ehco"), run("ehco")])
def test_an_unknown_process_is_told_with_the_nearest_name(server: Server, command: Command) -> None:
    with pytest.raises(NoSuchProcess, match="there is no process 'ehco'; did you mean 'echo'"):
        server.handle(command)


def test_a_process_whose_source_of_that_name_did_not_load_says_the_remedy(server: Server) -> None:
    with pytest.raises(ProcessUnavailable, match="rasterio is not installed"):
        server.handle(Describe("raster"))


# -- execute


def test_a_job_is_stored_with_its_one_canonical_request(server: Server) -> None:
    accepted = server.handle(run("async-only", n=Lexical("7"), outputs={"a": OutputRequest()}))
    assert isinstance(accepted, Accepted)
    assert accepted.job.id == "job1"
    new = server.jobs.new["job1"]
    assert (new.request.process, new.request.version) == ("async-only", "1.2.3")
    assert new.request.inputs == {"n": (Literal(7),)}
    assert new.request.outputs == {"a": OutputRequest()}
    assert new.request.asked == ASKED
    assert (new.lane, new.max_attempts, new.queue_limit) == (Lane.BACKGROUND, 3, 2)
    assert server.wake.lanes == [Lane.BACKGROUND]


def test_the_caller_may_know_the_id_before(server: Server) -> None:
    accepted = server.submit(server.check(run(), "mine", b""))
    assert isinstance(accepted, Accepted)
    assert accepted.job.id == "mine"


@pytest.mark.parametrize(
    ("process", "mode", "lane", "honoured"),
    [
        ("echo", Mode.AUTO, Lane.SYNC, ()),
        ("echo", Mode.SYNC, Lane.SYNC, ()),
        ("echo", Mode.ASYNC, Lane.BACKGROUND, ("respond-async",)),
        ("sync-only", Mode.AUTO, Lane.SYNC, ()),
        ("sync-only", Mode.ASYNC, Lane.SYNC, ()),
        ("async-only", Mode.AUTO, Lane.BACKGROUND, ()),
        ("async-only", Mode.ASYNC, Lane.BACKGROUND, ("respond-async",)),
    ],
)
def test_the_lane_follows_from_what_is_preferred_and_what_the_process_allows(
    server: Server, process: str, mode: Mode, lane: Lane, honoured: tuple[str, ...]
) -> None:
    accepted = server.handle(run(process, mode))
    assert isinstance(accepted, Accepted)
    assert (accepted.job.lane, accepted.honoured) == (lane, honoured)


@pytest.mark.parametrize(
    ("process", "mode", "wait", "found"),
    [
        ("echo", Mode.ASYNC, 5.0, (Lane.BACKGROUND, ("respond-async", "wait=5"), 5.0, True)),
        ("echo", Mode.ASYNC, 999.0, (Lane.BACKGROUND, ("respond-async", "wait=60"), 60.0, True)),
        ("async-only", Mode.ASYNC, 5.0, (Lane.BACKGROUND, ("respond-async", "wait=5"), 5.0, False)),
        ("async-only", Mode.AUTO, 5.0, (Lane.BACKGROUND, ("wait=5",), 5.0, False)),
        ("echo", Mode.ASYNC, 0.0, (Lane.BACKGROUND, ("respond-async",), 0, False)),
        ("echo", Mode.AUTO, 5.0, (Lane.SYNC, (), 0, False)),
        ("sync-only", Mode.ASYNC, 5.0, (Lane.SYNC, (), 0, False)),
    ],
)
def test_the_end_of_a_background_job_is_awaited_as_long_as_its_client_would(
    server: Server, process: str, mode: Mode, wait: float, found: tuple[object, ...]
) -> None:
    command = run(process, mode)
    accepted = server.handle(replace(command, wait=wait))
    assert isinstance(accepted, Accepted)
    assert (accepted.job.lane, accepted.honoured, accepted.wait, accepted.direct) == found


PNG, TIFF = Format("image/png"), Format("image/tiff; application=geotiff")


@pytest.mark.parametrize(
    ("mode", "outputs", "accepts", "chosen"),
    [
        (Mode.AUTO, None, ("image/png",), PNG),
        (Mode.AUTO, None, ("text/csv", "image/tiff"), TIFF),
        (Mode.AUTO, None, ("image/*", "image/png"), None),
        (Mode.AUTO, None, ("*/*",), None),
        (Mode.AUTO, None, ("text/csv",), None),
        (Mode.AUTO, None, (), None),
        (Mode.AUTO, {"map": OutputRequest()}, ("image/png",), PNG),
        (Mode.AUTO, {"map": OutputRequest(TIFF)}, ("image/png",), TIFF),
        # Accept speaks of the status document then, not of the output.
        (Mode.ASYNC, None, ("image/png",), None),
    ],
)
def test_the_one_file_of_a_synchronous_answer_has_the_media_type_that_is_accepted(
    server: Server,
    mode: Mode,
    outputs: dict[str, OutputRequest] | None,
    accepts: tuple[str, ...],
    chosen: Format | None,
) -> None:
    output = OutputDescription("map", ComplexDomain((TIFF, PNG)), Text("Map"))
    server = replace(
        server, catalogue=Catalogue(offered(ProcessDescription("map", "1", Text("Map"), outputs=(output,))))
    )
    accepted = server.handle(replace(run("map", mode, outputs=outputs), media_types=accepts))
    assert isinstance(accepted, Accepted)
    stored = server.jobs.request(accepted.job.id)
    assert stored is not None
    found = stored.outputs or {}
    assert (found["map"].format if found else None) == chosen


def test_names_may_be_compared_without_case(server: Server) -> None:
    command = replace(run(N=Lexical("7"), outputs={"A": OutputRequest()}), caseless=True)
    accepted = server.handle(command)
    assert isinstance(accepted, Accepted)
    stored = server.jobs.request(accepted.job.id)
    assert stored is not None
    assert (list(stored.inputs), list(stored.outputs or ())) == (["n"], ["a"])
    with pytest.raises(InvalidInputs, match="input 'NN'"):
        server.handle(replace(run(NN=Lexical("7")), caseless=True))
    with pytest.raises(InvalidInputs, match="input 'N'"):
        server.handle(run(N=Lexical("7")))


def test_a_synchronous_answer_is_refused_where_the_process_gives_none(server: Server) -> None:
    with pytest.raises(BadParameter, match="'async-only' runs asynchronously only"):
        server.handle(run("async-only", Mode.SYNC))
    assert server.jobs.jobs == {}


def test_all_problems_of_inputs_and_outputs_come_at_once(server: Server) -> None:
    command = run(
        n=(Lexical("x"), Lexical("1.5")),
        wrong=Lexical("1"),
        outputs={"z": OutputRequest(), "a": OutputRequest()},
    )
    with pytest.raises(InvalidInputs) as refused:
        server.handle(command)
    assert {p.locator for p in refused.value.problems} == {"n[0]", "n[1]", "wrong", "z"}
    assert server.jobs.jobs == {}
    assert server.wake.lanes == []


@pytest.mark.parametrize(
    ("mode", "allowed", "setting"),
    [(Mode.ASYNC, 2, "queue.length"), (Mode.SYNC, 1, "queue.sync_waiting")],
)
def test_a_full_queue_names_its_setting_and_wakes_nobody(
    server: Server, mode: Mode, allowed: int, setting: str
) -> None:
    for _ in range(allowed):
        server.handle(run(mode=mode))
    with pytest.raises(QueueFull, match=rf"{allowed} jobs wait already \(setting {setting}\)"):
        server.handle(run(mode=mode, note=Lexical("x" * 200)))
    assert len(server.wake.lanes) == allowed
    assert left_behind(server) == []


def test_large_inline_values_go_to_files_and_small_ones_stay(server: Server) -> None:
    long, short = "ä" * 51, "ä" * 50  # 102 and 100 bytes; 100 stay in the row
    server.handle(
        run(
            note=(Lexical(long), Lexical(short)),
            scene=(Native("AAAA" * 40), Native("AAAA")),
            o=Native({"text": "y" * 101}),
        )
    )
    inputs = server.jobs.new["job1"].request.inputs
    note, kept = inputs["note"]
    scene, small = inputs["scene"]
    (record,) = inputs["o"]
    assert isinstance(record, Record)
    (nested,) = record.fields["text"]
    assert kept == InlineText(short, Format("text/plain"))
    assert isinstance(small, InlineBytes)
    folder = server.folders.inputs("job1")
    for value, content, format in [
        (note, long.encode(), "text/plain"),
        (scene, bytes(120), "image/tiff"),
        (nested, b"y" * 101, "text/plain"),
    ]:
        assert isinstance(value, StoredFile)
        assert (folder / value.key).read_bytes() == content
        assert (value.size, value.format.media_type) == (len(content), format)
    assert isinstance(scene, StoredFile)
    assert scene.name == "scene.tif"
    assert len(left_behind(server)) == 4  # three files and the job's folder


@pytest.mark.parametrize("error", [QueueFull(1, "queue.length"), OSError("disk full"), KeyboardInterrupt()])
def test_a_job_that_cannot_be_stored_leaves_no_file_behind(server: Server, error: BaseException) -> None:
    server.jobs.refuses = error  # type: ignore[assignment]
    with pytest.raises(type(error)):
        server.handle(run(note=Lexical("x" * 200)))
    assert left_behind(server) == []


def test_a_value_that_cannot_be_written_leaves_no_file_behind(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()

    def full(handle: int) -> None:
        if next(calls) == 1:
            raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        server.handle(run(note=(Lexical("x" * 200), Lexical("y" * 200)), mode=Mode.ASYNC))
    assert left_behind(server) == []
    assert server.jobs.jobs == {}


def test_the_files_of_a_job_that_is_told_of_are_on_the_disk_before(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("azenha.usecases.inline.sync", synced.append)
    server.handle(run(note=Lexical("x" * 200), mode=Mode.SYNC))
    assert synced == []
    server.handle(run(note=(Lexical("x" * 200), Lexical("y" * 200)), mode=Mode.ASYNC))
    files = [path for path in synced if path.is_file()]
    assert len(files) == 2
    assert synced[2:] == [files[0].parent, files[0].parents[1], files[0].parents[2]]


# -- jobs


def test_status_and_list_tell_the_record(server: Server) -> None:
    server.handle(run(mode=Mode.ASYNC))
    server.handle(run(mode=Mode.ASYNC))
    assert server.handle(GetStatus("job2")) == Status(server.jobs.jobs["job2"], pausable=True)
    page = server.handle(ListJobs(1))
    assert isinstance(page, JobsListed)
    assert ([j.id for j in page.jobs], page.next) == (["job2"], "1")


@pytest.mark.parametrize("command", [GetStatus("x"), GetResults("x"), GetLog("x"), Dismiss("x")])
def test_an_unknown_job_is_no_job(server: Server, command: Command) -> None:
    with pytest.raises(NoSuchJob, match="there is no job 'x'"):
        server.handle(command)


@pytest.mark.parametrize("command", [GetStatus("job1"), GetResults("job1"), GetLog("job1"), Dismiss("job1")])
def test_a_removed_job_is_no_job(server: Server, command: Command) -> None:
    server.handle(run())
    server.jobs.succeed("job1")
    server.handle(Dismiss("job1"))
    with pytest.raises(NoSuchJob):
        server.handle(command)


def test_results_are_all_outputs_in_the_order_of_the_description(server: Server) -> None:
    server.handle(run())
    server.jobs.succeed("job1", c=(Literal(3),), a=Literal(1))  # b was left out
    got = server.handle(GetResults("job1"))
    assert isinstance(got, Results)
    assert [(o.id, o.values, o.array) for o in got.outputs] == [
        ("a", (Literal(1),), False),
        ("c", (Literal(3),), True),
    ]
    assert got.asked == ASKED
    assert got.folder == server.blobs.place("job1", 1)
    assert not got.single


def test_results_are_only_the_requested_outputs_as_they_were_requested(server: Server) -> None:
    by_reference = OutputRequest(None, Transmission.REFERENCE)
    server.handle(run(outputs={"c": OutputRequest(), "a": by_reference}))
    server.jobs.succeed("job1", a=Literal(1), b=Literal(2), c=(Literal(3), Literal(4)))
    got = server.handle(GetResults("job1"))
    assert isinstance(got, Results)
    assert [(o.id, o.request) for o in got.outputs] == [("a", by_reference), ("c", OutputRequest())]
    with pytest.raises(NoSuchResult, match="job 'job1' was not asked for output 'b'"):
        server.handle(GetResults("job1", "b"))
    with pytest.raises(NoSuchOutput, match="there is no output 'x' here; there is a, b, c"):
        server.handle(GetResults("job1", "x"))


def test_some_of_the_results_can_be_had_in_the_order_of_the_description(server: Server) -> None:
    server.handle(run(outputs={"a": OutputRequest(), "c": OutputRequest(), "b": OutputRequest()}))
    server.jobs.succeed("job1", a=Literal(1), c=Literal(3))
    got = server.handle(GetResults("job1", only=("c", "a")))
    assert isinstance(got, Results)
    assert [o.id for o in got.outputs] == ["a", "c"]
    with pytest.raises(BadParameter, match="parameter 'outputs' names 'x'; the outputs are a, b, c"):
        server.handle(GetResults("job1", only=("a", "x")))
    with pytest.raises(NoSuchResult, match="gave no value for output 'b'"):
        server.handle(GetResults("job1", only=("b",)))


def test_a_job_that_was_asked_for_no_outputs_says_so(server: Server) -> None:
    for outputs, requested in ((None, True), ({"a": OutputRequest()}, True), ({}, False)):
        accepted = server.handle(run(outputs=outputs))
        assert isinstance(accepted, Accepted)
        server.jobs.succeed(accepted.job.id, a=Literal(1))
        got = server.handle(GetResults(accepted.job.id))
        assert isinstance(got, Results)
        assert (got.requested, bool(got.outputs)) == (requested, requested)


def test_results_say_whether_several_outputs_were_asked_for_and_not_how_many_came(server: Server) -> None:
    for number, (outputs, several) in enumerate(
        [(None, True), ({"a": OutputRequest(), "b": OutputRequest()}, True), ({"a": OutputRequest()}, False)],
        1,
    ):
        server.handle(run(outputs=outputs))
        server.jobs.succeed(f"job{number}", a=Literal(1))
        got = server.handle(GetResults(f"job{number}"))
        assert isinstance(got, Results)
        assert ([o.id for o in got.outputs], got.several) == (["a"], several)


def test_one_output_can_be_had_alone(server: Server) -> None:
    server.handle(run())
    server.jobs.succeed("job1", a=Literal(1), b=Literal(2))
    got = server.handle(GetResults("job1", "b"))
    assert isinstance(got, Results)
    assert ([o.id for o in got.outputs], got.single) == (["b"], True)


def test_outputs_that_the_process_describes_no_more_are_still_the_jobs(server: Server) -> None:
    server.handle(run())
    server.jobs.succeed("job1", old=(Literal(1), Literal(2)), a=Literal(1))
    got = server.handle(GetResults("job1"))
    assert isinstance(got, Results)
    assert [(o.id, o.array) for o in got.outputs] == [("a", False), ("old", True)]


def test_there_are_no_results_before_the_end_after_a_dismissal_or_failure(server: Server) -> None:
    server.handle(run(mode=Mode.ASYNC))
    with pytest.raises(ResultsNotReady, match="it is accepted"):
        server.handle(GetResults("job1"))
    server.jobs.move("job1", JobEvent.CLAIM)
    with pytest.raises(ResultsNotReady, match="it is running"):
        server.handle(GetResults("job1"))
    server.jobs.fail("job1", Failure(FailureKind.MEMORY, "out of memory", "r-1"))
    with pytest.raises(JobFailed, match=r"out of memory \(reference r-1\)") as failed:
        server.handle(GetResults("job1"))
    assert (failed.value.kind, failed.value.locator) == (FailureKind.MEMORY, "job1")
    server.handle(run(mode=Mode.ASYNC))
    server.handle(Dismiss("job2"))
    with pytest.raises(ResultsGone):
        server.handle(GetResults("job2"))


@pytest.mark.parametrize(("offset", "start"), [(0, 0), (4, 4), (10, 10), (11, 10)])
def test_the_log_is_told_from_an_offset_to_its_end(server: Server, offset: int, start: int) -> None:
    server.handle(run())
    assert server.handle(GetLog("job1", 5)) == LogRead(server.jobs.jobs["job1"], None, 0, 0)
    path = server.folders.log("job1")
    path.parent.mkdir()
    path.write_bytes(b"0123456789")
    assert server.handle(GetLog("job1", offset)) == LogRead(server.jobs.jobs["job1"], str(path), start, 10)


def test_a_dismissed_waiting_job_interrupts_nobody_and_a_running_one_its_worker(server: Server) -> None:
    server.handle(run(mode=Mode.ASYNC))
    server.handle(run(mode=Mode.ASYNC))
    server.jobs.move("job2", JobEvent.CLAIM)
    for id in ("job1", "job2"):
        done = server.handle(Dismiss(id))
        assert isinstance(done, Dismissed)
        assert (done.job.state, done.removed) == (JobState.DISMISSED, False)
    assert server.wake.interrupted == ["job2"]


def test_a_dismiss_after_the_end_removes_the_job(server: Server) -> None:
    server.handle(run())
    server.jobs.succeed("job1")
    done = server.handle(Dismiss("job1"))
    assert isinstance(done, Dismissed)
    assert (done.job.state, done.removed) == (JobState.REMOVED, True)
    assert server.wake.interrupted == []


def test_a_process_may_forbid_to_dismiss_before_the_end(server: Server) -> None:
    server.handle(run("sync-only"))
    with pytest.raises(Forbidden, match="'sync-only' does not let"):
        server.handle(Dismiss("job1"))
    assert server.jobs.jobs["job1"].state is JobState.ACCEPTED
    server.jobs.succeed("job1")
    server.handle(Dismiss("job1"))


def test_nobody_waiting_any_more_dismisses_whatever_the_process_allows_but_removes_nothing(
    server: Server,
) -> None:
    server.handle(run("sync-only"))
    server.abandon("job1")
    assert server.jobs.jobs["job1"].state is JobState.DISMISSED
    server.handle(run("sync-only"))
    server.jobs.succeed("job2")
    server.abandon("job2")
    assert server.jobs.jobs["job2"].state is JobState.SUCCEEDED
    server.abandon("unknown")
