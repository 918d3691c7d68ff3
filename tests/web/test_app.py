"""The flow of a request, driven as an ASGI server would drive it; ports and dialects are small fakes."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeBlobs, FakeFolders, FakeJobs, FakeWake

from azenha.domain.errors import (
    AppError,
    Forbidden,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    QueueFull,
    TookTooLong,
    TooLarge,
)
from azenha.domain.job import Failure, FailureKind, JobEvent, JobState
from azenha.domain.messages import (
    Accepted,
    Asked,
    Command,
    Describe,
    DescribeServer,
    Execute,
    GetLog,
    GetStatus,
    LogRead,
    Mode,
    Outcome,
    Results,
)
from azenha.domain.process import (
    Catalogue,
    InputDescription,
    LiteralDomain,
    LiteralType,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
)
from azenha.domain.values import Lexical, Literal
from azenha.protocols.http import START, FileSlice, HttpReply, HttpRequest, Site
from azenha.settings import LimitSettings, Queue, Server, Settings
from azenha.usecases.processing import Processing
from azenha.web.app import App, make_app
from azenha.web.ended import Ends
from azenha.web.send import PIECE

STRING = LiteralDomain(LiteralType.STRING)
ECHO = ProcessDescription(
    "echo",
    "1",
    Text("Echo"),
    (InputDescription("text", STRING, Text("t"), min_occurs=0),),
    (OutputDescription("text", STRING, Text("t")),),
)
CODES: dict[type[AppError], int] = {
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    TooLarge: 413,
    QueueFull: 503,
    TookTooLong: 504,
}


@dataclass
class Plain:
    """Text of what came and went. `odd` is asked first and may raise or answer in its own way."""

    name: str = "plain"
    mount: str = ""
    odd: Callable[[HttpRequest], Command | None] = lambda request: None
    writes: Callable[[Outcome], HttpReply | None] = lambda outcome: None
    seen: list[HttpRequest] = field(default_factory=list)

    def read(self, request: HttpRequest) -> Command:
        self.seen.append(request)
        found = self.odd(request)
        if found is not None:
            return found
        match request.path.strip("/").split("/"):
            case [""]:
                return DescribeServer()
            case ["run"]:
                mode = Mode.ASYNC if "async" in request.query else Mode.AUTO
                text = bytes(request.body[:20]).decode()
                return Execute("echo", {"text": (Lexical(text),)}, None, mode, Asked(self.name, "1"))
            case ["process", id]:
                return Describe(id)
            case ["job", id]:
                return GetStatus(id)
            case ["log", id]:
                return GetLog(id)
        raise NotFound(request.path, f"nothing at {request.path}")

    def write(self, outcome: Outcome, request: HttpRequest, site: Site) -> HttpReply:
        own = self.writes(outcome)
        if own is not None:
            return own
        text = f"{self.name} {site.base} {type(outcome).__name__}"
        match outcome:
            case Accepted(job):
                return HttpReply(201, (("Location", f"{site.base}/job/{job.id}"),), (text.encode(),))
            case Results(outputs=outputs):
                text = str(outputs[0].values[0])
            case LogRead(_, str(path), offset, end):
                return HttpReply(
                    200, (), (b"log:", FileSlice(path, offset, end), b".", FileSlice(path, 0, 0))
                )
        return HttpReply(200, (("Content-Type", "text/plain"),), (text.encode(),))

    def fault(self, error: AppError, request: HttpRequest, site: Site) -> HttpReply:
        status = next((CODES[c] for c in type(error).__mro__ if c in CODES), None)
        status = status or (500 if type(error) is AppError else 400)
        return HttpReply(status, (), (f"{self.name} {site.base} {error}".encode(),))


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    pieces: list[bytes]


class Stage:
    """An application and all its fakes."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.settings = replace(settings or Settings(), data=folder)
        self.jobs, self.folders, self.wake = FakeJobs(), FakeFolders(folder), FakeWake()
        ids = count(1)
        catalogue = Catalogue({"echo": Offering(ECHO, "here")})
        self.processing = Processing(
            catalogue,
            self.jobs,
            self.folders,
            FakeBlobs(folder),  # type: ignore[arg-type]
            self.wake,
            self.settings,
            lambda: f"job{next(ids)}",
        )
        self.ends = Ends(self.has_ended, every=60)
        self.root = Plain()
        self.other = Plain("other", "/other")
        self.longer = Plain("longer", "/other/longer")

    def has_ended(self, id: str) -> bool:
        return self.jobs.jobs[id].ended

    def stores_a_job(self) -> None:
        self.processing.handle(Execute("echo", {}, None, Mode.ASYNC, Asked("plain", "1")))

    def app(self, **more: Any) -> App:
        return make_app(
            [self.root, self.longer, self.other], self.processing, self.ends, self.settings, **more
        )

    def asks(self, method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> Reply:
        return asyncio.run(exchange(self.app(), method, path, body, **headers))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def exchange(
    app: App,
    method: str = "GET",
    path: str = "/",
    body: bytes = b"",
    *,
    gone: asyncio.Event | None = None,
    query: str = "",
    **headers: str,
) -> Reply:
    """One request. With `gone`, the client goes away when it is set; else it stays."""
    given = {"host": "localhost:8080", **{k.replace("_", "-"): v for k, v in headers.items()}}
    if body:
        given.setdefault("content-length", str(len(body)))
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in given.items()],
        "scheme": "http",
        "client": ("127.0.0.1", 5),
    }
    sent: list[Any] = []
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if left:
            return left.pop()
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if not sent:
        return Reply(0, {}, b"", [])
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert [m.get("more_body", False) for m in rest] == [True] * (len(rest) - 1) + [False]
    pieces = [m["body"] for m in rest]
    names = [k.lower() for k, _ in start["headers"] if k.lower() not in (b"link", b"vary")]
    assert len(names) == len(set(names)), "browsers and proxies join or refuse a header that stands twice"
    got = {k.decode(): v.decode() for k, v in start["headers"]}
    return Reply(start["status"], got, b"".join(pieces), pieces)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


