"""Commands against a stub server: what is sent, what is printed, and with which exit code they end."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stub_server import Reply

from azenha.adapters.locks import FolderLock
from azenha.console import jobs as jobs_module
from azenha.console.client import Client, Unreachable
from azenha.console.exits import FAILED, INTERRUPTED, NOT_FOUND, OK, UNREACHABLE, USAGE

NDVI = {
    "id": "ndvi",
    "version": "1.0.0",
    "title": "NDVI of a scene",
    "description": "Index of vegetation.",
    "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
    "outputTransmission": ["value", "reference"],
    "inputs": {
        "scene": {
            "title": "Scene",
            "description": "Reflectances",
            "schema": {"type": "string", "contentMediaType": "image/tiff"},
        },
        "red": {"minOccurs": 0, "schema": {"type": "integer", "minimum": 1, "maximum": 64, "default": 3}},
        "size": {
            "minOccurs": 0,
            "schema": {"type": "number"},
            "additionalParameters": {
                "parameters": [{"name": "uom", "value": ["m", "km"]}, {"name": "default", "value": [1]}]
            },
        },
        "names": {"minOccurs": 0, "maxOccurs": "unbounded", "schema": {"type": "string", "enum": ["a", "b"]}},
    },
    "outputs": {
        "index": {"schema": {"type": "string", "contentMediaType": "image/tiff"}},
        "mean": {"schema": {"type": "number"}},
    },
}
JOB = {"jobID": "j1", "type": "process", "processID": "ndvi", "created": "2025-01-01T00:00:00Z"}


def job(status: str, **more: object) -> dict[str, object]:
    return {**JOB, "status": status, **more}


@pytest.fixture
def server(stub):
    """A stub with the process ndvi and one job of it, which succeeds at the third look."""
    stub.on("GET /processes/ndvi", NDVI)
    stub.on("POST /processes/ndvi/execution", Reply(job("accepted"), 201, {"location": "/jobs/j1"}))
    stub.on(
        "GET /jobs/j1",
        job("accepted", progress=0),
        job("running", progress=40, message="block 4 of 10"),
        job("successful", progress=100),
    )
    stub.on("GET /jobs/j1/results", {"index": {"href": "/files/i.tif", "type": "image/tiff"}, "mean": 0.25})
    stub.on("GET /files/i.tif", Reply(b"II*\0", headers={"content-type": "image/tiff"}))
    stub.on("DELETE /jobs/j1", job("dismissed"))
    return stub


# -- reading ---------------------------------------------------------------------------------------


def test_processes_are_listed_over_all_pages(stub, azenha):
    more = {"rel": "next", "href": "/processes?limit=1000&after=b"}
    stub.on(
        "GET /processes?limit=1000",
        {"processes": [{"id": "b", "version": "1", "title": "Bee"}], "links": [more]},
    )
    stub.on("GET /processes?limit=1000&after=b", {"processes": [{"id": "a", "version": "2"}], "links": []})
    ran = azenha("processes", "--url", stub.url)
    assert (ran.code, ran.out.split()) == (OK, ["process", "version", "title", "a", "2", "b", "1", "Bee"])
    listed = azenha("processes", "--json", "--url", stub.url + "/").json
    assert [p["id"] for p in listed["processes"]] == ["b", "a"]


def test_a_page_that_names_itself_as_the_next_ends_the_list(stub, azenha):
    again = {"rel": "next", "href": stub.url + "/processes?limit=1000"}
    stub.on("GET /processes?limit=1000", {"processes": [{"id": "a", "version": "1"}], "links": [again]})
    assert azenha("processes", "--url", stub.url).code == OK
    assert len(stub.asked) == 2


def test_a_process_is_described_with_what_each_input_takes(server, azenha):
    out = azenha("describe", "ndvi", "--url", server.url).out
    rows = {line.split()[0]: " ".join(line.split()) for line in out.splitlines() if line.strip()}
    assert rows["scene"] == "scene image/tiff 1 Reflectances"
    assert rows["red"] == "red integer 1..64 0..1 3"
    assert rows["size"] == "size number in m or km 0..1 [1]"
    assert rows["names"] == "names list of a, b 0..any"
    assert rows["mean"] == "mean number"
    assert out.splitlines()[-1] == "azenha run ndvi -i scene=... --wait"
    assert azenha("describe", "ndvi", "--json", "--url", server.url).json == NDVI


def test_jobs_are_listed_with_filters_and_a_limit(stub, azenha):
    stub.on(
        "GET /jobs?limit=2&status=running&status=failed&processID=ndvi",
        {"jobs": [job("running", progress=5, message="a\x1b[31m\nb"), job("failed")], "links": []},
    )
    ran = azenha(
        "jobs", "--limit=2", "--status=running", "--status=failed", "--process=ndvi", "--url", stub.url
    )
    assert ran.out.splitlines()[1].split() == [
        "j1",
        "ndvi",
        "running",
        "5",
        "%",
        JOB["created"],
        "a\N{REPLACEMENT CHARACTER}[31m",
        "b",
    ]
    assert len(ran.out.splitlines()) == 3


def test_jobs_beyond_the_limit_are_not_asked_for(stub, azenha):
    stub.on("GET /jobs?limit=1", {"jobs": [job("running")], "links": [{"rel": "next", "href": "/jobs?x"}]})
    assert len(azenha("jobs", "--limit", "1", "--json", "--url", stub.url).json["jobs"]) == 1
    assert len(stub.asked) == 1


# -- run -------------------------------------------------------------------------------------------


def test_without_wait_the_job_id_alone_is_printed(server, azenha):
    ran = azenha(
        "run", "ndvi", "-i", "scene=http://a/s.tif", "-i", "red=4", "-i", "names=a", "--url", server.url
    )
    assert (ran.code, ran.out) == (OK, "j1\n")
    assert ran.err == f"accepted: {server.url}/jobs/j1\n"
    (post,) = server.was_asked("POST")
    assert post.headers["prefer"] == "respond-async"
    assert post.headers["content-type"] == "application/json"
    assert post.json == {
        "inputs": {"scene": {"href": "http://a/s.tif"}, "red": 4, "names": ["a"]},
        "outputs": {"index": {"transmissionMode": "reference"}, "mean": {}},
        "response": "document",
    }


def test_with_wait_progress_is_told_line_by_line_and_results_are_printed(server, azenha):
    ran = azenha("run", "ndvi", "--wait", "--url", server.url)
    assert (ran.code, ran.out) == (OK, "index: /files/i.tif (image/tiff)\nmean: 0.25\n")
    assert ran.err.splitlines() == [
        f"job j1: {server.url}/jobs/j1",
        "ndvi: 0 % accepted",
        "ndvi: 40 % block 4 of 10",
        "ndvi: 100 % successful",
    ]


def test_with_json_standard_output_is_the_results_document(server, azenha):
    ran = azenha("run", "ndvi", "--wait", "--json", "--url", server.url)
    assert ran.json["mean"] == 0.25
    assert azenha("run", "ndvi", "--json", "--url", server.url).json == job("accepted")


def test_outputs_are_saved_in_a_folder_and_one_in_a_file_of_its_own(server, azenha, tmp_path):
    ran = azenha("run", "ndvi", "--url", server.url, "-o", str(tmp_path / "new"), "-o", "mean=m.txt")
    assert ran.code == OK
    assert (tmp_path / "new/index.tif").read_bytes() == b"II*\0"
    assert Path("m.txt").read_text() == "0.25\n"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["index.tif"]
    assert ran.out.splitlines() == [f"index: {tmp_path / 'new/index.tif'}", "mean: m.txt"]
    assert ran.err.startswith("waiting for the job\n")


def test_results_that_come_inline_are_saved_as_what_they_are(server, azenha, tmp_path):
    server.on("GET /jobs/j2", {**job("successful"), "jobID": "j2", "processID": "other"})
    server.on(
        "GET /jobs/j2/results",
        {
            "../../evil": {
                "value": base64.b64encode(b"\x89PNG").decode(),
                "mediaType": "image/png",
                "encoding": "base64",
            },
            "zones": {"value": {"type": "FeatureCollection"}, "mediaType": "application/geo+json"},
            "table": {"value": "a,b\n", "mediaType": "text/csv"},
            "box": {"bbox": [1, 2, 3, 4]},
            "words": ["a", "b"],
            "files": [
                {"href": "/files/i.tif", "type": "image/tiff"},
                {"value": "x", "mediaType": "text/plain"},
            ],
            "text": "olá",
        },
    )
    assert azenha("results", "j2", "-o", str(tmp_path / "d"), "--url", server.url).code == OK
    got = {p.name: p.read_bytes() for p in (tmp_path / "d").iterdir()}
    names = "_.._evil.png box.json files-1.tif files-2.txt table.csv text.txt words.json zones.json"
    assert sorted(got) == names.split()
    assert got["_.._evil.png"] == b"\x89PNG"
    assert json.loads(got["zones.json"]) == {"type": "FeatureCollection"}
    assert got["table.csv"] == b"a,b\n"
    assert got["text.txt"] == "olá\n".encode()
    assert not (tmp_path / "evil.png").exists()


def test_a_process_that_only_runs_synchronously_is_waited_for(stub, azenha, tmp_path):
    stub.on("GET /processes/p", {"id": "p", "jobControlOptions": ["sync-execute"], "outputs": {"o": {}}})
    stub.on("POST /processes/p/execution", Reply(b"plain", headers={"content-type": "text/plain"}))
    ran = azenha("run", "p", "--url", stub.url)
    assert (ran.code, ran.out) == (OK, "o: plain\n")
    assert "prefer" not in stub.was_asked("POST")[0].headers
    stub.on("POST /processes/p/execution", Reply({"o": 1.50}))
    assert azenha("run", "p", "--url", stub.url).out == "o: 1.5\n"
    stub.on("POST /processes/p/execution", Reply(status=204))
    assert azenha("run", "p", "--url", stub.url).out == ""


@pytest.mark.parametrize("content", [b"caf\xe9", b"caf\xc3\xa9"])
def test_text_in_another_encoding_is_saved_as_it_is(stub, azenha, tmp_path, content):
    told = {"content-type": "text/plain; charset=iso-8859-1"}
    stub.on("GET /processes/p", {"id": "p", "jobControlOptions": ["sync-execute"], "outputs": {"o": {}}})
    stub.on("POST /processes/p/execution", Reply(content, headers=told))
    ran = azenha("run", "p", "--url", stub.url, "--output", str(tmp_path))
    assert ran.code == OK
    (saved,) = tmp_path.glob("o.*")
    assert saved.read_bytes() == content
    assert "bytes of text/plain" in azenha("run", "p", "--url", stub.url).out


def test_a_long_value_is_counted_rather_than_printed(stub, azenha):
    stub.on("GET /processes/p", {"id": "p", "jobControlOptions": ["sync-execute"], "outputs": {"o": {}}})
    stub.on("POST /processes/p/execution", Reply({"o": list(range(5000))}))
    assert "characters of JSON; --output saves them" in azenha("run", "p", "--url", stub.url).out


def test_a_failed_job_ends_with_one_and_the_servers_reason(server, azenha):
    server.on("GET /jobs/j1", job("failed", message="boom"))
    server.on(
        "GET /jobs/j1/results", Reply({"title": "The process failed", "detail": "boom (reference r7)"}, 500)
    )
    ran = azenha("run", "ndvi", "--wait", "--url", server.url)
    assert ran.code == FAILED
    assert ran.err.splitlines()[-2:] == ["azenha: job j1 failed", "  The process failed: boom (reference r7)"]
    assert azenha("results", "j1", "--url", server.url).code == FAILED


def test_a_job_that_somebody_dismissed_ends_with_one(server, azenha):
    server.on("GET /jobs/j1", job("dismissed"))
    ran = azenha("run", "ndvi", "--wait", "--url", server.url)
    assert (ran.code, ran.err.splitlines()[-1]) == (FAILED, "azenha: job j1 was dismissed")


def test_a_synchronous_run_that_fails_ends_with_one(stub, azenha):
    stub.on("GET /processes/p", {"id": "p", "jobControlOptions": ["sync-execute"]})
    stub.on("POST /processes/p/execution", Reply({"title": "failed"}, 500))
    assert azenha("run", "p", "--url", stub.url).code == FAILED


def test_a_server_that_drops_a_connection_is_asked_again_while_a_job_is_followed(server, azenha):
    server.on("GET /jobs/j1", Reply(drop=True), Reply(drop=True), job("successful"))
    assert azenha("run", "ndvi", "--wait", "--url", server.url).code == OK


def test_a_server_that_stays_away_is_given_up(server):
    server.on("GET /jobs/j1", job("running"), Reply(drop=True))
    with Client(server.url) as client, pytest.raises(Unreachable):
        client.follow(client.job("j1"), patience=0.1)


def test_ctrl_c_dismisses_the_job_and_says_so(server, azenha, monkeypatch):
    server.on("GET /jobs/j1", job("running"))

    def interrupted(self, job, seen):
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "follow", interrupted)
    ran = azenha("run", "ndvi", "--wait", "--url", server.url)
    assert ran.code == INTERRUPTED
    assert "job j1 was dismissed" in ran.err
    assert len(server.was_asked("DELETE")) == 1


def test_ctrl_c_leaves_a_job_that_has_ended_and_its_results(server, azenha, monkeypatch):
    server.on("GET /jobs/j1", job("successful"))

    def interrupted(self, job, seen):
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "follow", interrupted)
    ran = azenha("run", "ndvi", "--wait", "--url", server.url)
    assert ran.code == INTERRUPTED
    assert "had ended already" in ran.err
    assert server.was_asked("DELETE") == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a single child on Windows")
def test_a_real_ctrl_c_ends_the_command_with_130(server, tmp_path):
    server.on("GET /jobs/j1", job("running"))
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AZENHA_")}
    child = subprocess.Popen(
        [sys.executable, "-m", "azenha", "run", "ndvi", "--wait", "--url", server.url],
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
        cwd=tmp_path,
    )
    assert child.stderr is not None
    with child.stderr as printed:
        while "running" not in printed.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        rest = printed.read()
    assert child.wait(10) == INTERRUPTED
    assert "job j1 was dismissed" in rest
    assert "Traceback" not in rest


# -- logs and cancel -------------------------------------------------------------------------------


def test_a_log_is_printed_as_far_as_its_lines_are_whole(stub, azenha):
    stub.on("GET /jobs/j1", job("running"))
    stub.on("GET /jobs/j1/log?offset=0", Reply(b"one\ntw", headers={"content-type": "text/plain"}))
    ran = azenha("logs", "j1", "--url", stub.url)
    assert (ran.code, ran.out) == (OK, "one\n")


def test_a_log_is_followed_until_the_job_ended_and_its_last_line_is_printed(stub, azenha, monkeypatch):
    monkeypatch.setattr(jobs_module, "PAUSE", 0)
    stub.on("GET /jobs/j1", job("running"), job("running"), job("successful"))
    stub.on("GET /jobs/j1/log?offset=0", Reply(b"one\ntw"))
    stub.on("GET /jobs/j1/log?offset=4", Reply(b"two\n"))
    stub.on("GET /jobs/j1/log?offset=8", Reply(b"thr\xc3\xaae"))
    assert azenha("logs", "-f", "j1", "--url", stub.url).out == "one\ntwo\nthrêe"


def test_cancel_dismisses_a_job_that_runs(server, azenha):
    server.on("GET /jobs/j1", job("running"))
    ran = azenha("cancel", "j1", "--json", "--url", server.url)
    assert (ran.code, ran.err, ran.json["status"]) == (OK, "job j1 was dismissed\n", "dismissed")


def test_cancel_keeps_the_results_of_a_job_that_ended_unless_told_to_remove_them(server, azenha):
    server.on("GET /jobs/j1", job("successful"))
    ran = azenha("cancel", "j1", "--url", server.url)
    assert (ran.code, server.was_asked("DELETE")) == (OK, [])
    assert "--remove" in ran.err
    assert azenha("cancel", "j1", "--remove", "--url", server.url).err == "job j1 was removed\n"
    assert len(server.was_asked("DELETE")) == 1


def test_pause_and_resume_say_what_the_job_does_now(server, azenha):
    server.on("GET /jobs/j1", job("running"))
    for status, paused, resumed in (
        ("running", "is paused", "runs"),
        ("accepted", "is held in the queue", "waits in the queue"),
    ):
        server.on("POST /jobs/j1/pause", job(status))
        server.on("POST /jobs/j1/resume", job(status))
        assert azenha("pause", "j1", "--url", server.url).err == f"job j1 {paused}\n"
        ran = azenha("resume", "j1", "--json", "--url", server.url)
        assert (ran.code, ran.err, ran.json["status"]) == (OK, f"job j1 {resumed}\n", status)


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("describe", "nvdi"),
            NOT_FOUND,
            "no such process: there is no process 'nvdi'; did you mean 'ndvi'?",
        ),
        (("logs", "j9"), NOT_FOUND, "no such job: there is no job 'j9'"),
        (("results", "j9"), NOT_FOUND, "no such job"),
        (("cancel", "j9"), NOT_FOUND, "no such job"),
        (("run", "nvdi"), NOT_FOUND, "no such process"),
        (("run", "ndvi", "-i", "rde=4"), USAGE, "the process has no input 'rde'; did you mean 'red'?"),
        (("run", "ndvi", "-i", "red=4.5"), USAGE, "input 'red': given '4.5'; allowed: a whole number"),
        (("run", "ndvi", "-o", "indx=a.tif"), USAGE, "there is no output 'indx'; there is index, mean"),
        (("run", "ndvi", "-o", "index="), USAGE, "write it as index=path"),
        (("run", "ndvi", "-o", "a", "-o", "b"), USAGE, "one folder is enough, a was named before"),
        (("results", "j3"), USAGE, "job j3 has no results yet: it is running"),
        (("jobs", "--limit", "0"), USAGE, "given '0'; allowed: a whole number from 1"),
        (("jobs", "--status", "done"), USAGE, "invalid choice: 'done'"),
        (("frobnicate",), USAGE, "invalid choice: 'frobnicate'"),
        (("run", "ndvi", "--wai"), USAGE, "unrecognized arguments: --wai"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_and_exit_code(server, azenha, arguments, code, words):
    near = {"title": "no such process", "detail": "there is no process 'nvdi'; did you mean 'ndvi'?"}
    server.on("GET /processes/nvdi", Reply(near, 404))
    server.on("GET /jobs/j9", Reply({"title": "no such job", "detail": "there is no job 'j9'"}, 404))
    server.on("GET /jobs/j3", {**job("running"), "jobID": "j3"})
    ran = azenha(*arguments, "--url", server.url)
    assert ran.code == code
    assert words in ran.err
    assert ran.out == ""
    assert server.was_asked("POST") == []


@pytest.mark.parametrize(
    ("reply", "code", "lines"),
    [
        (
            Reply({"title": "invalid", "errors": [{"locator": "red", "message": "input 'red': bad"}]}, 400),
            USAGE,
            ["azenha: invalid", "  input 'red': bad"],
        ),
        (
            Reply(
                {
                    "title": "invalid",
                    "errors": [
                        {"locator": "red[1]", "subject": "input", "message": "is GML"},
                        {"locator": "index", "subject": "output", "message": "is asked for twice"},
                        {"detail": "something else"},
                    ],
                },
                400,
            ),
            USAGE,
            [
                "azenha: invalid",
                "  input 'red[1]': is GML",
                "  output 'index': is asked for twice",
                "  something else",
            ],
        ),
        (Reply({"title": "full", "detail": "try again"}, 503), UNREACHABLE, ["azenha: full: try again"]),
        (Reply({"code": "X", "description": "old style"}, 400), USAGE, ["azenha: old style"]),
        (
            Reply(b"<html>", 502),
            UNREACHABLE,
            ["azenha: POST {}/processes/ndvi/execution was answered with 502 Bad Gateway"],
        ),
        (Reply({"title": "\x1b[2Jcleared"}, 400), USAGE, ["azenha: \N{REPLACEMENT CHARACTER}[2Jcleared"]),
    ],
)
def test_a_refusal_is_told_in_the_servers_own_words(server, azenha, reply, code, lines):
    server.on("POST /processes/ndvi/execution", reply)
    ran = azenha("run", "ndvi", "--url", server.url)
    assert ran.code == code
    assert ran.err.splitlines() == [line.format(server.url) for line in lines]


@pytest.mark.parametrize("command", ["processes", "jobs"])
def test_a_server_that_is_not_there_ends_with_four(azenha, command):
    ran = azenha(command, "--url", "http://127.0.0.1:1")
    assert ran.code == UNREACHABLE
    assert ran.err.startswith("azenha: the server at http://127.0.0.1:1 cannot be reached: ")
    assert len(ran.err.splitlines()) == 1


def test_something_else_that_answers_ends_with_four(stub, azenha):
    stub.on("GET /processes?limit=1000", Reply(b"<html>hello", headers={"content-type": "text/html"}))
    ran = azenha("processes", "--url", stub.url)
    assert (ran.code, "is no OGC API - Processes" in ran.err) == (UNREACHABLE, True)


@pytest.mark.parametrize("url", ["ftp://a", "127.0.0.1:8080", "http://", "http://a/?x=1"])
def test_an_address_that_is_none_is_refused(azenha, url):
    ran = azenha("processes", "--url", url)
    assert (ran.code, f"'{url}' is no address of a server" in ran.err) == (USAGE, True)


def test_a_target_that_cannot_be_written_is_said_and_leaves_no_half_file(server, azenha, tmp_path):
    (tmp_path / "file").write_text("")
    ran = azenha("run", "ndvi", "-o", str(tmp_path / "file/sub"), "--url", server.url)
    assert (ran.code, "cannot be written" in ran.err) == (USAGE, True)
    server.on("GET /files/i.tif", Reply({"title": "gone"}, 410))
    assert azenha("run", "ndvi", "-o", str(tmp_path / "d"), "--url", server.url).code == NOT_FOUND
    assert list((tmp_path / "d").iterdir()) == []


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(stub, tmp_path):
    many = [{"id": f"p{n}", "version": "1", "title": "t" * 200} for n in range(2000)]
    stub.on("GET /processes?limit=1000", {"processes": many})
    child = subprocess.Popen(
        [sys.executable, "-m", "azenha", "processes", "--url", stub.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    with child.stderr as printed:
        assert printed.read() == b""
    child.wait(10)


# -- local -----------------------------------------------------------------------------------------


def test_a_folder_of_a_server_that_does_not_answer_is_told_in_words(azenha, tmp_path):
    (tmp_path / "data" / "run").mkdir(parents=True)
    lock = FolderLock(tmp_path / "data" / "run" / "server.lock")
    ran = azenha("processes", "--data", "data")
    lock.release()
    assert ran.code == UNREACHABLE
    assert "no server runs on data, and none could be started" in ran.err
    assert "Traceback" not in ran.err


def test_without_a_running_server_a_run_is_waited_for(server, azenha, bootstrap):
    bootstrap.local_at(server.url)
    ran = azenha("run", "ndvi", "--data", "d")
    assert ran.out.endswith("mean: 0.25\n")
    assert "no server runs on the data folder" in ran.err
    assert bootstrap.settings.data == Path("d")


@pytest.mark.parametrize(
    "content", [None, "{", "[]", '{"url": 3}', '{"url": "http://127.0.0.1:1", "pid": 1}']
)
def test_a_record_of_another_server_does_not_count_as_running(server, azenha, bootstrap, tmp_path, content):
    (tmp_path / "d").mkdir()
    if content is not None:
        (tmp_path / "d/server.json").write_text(content)
    bootstrap.local_at(server.url)
    assert "no server runs" in azenha("run", "ndvi", "--data", "d").err


def test_a_server_that_runs_on_the_data_folder_takes_the_job_and_goes_on(server, azenha, bootstrap, tmp_path):
    (tmp_path / "azenha-data").mkdir()
    (tmp_path / "azenha-data/server.json").write_text(json.dumps({"url": server.url, "pid": 1}))
    bootstrap.local_at(server.url)
    assert azenha("run", "ndvi").out == "j1\n"


def test_the_settings_file_of_the_working_directory_is_read_by_default(server, azenha, bootstrap, tmp_path):
    Path("azenha.toml").write_text("data = 'from-file'\n")
    bootstrap.local_at(server.url)
    server.on("GET /jobs?limit=20", {"jobs": []})
    assert azenha("jobs").code == OK
    assert bootstrap.settings.data == Path("from-file")
    Path("azenha.toml").write_text("[server]\nprot = 1\n")
    ran = azenha("jobs")
    assert (ran.code, "did you mean 'server.port'?" in ran.err) == (USAGE, True)
    assert azenha("jobs", "--url", server.url).code == OK


def test_a_data_folder_that_cannot_be_used_is_told_without_a_traceback(tmp_path):
    (tmp_path / "a file").touch()
    command = [sys.executable, "-m", "azenha", "jobs", "--data", str(tmp_path / "a file" / "data")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == UNREACHABLE
    assert "cannot be used: " in ran.stderr
    assert "azenha: no server runs on " in ran.stderr
    assert "Traceback" not in ran.stderr


# -- the terminal ----------------------------------------------------------------------------------


def test_on_a_terminal_progress_is_a_bar(server, azenha, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    ran = azenha("run", "ndvi", "--wait", "--url", server.url)
    assert ran.code == OK
    assert "100%" in ran.err
    assert "ndvi: 40 %" not in ran.err


def test_help_and_version_import_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom azenha.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'httpx', 'rich', 'alembic', 'starlette', 'uvicorn', 'jinja2', 'asyncio'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert out.stdout.splitlines()[-1] == "HEAVY []"
    assert out.stderr == ""


def test_a_proxy_of_the_environment_is_not_asked_for_this_machines_own_server(stub, azenha, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    stub.on("GET /processes?limit=1000", {"processes": []})
    assert azenha("processes", "--url", stub.url).code == OK
