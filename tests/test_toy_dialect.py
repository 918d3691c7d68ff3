"""The toy dialect as a codec; that it can be mounted is shown where a server runs."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime

import pytest

import toy_dialect
from azenha.domain import errors
from azenha.domain.job import Job, JobState, Lane
from azenha.domain.messages import (
    Accepted,
    Asked,
    Describe,
    Dismiss,
    Dismissed,
    Execute,
    GetResults,
    GetStatus,
    ListProcesses,
    Mode,
    OutputValue,
    Results,
    Status,
)
from azenha.domain.process import Format
from azenha.domain.values import Lexical, Literal, StoredFile
from azenha.protocols.http import Dialect, FileSlice, HttpRequest, Limits, Site
from toy_dialect import ToyDialect

TOY: Dialect = ToyDialect(Limits())
SITE = Site("http://server.example/toy")
NOW = datetime(2025, 1, 2, tzinfo=UTC)
JOB = Job("j1", "echo", JobState.RUNNING, Lane.BACKGROUND, NOW, NOW, progress=40)
GET = HttpRequest("GET", "/status/j1")


@pytest.mark.parametrize(
    ("method", "path", "body", "command"),
    [
        ("GET", "/list", b"", ListProcesses(limit=10_000)),
        ("HEAD", "/list", b"", ListProcesses(limit=10_000)),
        ("GET", "/describe/echo", b"", Describe("echo")),
        ("GET", "/status/j1", b"", GetStatus("j1")),
        ("GET", "/results/j1", b"", GetResults("j1")),
        ("POST", "/dismiss/j1", b"", Dismiss("j1")),
        ("POST", "/run/echo", b"", Execute("echo", {}, None, Mode.AUTO, Asked("toy", "1"))),
        (
            "POST",
            "/run/echo",
            b"text=ol%C3%A1+mundo&n=1&n=",
            Execute(
                "echo",
                {"text": (Lexical("olá mundo"),), "n": (Lexical("1"), Lexical(""))},
                None,
                Mode.AUTO,
                Asked("toy", "1"),
            ),
        ),
    ],
)
def test_a_request_becomes_a_command(method: str, path: str, body: bytes, command: object) -> None:
    assert TOY.read(HttpRequest(method, path, body=body)) == command


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("GET", "/nothing", b"", errors.NoSuchPath),
        ("GET", "/status/", b"", errors.NoSuchPath),
        ("GET", "/run/echo", b"", errors.MethodNotAllowed),
        ("POST", "/list", b"", errors.MethodNotAllowed),
        ("POST", "/run/echo", b"text", errors.Malformed),
        ("POST", "/run/echo", b"text=%FF", errors.Malformed),
        ("POST", "/run/echo", b"text=\xff", errors.Malformed),
    ],
)
def test_a_bad_request_is_refused(method: str, path: str, body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        TOY.read(HttpRequest(method, path, body=body))


def test_outcomes_are_lines() -> None:
    assert TOY.write(Status(JOB), GET, SITE).body == (b"job j1\nstate running\nprogress 40\n",)
    assert TOY.write(Dismissed(JOB, False), GET, SITE).body == (b"job j1\nstate running\nprogress 40\n",)
    accepted = TOY.write(Accepted(JOB), GET, SITE)
    assert (accepted.status, accepted.body) == (201, (b"job j1\nhttp://server.example/toy/status/j1\n",))


def test_results_are_lines_and_files() -> None:
    outputs = (
        OutputValue("n", (Literal(3),), False),
        OutputValue("f", (StoredFile("f/a.txt", "a.txt", 5, Format("text/plain")),), False),
    )
    reply = TOY.write(Results(JOB, outputs, Asked("toy", "1"), "/data/j1"), GET, SITE)
    assert reply.body == (b"n=", b"3", b"\n", b"f=", FileSlice("/data/j1/f/a.txt", 0, 5), b"\n")


def test_errors_have_their_status_and_words() -> None:
    reply = TOY.fault(errors.NoSuchJob("j9"), GET, SITE)
    assert (reply.status, reply.body) == (404, (b"error there is no job 'j9'\n",))
    assert TOY.fault(errors.AppError("oh"), GET, SITE).status == 500


def test_it_stays_about_a_hundred_lines() -> None:
    assert len(inspect.getsource(toy_dialect).splitlines()) <= 130