# -- the way to a dialect


@pytest.mark.parametrize(
    ("path", "name", "below"),
    [
        ("/", "plain", "/"),
        ("/other", "other", "/"),
        ("/other/", "other", "/"),
        ("/other/process/echo", "other", "/process/echo"),
        ("/other/longer/process/echo", "longer", "/process/echo"),
    ],
)
def test_the_longest_mount_answers_and_sees_the_path_below_it(
    stage: Stage, path: str, name: str, below: str
) -> None:
    reply = stage.asks(path=path)
    base = "http://localhost:8080" + {"plain": "", "other": "/other", "longer": "/other/longer"}[name]
    assert reply.status == 200
    assert reply.body.decode().startswith(f"{name} {base} ")
    (dialect,) = [d for d in (stage.root, stage.other, stage.longer) if d.seen]
    assert (dialect.name, dialect.seen[0].path) == (name, below)


def test_a_mount_is_whole_parts_of_a_path(stage: Stage) -> None:
    assert stage.asks(path="/othersomething").body.startswith(b"plain ")


def test_a_dialect_sees_the_whole_request(stage: Stage) -> None:
    body = b"x" * 100
    asyncio.run(exchange(stage.app(), "POST", "/", body, query="a=%20b&c", accept="text/html", x_a="ä"))
    (request,) = stage.root.seen
    assert (request.method, request.query, request.body) == ("POST", "a=%20b&c", body)
    assert (request.headers["accept"], request.headers["x-a"]) == ("text/html", "ä")
    assert request.parameters() == [("a", " b"), ("c", "")]


def test_several_headers_of_one_name_are_joined(stage: Stage) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"prefer", b"a"), (b"Prefer", b"b")],
    }

    async def nothing(*_: Any) -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(stage.app()(scope, nothing, nothing))
    assert stage.root.seen[0].headers["prefer"] == "a, b"


# -- replies


