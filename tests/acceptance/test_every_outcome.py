"""Every operation × outcome of the definition, brought about on a running server, judged by the official schemas.

What the definition says can happen and has no request here fails a test, and so does what happens and is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from live_server import BASIC, HERE, PROCESSES, SHORT, LiveServer, Reply, until

Validate = Callable[[Mapping[str, Any], str], None]

PLACES = HERE / "processes_that_make_places.py"
BODY = 1 << 16
LENGTH = 8  # of the queue
HOST = {"Host": "elsewhere.example"}
LONG = {"X-Long": "x" * (1 << 18)}
TYPED = {"Content-Type": "application/json"}
ASYNC = {"Prefer": "respond-async"}

# Schemas of the standards by operation, of answers of 200 and 201 in JSON: of 1.0, of the drafts of 2.0 and Part 4.
CORE = "2.0-draft/processes-core"
SCHEMAS: Mapping[str, tuple[str, ...]] = {
    "landing": ("landingPage", "2.0-draft/common-core/landingPage"),
    "conformance": ("confClasses", "2.0-draft/common-core/confClasses"),
    "processes": ("processList", f"{CORE}/processList"),
    "process": ("process", f"{CORE}/process"),
    "jobs": ("jobList", f"{CORE}/jobList"),
    "job": ("statusInfo", f"{CORE}/statusInfo"),
    "dismiss": ("statusInfo", f"{CORE}/statusInfo"),
    "start": ("statusInfo", f"{CORE}/statusInfo"),
    "pause": ("statusInfo", f"{CORE}/statusInfo"),
    "resume": ("statusInfo", f"{CORE}/statusInfo"),
    # `created` is a word of Part 4.
    "create": ("2.0-draft/processes-job-management/statusInfo",),
    "change": ("2.0-draft/processes-job-management/statusInfo",),
    "definition": ("execute",),
}
RUNS = ("execute", "execute-kvp")
RESULTS = ("results", f"{CORE}/results")
# No standard has a schema of these documents that can be used: the definition is valid by OpenAPI's own
# (test_ogcapi_openapi), PROV-JSON is read in test_ogcapi_jobs, the STAC Item in
# test_ogcapi_stac, inputs.yaml of Part 4 has dead references.
OF_NO_STANDARD = {"api", "script", "inputs", "input", "provenance", "log", "output", "item", "stac"}

FAILING = {"execute", "execute-kvp", "results", "output", "item", "stac"}  # 500 of these: the process failed
# What no request can bring about here; each is tested where it can be.
NOT_HERE: Mapping[tuple[str, int], str] = {
    **{
        (name, 500): "a bug of ours (test_app); its document: test_ogcapi_faults"
        for name in {*SCHEMAS, *OF_NO_STANDARD} - FAILING
    },
    **{(name, 504): "no worker stops the job in time (test_app)" for name in RUNS},
    **{(name, 204): "a value that lies elsewhere (test_ogcapi_results)" for name in ("output", "item")},
    **{
        (name, 307): "the store has no links of its own (test_results_in_s3)"
        for name in ("results", "output", "item")
    },
    ("change", 503): "its process cannot run since the job was created (test_processing)",
}


@dataclass(frozen=True)
class Made:
    """What there is on the server for the requests to ask about."""

    server: LiveServer
    plain: str  # a job that succeeded, with small values
    raw: str  # one whose only output is a list of files
    placed: str  # one whose results tell where they lie
    failed: str
    created: str
    ready: str  # created too, and started in the end
    left: str  # ended, to be removed
    none: str  # asked for no outputs
    running: str
    waiting: str  # can be paused
    unready: str  # could be paused once it is started


def send(
    server: LiveServer, method: str, path: str, body: object = None, headers: Mapping[str, str] = {}
) -> Reply:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Accept": "application/json", **(TYPED if data is not None else {}), **headers}
    return server.ask(method, path, data, given)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("outcomes")
    broken = folder / "broken.py"
    broken.write_text("raise RuntimeError('this one cannot be imported')\n")
    settings = {
        **SHORT,
        "queue": {"slots": 1, "sync_slots": 2, "length": LENGTH, "sync_seconds": 2},
        "limits": {"body": BODY},
        "results": {"stac": True},
    }
    server = LiveServer(folder, [PROCESSES, PLACES, BASIC, broken], settings)
    server.start()
    try:
        jobs = {
            "plain": server.submit("echo", text="a", numbers=[1, 2]),
            "raw": server.submit("write_files", texts=["some text", "more"]),
            "placed": server.submit("make_places"),
            "failed": server.submit("fail", how="raise"),
            "left": server.submit("echo", text="b"),
        }
        nothing = server.execute("echo", {"inputs": {"text": "c"}, "outputs": {}}, ASYNC)
        jobs["none"] = nothing.headers["location"].rpartition("/")[2]
        for job in jobs.values():
            server.ended(job)
        later = {"process": "echo", "inputs": {"text": "later"}}
        created, ready = (send(server, "POST", "/jobs", later).json["id"] for _ in range(2))
        there = folder / "there"
        running = server.submit("wait_for", file=str(folder / "go"), tells=str(there))
        until(there.exists, 30, "the job runs")
        waiting = server.submit("slow", seconds=0.1)
        unready = send(server, "POST", "/jobs", {"process": "slow", "inputs": {}}).json["id"]
        more = {
            "created": created,
            "ready": ready,
            "running": running,
            "waiting": waiting,
            "unready": unready,
        }
        yield Made(server, **jobs, **more)
    finally:
        server.end()


def places(made: Made) -> dict[str, tuple[str, str, object]]:
    """Method, path and body of a request that every operation answers with success."""
    plain, raw, created = f"/jobs/{made.plain}", f"/jobs/{made.raw}", f"/jobs/{made.created}"
    return {
        "landing": ("GET", "/", None),
        "conformance": ("GET", "/conformance", None),
        "api": ("GET", "/api", None),
        "script": ("GET", "/api/try.js", None),
        "processes": ("GET", "/processes", None),
        "process": ("GET", "/processes/echo", None),
        "execute": ("POST", "/processes/echo/execution", {"inputs": {"text": "x"}}),
        "execute-kvp": ("GET", "/processes/echo/execution?text=x", None),
        "jobs": ("GET", "/jobs", None),
        "create": ("POST", "/jobs", {"process": "echo", "inputs": {"text": "x"}}),
        "job": ("GET", plain, None),
        "change": ("PATCH", created, {"inputs": {"text": "changed"}}),
        "dismiss": ("DELETE", f"/jobs/{made.left}", None),
        "results": ("GET", f"{raw}/results", None),
        "start": ("POST", f"/jobs/{made.ready}/results", None),
        "pause": ("POST", f"/jobs/{made.waiting}/pause", None),
        "resume": ("POST", f"/jobs/{made.waiting}/resume", None),
        "output": ("GET", f"{raw}/results/result", None),
        "item": ("GET", f"{raw}/results/result/0", None),
        "definition": ("GET", f"{plain}/definition", None),
        "inputs": ("GET", f"{plain}/inputs", None),
        "input": ("GET", f"{plain}/inputs/text/0", None),
        "provenance": ("GET", f"{plain}/prov", None),
        "log": ("GET", f"{plain}/log", None),
        "stac": ("GET", f"/jobs/{made.placed}/stac", None),
    }


Request = tuple[str, str, str, object, Mapping[str, str]]  # operation, method, path, body, headers


def requests(made: Made) -> Iterator[Request]:
    """Of each outcome one at least. Those that succeed and change something come last."""
    found = places(made)
    for name, (method, path, body) in found.items():
        yield name, method, path, body, HOST
        yield name, method, path, body, LONG
        yield name, method, path, body, {"Accept": "image/png"}
        joint = "&" if "?" in path else "?"
        yield name, method, f"{path}{joint}nonsense=1", body, {}
        elsewhere = path.replace(made.plain, "no-job").replace(made.raw, "no-job").replace("echo", "nothing")
        for job in (made.created, made.ready, made.left, made.waiting, made.placed):
            elsewhere = elsewhere.replace(job, "no-job")
        if elsewhere != path:
            yield name, method, elsewhere, body, {}
        if method in ("POST", "PATCH"):
            yield name, method, path, b"[" + b" " * BODY + b"]", {}
            yield name, method, path, {"inputs": 1}, {}
            yield name, method, path, body or {}, {"Content-Type": "text/plain"}
            yield name, method, path, body or {}, {"Content-Schema": "http://elsewhere.example/schema"}
    yield "create", "POST", "/jobs", {"process": "nothing", "inputs": {}}, {}
    yield "create", "POST", "/jobs", {"process": "broken", "inputs": {}}, {}
    yield "change", "PATCH", f"/jobs/{made.created}", {"process": "broken"}, {}
    yield "process", "GET", "/processes/broken", None, {}
    for name, method, path, body in (
        ("change", "PATCH", f"/jobs/{made.plain}", {}),
        ("start", "POST", f"/jobs/{made.plain}/results", None),
        ("pause", "POST", f"/jobs/{made.running}/pause", None),
        ("resume", "POST", f"/jobs/{made.running}/resume", None),
        ("pause", "POST", f"/jobs/{made.unready}/pause", None),
        ("resume", "POST", f"/jobs/{made.unready}/resume", None),
        ("results", "GET", f"/jobs/{made.failed}/results", None),
        ("output", "GET", f"/jobs/{made.failed}/results/result", None),
        ("item", "GET", f"/jobs/{made.failed}/results/result/0", None),
        ("stac", "GET", f"/jobs/{made.failed}/stac", None),
        ("results", "GET", f"/jobs/{made.running}/results", None),
        ("results", "GET", f"/jobs/{made.none}/results", None),
        ("results", "GET", f"/jobs/{made.plain}/results", None),
        ("results", "GET", f"/jobs/{made.plain}/results?f=json", None),
        ("output", "GET", f"/jobs/{made.plain}/results/number", None),
        ("output", "GET", f"/jobs/{made.plain}/results/numbers", None),
        ("output", "GET", f"/jobs/{made.plain}/results/nothing", None),
        ("item", "GET", f"/jobs/{made.plain}/results/numbers/7", None),
        ("item", "GET", f"/jobs/{made.plain}/results/numbers/1", None),
        ("job", "GET", f"/jobs/{made.failed}", None),
        ("job", "GET", f"/jobs/{made.running}", None),
        ("job", "GET", f"/jobs/{made.created}", None),
        ("jobs", "GET", "/jobs?status=created", None),
        ("log", "GET", f"/jobs/{made.failed}/log?offset=x", None),
    ):
        yield name, method, path, body, {}
    for name in ("results", "output", "item", "stac"):
        path = found[name][1]
        tag = send(made.server, "GET", path).headers.get("etag", "none")
        yield name, "GET", path, None, {"If-None-Match": tag}
        yield name, "GET", path, None, {"If-Match": '"another"'}
        yield name, "GET", path, None, {"Range": "bytes=1-2"}
        yield name, "GET", path, None, {"Range": "bytes=100000-"}
        yield name, "GET", path, None, {"Prefer": "return=minimal"}
    yield "results", "GET", f"/jobs/{made.plain}/results", None, {"Accept": "image/png"}
    for name in ("api", "script"):
        tag = send(made.server, "GET", found[name][1]).headers["etag"]
        yield name, "GET", found[name][1], None, {"If-None-Match": tag}
    yield from runs()
    for name, (method, path, body) in found.items():
        yield name, method, path, body, {}
    yield "dismiss", "DELETE", f"/jobs/{made.running}", None, {}


def runs() -> Iterator[Request]:
    """Executions, by POST and by a URL."""
    inputs: tuple[tuple[str, dict[str, object]], ...] = (
        ("fail", {"how": "raise"}),
        ("broken", {}),
        ("slow", {"seconds": 30}),
        ("write_file", {"text": "raw"}),
        ("echo", {"text": "a", "integer": 5}),
        ("echo", {"text": "a", "integer": 1.5}),
    )
    for process, given in inputs:
        query = "&".join(f"{name}={value}" for name, value in given.items())
        yield "execute", "POST", f"/processes/{process}/execution", {"inputs": given}, {}
        yield "execute-kvp", "GET", f"/processes/{process}/execution?{query}", None, {}
    echo, document = (
        "/processes/echo/execution",
        {"inputs": {"text": "a", "integer": 5}, "response": "document"},
    )
    yield "execute", "POST", echo, document, {}
    yield "execute", "POST", echo, {"inputs": {"text": "a"}, "outputs": {}}, {}
    yield "execute", "POST", echo, {"inputs": {"text": "a"}}, ASYNC
    yield "execute-kvp", "GET", f"{echo}?text=a", None, ASYNC
    file = "/processes/write_file/execution"
    yield "execute-kvp", "GET", f"{file}?text=a&response[prefer]=return%3Dminimal", None, {}


@pytest.fixture(scope="module")
def answers(made: Made) -> list[tuple[str, Request, Reply]]:
    got = [(request[0], request, send(made.server, *request[1:])) for request in requests(made)]
    # A queue that is full refuses to start what was created before.
    waiting = send(made.server, "POST", "/jobs", {"process": "slow", "inputs": {"seconds": 60}}).json["id"]
    busy = made.server.submit("slow", seconds=60)
    until(
        lambda: made.server.job(busy)["status"] == "running",
        30,
        "the slot is taken: it empties the queue no more",
    )
    for _ in range(2 * LENGTH):
        made.server.execute("slow", {"inputs": {"seconds": 60}}, ASYNC)
    start = ("start", "POST", f"/jobs/{waiting}/results", None, {})
    return [*got, ("start", start, send(made.server, *start[1:]))]


@pytest.fixture(scope="module")
def documented(made: Made) -> dict[str, dict[int, set[str]]]:
    """Media types by status by operation, from the definition; single processes are as the general operation."""
    definition = made.server.get("/api").json

    def types(answer: Mapping[str, Any]) -> set[str]:
        named = answer.get("$ref", "").rpartition("/")[2]
        return set((definition["components"]["responses"][named] if named else answer).get("content", ()))

    operations = [o for path in definition["paths"].values() for o in path.values()]
    return {
        o["operationId"]: {int(status): types(answer) for status, answer in o["responses"].items()}
        for o in operations
        if "." not in o["operationId"]
    }


def test_every_outcome_of_every_operation_was_brought_about(
    answers: list[tuple[str, Request, Reply]], documented: dict[str, dict[int, set[str]]]
) -> None:
    seen: dict[str, set[int]] = {name: set() for name in documented}
    for name, _, reply in answers:
        seen[name].add(reply.status)
    told = {(name, status) for name, statuses in documented.items() for status in statuses}
    happened = {(name, status) for name, statuses in seen.items() for status in statuses}
    assert told - happened == set(NOT_HERE)
    assert happened - told == set()


def test_every_answer_has_a_media_type_that_the_definition_tells(
    answers: list[tuple[str, Request, Reply]], documented: dict[str, dict[int, set[str]]]
) -> None:
    for name, request, reply in answers:
        told, kind = documented[name][reply.status], reply.headers.get("content-type", "")
        plain = {type.partition(";")[0] for type in told}
        assert "*/*" in told or kind.partition(";")[0] in (plain or {""}), (request, kind)


def test_every_operation_has_its_schemas(documented: dict[str, dict[int, set[str]]]) -> None:
    assert {*SCHEMAS, *RUNS, "results", *OF_NO_STANDARD} == set(documented)


def test_every_answer_is_as_the_standards_have_it(
    answers: list[tuple[str, Request, Reply]], validate: Validate
) -> None:
    wrong, judged = [], 0
    for name, request, reply in answers:
        kind = reply.headers.get("content-type", "").partition(";")[0]
        if reply.status == 204 or reply.status == 304:
            assert not reply.body, request
            continue
        if reply.status >= 400:
            schemas: tuple[str, ...] = ("exception", "2.0-draft/common-core/exception")
        elif name in RUNS and reply.status == 201:
            schemas = SCHEMAS["job"]
        elif name in (*RUNS, "results"):
            schemas = RESULTS if kind == "application/json" and isinstance(reply.json, dict) else ()
        else:
            schemas = SCHEMAS.get(name, ())
            if '"created"' in reply.text and schemas and "job-management" not in schemas[0]:
                schemas = tuple(s.replace(CORE, "2.0-draft/processes-job-management") for s in schemas[1:])
        for schema in schemas:
            judged += 1
            try:
                validate(reply.json, schema)
            except AssertionError as error:
                wrong.append((request, reply.status, str(error)))
    assert wrong == []
    assert judged > 200
