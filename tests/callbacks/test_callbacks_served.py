"""A real server calls those who asked to be called, whatever is killed meanwhile."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from live_server import SHORT, LiveServer, Reply, marked, parts, until
from receiver import Receiver, receiving
from test_callback_sending import verified

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="survivors are looked for in /proc (Linux)")

Validate = Callable[[Mapping[str, Any], str], None]

PROCESSES = '''
import time
from pathlib import Path
from azenha import Context, File, process

@process(version="1.0.0")
def gated(gate: str, *, ctx: Context) -> str:
    """Tells its progress until the file is there."""
    percent = 0
    while not Path(gate).exists():
        percent = min(percent + 1, 99)
        ctx.progress(percent, "waiting")
        time.sleep(0.02)
    return "through"

@process(version="1.0.0")
def large(size: int, *, ctx: Context) -> File:
    path = ctx.workdir / "large.txt"
    path.write_bytes(b"x" * size)
    return File(path, "text/plain")
'''


@pytest.fixture(scope="module")
def hooks() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, hooks: Receiver) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("callbacks")
    (folder / "processes.py").write_text(PROCESSES)
    settings = SHORT | {
        "addresses": {"allow": [hooks.place]},
        "callbacks": {"delay": "100 ms", "progress": "100 ms", "timeout": "20 s"},
    }
    server = LiveServer(folder, [folder / "processes.py", "azenha.examples.basic"], settings)
    server.start()
    yield server
    server.end()


def submit(server: LiveServer, process: str, subscriber: Mapping[str, str], **inputs: Any) -> str:
    body = {"inputs": inputs, "subscriber": subscriber}
    reply = server.execute(process, body, {"Prefer": "respond-async"})
    assert reply.status == 201, reply.text
    return reply.headers["location"].rpartition("/")[2]


def everything(hooks: Receiver, name: str) -> dict[str, str]:
    return {
        "successUri": hooks.address(f"/{name}/ok"),
        "inProgressUri": hooks.address(f"/{name}/on"),
        "failedUri": hooks.address(f"/{name}/no"),
    }


def send(server: LiveServer, method: str, path: str, document: object = None) -> Reply:
    body = None if document is None else json.dumps(document).encode()
    return server.ask(method, path, body, {"Content-Type": "application/json"})


def told(server: LiveServer, job: str) -> dict[str, str]:
    return {one["occasion"]: one["state"] for one in server.job(job)["callbacks"]}


def test_success_is_called_with_the_results_signed(
    server: LiveServer, hooks: Receiver, validate: Validate
) -> None:
    job = submit(server, "echo", everything(hooks, "s"), text="héllo")
    (received,) = hooks.wait("/s/ok")
    secret = server.data / "callbacks.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert verified(secret.read_text(), received)
    found = json.loads(received.body)
    validate(found, "part1-1.0/results.yaml")
    assert found["text"] == "héllo"
    assert found == server.get(f"/jobs/{job}/results?f=json").json
    assert received.headers["link"] == f'<{server.url}/jobs/{job}>; rel="monitor"'
    until(lambda: told(server, job)["success"] == "delivered", 10, "it is recorded")
    assert told(server, job)["failed"] == "dropped"
    assert "CALLBACK success to http://127.0.0.1" in server.get(f"/jobs/{job}/log").text
    assert hooks.at("/s/no") == []


def test_failure_is_called_with_the_status(server: LiveServer, hooks: Receiver, validate: Validate) -> None:
    job = submit(server, "fail", everything(hooks, "f"), how="raise")
    (received,) = hooks.wait("/f/no")
    found = json.loads(received.body)
    validate(found, "part1-1.0/statusInfo.yaml")
    assert (found["jobID"], found["status"]) == (job, "failed")
    assert "asked to" in found["exception"]["detail"]
    assert hooks.at("/f/ok") == []


def test_a_dismissal_is_called_as_a_failure(server: LiveServer, hooks: Receiver, tmp_path: Path) -> None:
    job = submit(server, "gated", everything(hooks, "d"), gate=str(tmp_path / "gate"))
    hooks.wait("/d/on")
    assert server.ask("DELETE", f"/jobs/{job}").status == 200
    (received,) = hooks.wait("/d/no")
    assert json.loads(received.body)["status"] == "dismissed"


def test_progress_is_called_again_and_again(
    server: LiveServer, hooks: Receiver, tmp_path: Path, validate: Validate
) -> None:
    job = submit(server, "gated", everything(hooks, "p"), gate=str(tmp_path / "gate"))
    first, *_, last = (json.loads(one.body) for one in hooks.wait("/p/on", 3))
    for found in (first, last):
        validate(found, "part1-1.0/statusInfo.yaml")
        assert (found["jobID"], found["status"]) == (job, "running")
    assert first["progress"] < last["progress"]
    (tmp_path / "gate").touch()
    hooks.wait("/p/ok")


def test_a_synchronous_run_calls_too(server: LiveServer, hooks: Receiver) -> None:
    subscriber = everything(hooks, "sync")
    reply = server.execute("echo", {"inputs": {"text": "now"}, "subscriber": subscriber})
    assert reply.status == 200
    assert json.loads(hooks.wait("/sync/ok")[0].body)["text"] == "now"


def test_large_results_are_told_by_an_address_that_has_them(server: LiveServer, hooks: Receiver) -> None:
    submit(server, "large", everything(hooks, "l"), size=5_000_000)
    (received,) = hooks.wait("/l/ok")
    (output,) = json.loads(received.body).values()
    assert len(received.body) < 1000
    assert server.get(output["href"], {"Accept": "*/*"}).body == b"x" * 5_000_000


def test_a_created_job_keeps_whom_it_tells_through_change_and_start(
    server: LiveServer, hooks: Receiver
) -> None:
    body = {"process": "echo", "inputs": {"text": "a"}, "subscriber": everything(hooks, "wrong")}
    place = send(server, "POST", "/jobs", body).headers["location"]
    right = everything(hooks, "c")
    assert send(server, "PATCH", place, {"subscriber": right}).status == 200
    assert send(server, "PATCH", place, {"inputs": {"text": "b"}}).status == 200
    assert server.get(f"{place}/definition").json["subscriber"] == right
    assert send(server, "POST", f"{place}/results").status == 200
    assert json.loads(hooks.wait("/c/ok")[0].body)["text"] == "b"
    assert hooks.at("/wrong/ok") == []


@pytest.mark.parametrize("address", ["http://10.0.0.1/x", "http://127.0.0.1:1/x", "ftp://x.example/"])
@pytest.mark.parametrize("method", ["execute", "create", "change"])
def test_what_may_not_be_called_is_refused_at_once(server: LiveServer, address: str, method: str) -> None:
    body: dict[str, Any] = {"subscriber": {"failedUri": address}}
    match method:
        case "execute":
            reply = server.execute("echo", body | {"inputs": {"text": "a"}})
        case "create":
            reply = send(server, "POST", "/jobs", body | {"process": "echo", "inputs": {"text": "a"}})
        case _:
            job = send(server, "POST", "/jobs", {"process": "echo", "inputs": {"text": "a"}})
            reply = send(server, "PATCH", job.headers["location"], body)
    assert (reply.status, reply.json["locator"]) == (400, "subscriber.failedUri")


def test_a_name_that_is_not_public_is_found_out_when_it_is_called(server: LiveServer) -> None:
    job = submit(server, "echo", {"successUri": "http://localhost:1/x"}, text="a")
    until(lambda: told(server, job)["success"] == "refused", 20, "it is refused")


@pytest.mark.parametrize("part", ["worker", "web"])
def test_what_is_killed_while_it_tells_loses_nothing(server: LiveServer, hooks: Receiver, part: str) -> None:
    hooks.released.clear()
    job = submit(server, "echo", {"successUri": hooks.hangs(f"/killed/{part}")}, text="a")
    hooks.wait(f"/killed/{part}")
    server.kill(parts(server.mark)[part])
    if part == "worker":
        hooks.wait(f"/killed/{part}", 2)
    hooks.released.set()
    until(lambda: server._answers() and told(server, job)["success"] == "delivered", 30, "it is delivered")
    assert len({one.headers["webhook-id"] for one in hooks.at(f"/killed/{part}")}) == 1


def test_after_everything_was_killed_what_was_not_told_yet_is_told(
    server: LiveServer, hooks: Receiver
) -> None:
    hooks.released.clear()
    job = submit(server, "echo", {"successUri": hooks.hangs("/all")}, text="a")
    hooks.wait("/all")
    server.kill(sorted(marked(server.mark)))
    server.start()
    first, second = hooks.wait("/all", 2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    until(lambda: told(server, job)["success"] == "delivered", 20, "it is delivered")


def test_jobs_go_on_while_receivers_hang(server: LiveServer, hooks: Receiver) -> None:
    hooks.released.clear()
    for number in range(6):
        submit(server, "echo", {"successUri": hooks.hangs(f"/h{number}")}, text="a")
    assert server.execute("echo", text="at once").json == "at once"
    assert server.ended(server.submit("echo", text="later"))["status"] == "successful"
    hooks.released.set()