def test_what_needs_no_store_takes_no_thread(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a thread was asked for")

    monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor.submit", refuse)
    assert stage.asks(path="/process/echo").status == 200


def test_what_is_answered_from_memory_is_read_and_rendered_once_and_what_the_store_tells_each_time(
    stage: Stage,
) -> None:
    stage.stores_a_job()
    app = stage.app()

    async def ask(path: str) -> bytes:
        return (await exchange(app, "GET", path)).body

    for path, times in (("/process/echo", 1), ("/job/job1", 3)):
        stage.root.seen.clear()
        assert len({asyncio.run(ask(path)) for _ in range(3)}) == 1
        assert len(stage.root.seen) == times


def test_a_refusal_is_given_each_time(stage: Stage) -> None:
    app = stage.app()
    for _ in range(2):
        assert asyncio.run(exchange(app, "GET", "/", host="evil.example")).status == 403
        assert asyncio.run(exchange(app, "GET", "/process/none")).status == 404


def test_a_reply_has_its_length_and_head_has_it_too_without_the_body(stage: Stage) -> None:
    get, head = stage.asks(), stage.asks("HEAD")
    assert get.headers["content-length"] == str(len(get.body))
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


def test_a_reply_without_content_has_no_length(stage: Stage) -> None:
    stage.root.writes = lambda outcome: HttpReply(204)
    reply = stage.asks()
    assert (reply.status, reply.headers, reply.body) == (204, {}, b"")


def test_a_line_end_in_a_header_is_encoded_so_that_no_header_can_be_smuggled(stage: Stage) -> None:
    stage.root.writes = lambda outcome: HttpReply(201, (("Location", "/a b\r\nSet-Cookie: c=1/ä%20"),))
    reply = stage.asks()
    assert reply.headers["location"] == "/a b%0D%0ASet-Cookie: c=1/%C3%A4%20"
    assert set(reply.headers) == {"location", "content-length"}


@pytest.mark.parametrize("size", [0, 1, PIECE - 5, PIECE, 3 * PIECE - 1])
def test_files_are_sent_between_bytes_and_large_ones_in_pieces(stage: Stage, size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    stage.stores_a_job()
    path = stage.folders.log("job1")
    path.parent.mkdir()
    path.write_bytes(content)
    reply = stage.asks(path="/log/job1")
    assert reply.body == b"log:" + content + b"."
    assert reply.headers["content-length"] == str(len(reply.body))
    assert max(map(len, reply.pieces)) <= PIECE + 5


def test_a_large_file_may_end_the_reply(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "large"
    size = 4 * PIECE
    path.write_bytes(b"abc" * (size // 3))
    stage.root.writes = lambda outcome: HttpReply(200, (), (FileSlice(str(path), 3, size),))
    stage.root.odd = lambda request: GetStatus("job1")
    stage.stores_a_job()
    reply = stage.asks()
    assert reply.body == b"abc" * (size // 3 - 1)
    assert len(reply.pieces) == 4


@pytest.mark.parametrize("size", [5, 2 * PIECE])
def test_a_file_shorter_than_it_was_is_not_found(stage: Stage, tmp_path: Path, size: int) -> None:
    (tmp_path / "short").write_bytes(bytes(size - 1))
    stage.root.writes = lambda outcome: HttpReply(200, (), (FileSlice(str(tmp_path / "short"), 0, size),))
    stage.root.odd = lambda request: GetStatus("job1")
    stage.stores_a_job()
    assert stage.asks().status == 404


@pytest.mark.parametrize("size", [10, 2 * PIECE])
def test_a_file_that_is_gone_before_the_status_is_sent_is_not_found(
    stage: Stage, tmp_path: Path, size: int
) -> None:
    stage.root.writes = lambda outcome: HttpReply(200, (), (FileSlice(str(tmp_path / "none"), 0, size),))
    stage.root.odd = lambda request: GetStatus("job1")
    stage.stores_a_job()
    assert stage.asks().status == 404


def test_a_file_that_shrinks_while_it_is_sent_breaks_the_reply_off(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(bytes(1_000_000))
    stage.root.writes = lambda outcome: HttpReply(200, (), (FileSlice(str(path), 0, 1_000_000),))
    stage.root.odd = lambda request: GetStatus("job1")
    stage.stores_a_job()
    sent: list[Any] = []

    async def run() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http"}

        async def send(message: Any) -> None:
            sent.append(message)
            path.write_bytes(b"")

        async def receive() -> Any:
            raise AssertionError("there is no body")

        await stage.app()({**scope, "headers": [(b"host", b"localhost")]}, receive, send)

    with pytest.raises(Exception, match="shrinking"):
        asyncio.run(run())
    assert next(m["type"] for m in sent) == "http.response.start"
    assert all(m.get("more_body", True) for m in sent)


# -- who is refused, and by which dialect


def test_a_foreign_host_is_refused_by_the_dialect_at_the_root_under_our_own_address(stage: Stage) -> None:
    reply = stage.asks(path="/other/run", host="evil.example:8080")
    assert reply.status == 403
    assert reply.body.startswith(b"plain http://localhost:8080 this server answers on its own machine only")
    assert b"evil" not in reply.body.split(b" ", 2)[1]
    assert reply.headers["connection"] == "close"


def test_a_foreign_page_changes_nothing(stage: Stage) -> None:
    assert stage.asks("POST", "/run", b"x", origin="https://evil.example").status == 403
    assert stage.jobs.jobs == {}


def test_a_configured_origin_is_answered_with_what_it_may_read(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Settings(server=Server(origins=("https://app.example",))))
    asked = stage.asks("OPTIONS", "/run", origin="https://app.example", access_control_request_method="POST")
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, "https://app.example")
    reply = stage.asks(origin="https://app.example")
    assert "Location" in reply.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in stage.asks(origin="https://evil.example").headers


@pytest.mark.parametrize("path", ["/a\x00b", "/a\nb", "/\x7f", "/other/\x1b[31m", "/\ud800"])
def test_a_path_of_control_characters_names_nothing_and_no_dialect_sees_it(stage: Stage, path: str) -> None:
    reply = stage.asks(path=path)
    assert reply.status == 404
    assert not any(d.seen for d in (stage.root, stage.other))


@pytest.mark.parametrize("query", ["a=%00", "a=\x00"])
def test_a_nul_in_the_query_is_a_bad_request(stage: Stage, query: str) -> None:
    assert asyncio.run(exchange(stage.app(), query=query)).status == 400


def test_bytes_that_are_no_text_in_the_query_do_no_harm(stage: Stage) -> None:
    assert asyncio.run(exchange(stage.app(), query="a=\xff\xfe&%ff=%zz")).status == 200


def test_a_body_above_the_limit_is_refused_in_the_dialect_and_the_connection_closed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Settings(limits=replace(LimitSettings(), body=10)))
    reply = stage.asks("POST", "/other/run", b"x" * 11)
    assert (reply.status, reply.headers["connection"]) == (413, "close")
    assert reply.body.startswith(b"other ")
    assert b"limits.body" in reply.body


def test_a_large_body_is_read_in_a_thread_as_a_map_and_released(stage: Stage) -> None:
    reply = asyncio.run(exchange(stage.app(), "POST", "/run", b"y" * 2_000_000, query="async"))
    assert reply.status == 201
    (request,) = stage.root.seen
    assert not isinstance(request.body, bytes)
    assert request.body.closed
    assert list((stage.settings.data / "spool").iterdir()) == []


def test_a_dialects_own_errors_are_told_by_it(stage: Stage) -> None:
    reply = stage.asks(path="/other/nowhere")
    assert (reply.status, reply.body) == (404, b"other http://localhost:8080/other nothing at /nowhere")
    assert stage.asks(path="/job/none").status == 404


class Bug(Exception):
    pass


@pytest.mark.parametrize("where", ["read", "write", "handle", "fault"])
def test_a_bug_is_told_by_a_number_that_finds_it_in_the_log_and_by_nothing_else(
    stage: Stage, where: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: Any, **__: Any) -> Any:
        raise Bug("secret")

    if where == "handle":
        monkeypatch.setattr(stage.jobs, "get", bug)
    elif where == "fault":
        monkeypatch.setattr(stage.root, "fault", bug)
    else:
        monkeypatch.setattr(stage.root, where, bug)
    reply = stage.asks(path={"handle": "/job/1", "fault": "/nowhere"}.get(where, "/"))
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert b"Bug" not in reply.body
    reference = reply.body.decode().rsplit(" ", 1)[-1]
    assert len(reference) == 8
    (record,) = [r for r in caplog.records if reference in r.getMessage()]
    assert record.exc_info
    assert record.exc_info[0] is Bug


def test_a_full_disk_is_told_as_that_and_no_bug(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/place")

    monkeypatch.setattr(stage.jobs, "get", full)
    reply = stage.asks(path="/job/1")
    assert b"has no room" in reply.body
    assert b"secret" not in reply.body
    assert any("no room on the disk" in r.getMessage() for r in caplog.records)


@pytest.mark.parametrize(("path", "level"), [("/", "DEBUG"), ("/nowhere", "INFO"), ("/bug", "ERROR")])
def test_each_request_is_one_line_in_the_log(
    stage: Stage, path: str, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    def odd(request: HttpRequest) -> None:
        if request.path == "/bug":
            raise AppError("as if from the core")

    stage.root.odd = odd
    with caplog.at_level(logging.DEBUG, "azenha.web"):
        status = stage.asks(path=path).status
    (record,) = [r for r in caplog.records if r.name == "azenha.web"]
    assert record.levelname == level
    assert record.getMessage().startswith(f"GET '{path}' {status}, ")


def test_an_operation_that_does_not_exist_is_no_error_of_the_server(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.root, "fault", lambda *_: HttpReply(501))
    with caplog.at_level(logging.DEBUG, "azenha.web"):
        assert stage.asks(path="/nowhere").status == 501
    (record,) = [r for r in caplog.records if r.name == "azenha.web"]
    assert record.levelname == "INFO"


# -- jobs


def test_a_background_job_is_answered_at_once(stage: Stage) -> None:
    reply = asyncio.run(exchange(stage.app(), "POST", "/run", b"hi", query="async"))
    assert (reply.status, reply.headers["location"]) == (201, "http://localhost:8080/job/job1")
    assert stage.jobs.new["job1"].request.inputs == {"text": (Literal("hi"),)}


def test_a_job_whose_acceptance_cannot_be_told_is_dismissed(stage: Stage) -> None:
    def refuse(outcome: Outcome) -> None:
        raise NotAcceptable("no such form")

    stage.root.writes = refuse
    assert asyncio.run(exchange(stage.app(), "POST", "/run", b"hi", query="async")).status == 406
    assert stage.jobs.jobs["job1"].state is JobState.DISMISSED


def test_a_synchronous_answer_has_the_results_once_the_job_ended(stage: Stage) -> None:
    async def run() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/run", b"hi"))
        await until(lambda: "job1" in stage.jobs.jobs)
        assert not asking.done()
        stage.jobs.succeed("job1", text=Literal("hello"))
        stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(run())
    assert (reply.status, reply.body) == (200, b"Literal(value='hello', unit=None)")
    assert stage.ends._news == {}


def test_an_end_before_the_web_tier_waits_is_not_missed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = stage.jobs.submit

    async def run() -> Reply:
        loop = asyncio.get_running_loop()

        def at_once(new: Any) -> Any:
            job = submit(new)
            stage.jobs.succeed(new.id, text=Literal("quick"))
            loop.call_soon_threadsafe(stage.ends.tell, new.id)
            return job

        monkeypatch.setattr(stage.jobs, "submit", at_once)
        async with asyncio.timeout(10):  # the store would be asked after 60 s
            return await exchange(stage.app(), "POST", "/run", b"hi")

    assert asyncio.run(run()).status == 200


def test_a_failed_job_is_told_in_the_synchronous_answer(stage: Stage) -> None:
    async def run() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/other/run", b"hi"))
        await until(lambda: "job1" in stage.jobs.jobs)
        stage.jobs.fail("job1", Failure(FailureKind.PROCESS, "it raised", "r-7"))
        stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(run())
    assert reply.status == 400
    assert b"it raised (reference r-7)" in reply.body


def test_who_waits_when_the_server_ends_is_told_so_and_the_job_is_dismissed(stage: Stage) -> None:
    async def run() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/other/run", b"hi"))
        await until(lambda: "job1" in stage.jobs.jobs)
        stage.ends.end()
        reply = await asking
        await until(lambda: stage.jobs.jobs["job1"].ended)
        return reply

    reply = asyncio.run(run())
    assert b"this server ends" in reply.body
    assert stage.jobs.jobs["job1"].state is JobState.DISMISSED


@pytest.mark.parametrize("running", [False, True])
def test_a_synchronous_client_that_goes_away_dismisses_its_job(stage: Stage, running: bool) -> None:
    async def run() -> Reply:
        gone = asyncio.Event()
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/run", b"hi", gone=gone))
        await until(lambda: "job1" in stage.jobs.jobs)
        if running:
            stage.jobs.move("job1", JobEvent.CLAIM)
        gone.set()
        reply = await asking
        await until(lambda: stage.jobs.jobs["job1"].ended)
        return reply

    assert asyncio.run(run()).status == 0
    assert stage.jobs.jobs["job1"].state is JobState.DISMISSED
    assert stage.wake.interrupted == (["job1"] if running else [])


def waits(stage: Stage, wait: float = 30) -> None:
    """Every run from now on is one in the background that its client waits for."""
    stage.root.odd = lambda request: Execute("echo", {}, None, Mode.ASYNC, Asked("plain", "1"), wait)


def settling(folder: Path) -> Stage:
    settings = Settings()
    return Stage(folder, replace(settings, queue=replace(settings.queue, settle=30)))


def test_an_answer_that_settles_waits_for_the_end_and_tells_of_the_acceptance_all_the_same(
    tmp_path: Path,
) -> None:
    stage = settling(tmp_path)

    async def run() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/run", b"hi", query="async"))
        await until(lambda: "job1" in stage.jobs.jobs)
        assert not asking.done()
        stage.jobs.succeed("job1", text=Literal("done"))
        stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(run())
    assert (reply.status, reply.headers["location"]) == (201, "http://localhost:8080/job/job1")
    assert reply.body.endswith(b"Accepted")


def test_a_synchronous_run_may_be_answered_with_its_record(stage: Stage) -> None:
    stage.root.odd = lambda request: Execute("echo", {}, None, Mode.SYNC, Asked("plain", "1"), record=True)

    async def run() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/run", b"hi"))
        await until(lambda: "job1" in stage.jobs.jobs)
        stage.jobs.move("job1", JobEvent.CLAIM, attempt=1)
        stage.jobs.fail("job1", Failure(FailureKind.PROCESS, "no", "r"))
        stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(run())
    assert (reply.status, reply.body.endswith(b"JobRecord")) == (200, True)


def test_what_a_large_body_began_with_is_known_when_it_is_answered(stage: Stage) -> None:
    stage.asks("POST", "/", b"ab" * 1_000_000)
    assert stage.root.seen[0].start == (b"ab" * 1_000_000)[:START]


def test_the_results_of_a_background_job_that_ends_while_its_client_waits_are_the_answer(
    stage: Stage,
) -> None:
    waits(stage)
    told: list[Outcome] = []
    stage.root.writes = lambda outcome: told.append(outcome)

    async def run() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/run"))
        await until(lambda: "job1" in stage.jobs.jobs)
        stage.jobs.succeed("job1", text=Literal("hello"))
        stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(run())
    assert (reply.status, reply.body) == (200, b"Literal(value='hello', unit=None)")
    (results,) = told
    assert isinstance(results, Results)
    assert results.honoured == ("wait=30",)
    assert stage.ends._news == {}


@pytest.mark.parametrize("fails", [False, True])
def test_a_background_job_that_gives_no_results_in_time_is_told_as_it_is_then(
    stage: Stage, fails: bool
) -> None:
    waits(stage, 30 if fails else 0.01)
    told: list[Outcome] = []
    stage.root.writes = lambda outcome: told.append(outcome)

    async def run() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/run"))
        await until(lambda: "job1" in stage.jobs.jobs)
        if fails:
            stage.jobs.fail("job1", Failure(FailureKind.PROCESS, "it raised", "r-7"))
            stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(run())
    assert (reply.status, reply.headers["location"]) == (201, "http://localhost:8080/job/job1")
    (accepted,) = told
    assert isinstance(accepted, Accepted)
    assert accepted.job.state is (JobState.FAILED if fails else JobState.ACCEPTED)
    assert accepted.honoured[0] == "respond-async"


def test_a_client_that_waits_for_a_background_job_and_goes_away_leaves_it_alone(stage: Stage) -> None:
    waits(stage)

    async def run() -> Reply:
        gone = asyncio.Event()
        gone.set()
        return await exchange(stage.app(), "POST", "/run", gone=gone)

    assert asyncio.run(run()).status == 0
    assert stage.jobs.jobs["job1"].state is JobState.ACCEPTED


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"sec_fetch_site": "cross-site"}, 403), ({"sec_fetch_site": "none"}, 201), ({}, 201)],
)
def test_a_get_that_runs_something_is_guarded_and_not_kept(
    stage: Stage, headers: dict[str, str], status: int
) -> None:
    reply = asyncio.run(exchange(stage.app(), "GET", "/run", query="async", **headers))
    assert reply.status == status
    assert bool(stage.jobs.jobs) is (status == 201)
    assert reply.headers.get("cache-control") == ("no-store" if status == 201 else None)


def test_a_reply_that_says_what_it_is_has_conditions_and_ranges_in_every_dialect(stage: Stage) -> None:
    tagged = HttpReply(200, (("ETag", '"a"'), ("Accept-Ranges", "bytes")), (b"0123456789",))
    stage.root.writes = stage.other.writes = lambda outcome: tagged
    for path in ("/", "/other/"):
        assert stage.asks(path=path, range="bytes=2-4").body == b"234"
        gone = stage.asks(path=path, if_none_match='"a"')
        assert (gone.status, gone.body, "content-length" in gone.headers) == (304, b"", False)
    part = stage.asks("HEAD", range="bytes=2-4")
    assert (part.status, part.headers["content-length"], part.body) == (200, "10", b"")


def test_a_client_that_goes_away_from_a_background_job_leaves_it_alone(stage: Stage) -> None:
    async def run() -> None:
        gone = asyncio.Event()
        gone.set()
        await exchange(stage.app(), "POST", "/run", b"hi", gone=gone, query="async")

    asyncio.run(run())
    assert stage.jobs.jobs["job1"].state is JobState.ACCEPTED


def test_a_job_that_takes_too_long_is_dismissed_and_the_answer_says_what_to_do(tmp_path: Path) -> None:
    queue = replace(Queue(), sync_seconds=0.01)
    settings = Settings(queue=queue)
    stage = Stage(tmp_path, replace(settings, jobs=replace(settings.jobs, grace=0.01)))

    async def run() -> Reply:
        reply = await exchange(stage.app(), "POST", "/run", b"hi")
        # A thread dismisses it, which the answer does not wait for.
        await until(lambda: stage.jobs.jobs["job1"].state is JobState.DISMISSED)
        return reply

    reply = asyncio.run(run())
    assert reply.status == 504
    for words in (b"within 0.01 s", b"queue.sync_seconds", b"respond-async"):
        assert words in reply.body


def test_a_server_that_stops_dismisses_what_nobody_can_be_told_any_more(stage: Stage) -> None:
    async def run() -> None:
        asking = asyncio.ensure_future(exchange(stage.app(), "POST", "/run", b"hi"))
        await until(
            lambda: "job1" in stage.jobs.jobs and len(asyncio.all_tasks()) == 3
        )  # it waits for the end
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: stage.jobs.jobs["job1"].state is JobState.DISMISSED)

    asyncio.run(run())


def test_a_full_queue_is_told_and_nothing_is_awaited(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Settings(queue=replace(Queue(), sync_waiting=0)))
    reply = stage.asks("POST", "/run", b"hi")
    assert (reply.status, stage.jobs.jobs, stage.ends._news) == (503, {}, {})


# -- the life of the application


async def live(app: App) -> list[Any]:
    messages: Iterator[Any] = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


def test_what_belongs_to_its_life_is_entered_before_and_left_after(stage: Stage) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        seen.append("in")
        yield
        seen.append("out")

    sent = asyncio.run(live(stage.app(lifespan=lifespan)))
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert seen == ["in", "out"]


def test_a_life_that_cannot_begin_says_why(stage: Stage) -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        raise OSError("no channel")
        yield

    (sent,) = asyncio.run(live(stage.app(lifespan=lifespan)))
    assert sent == {"type": "lifespan.startup.failed", "message": "no channel"}


def test_web_sockets_are_closed(stage: Stage) -> None:
    async def run() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await stage.app()({"type": "websocket"}, receive, send)
        return sent

    assert [m["type"] for m in asyncio.run(run())] == ["websocket.close"]
