"""serve, demo, check, and who has a port."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from stub_server import Reply

from azenha.cli import parser
from azenha.console.exits import FAILED, NOT_FOUND, OK, UNREACHABLE, USAGE, Stop
from azenha.console.ports import free_port, holder_of
from azenha.domain.process import Catalogue, Offering, ProcessDescription, Text, Unavailable
from azenha.loading import RULES

DOCS = Path(__file__).parents[2] / "docs/reference/cli.md"


@pytest.fixture
def taken():
    """A port on which this test listens."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_a_free_port_is_taken_as_it_is():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert free_port("127.0.0.1", port) == (port, None)
    assert free_port("127.0.0.1", 0) == (0, None)


def test_a_taken_port_gives_the_next_one_and_says_who_has_it(taken):
    port, holder = free_port("127.0.0.1", taken)
    assert taken < port <= taken + 100
    assert holder is not None
    if sys.platform == "linux":
        assert re.fullmatch(rf"pid {os.getpid()} \(.+\)", holder)


def test_where_it_cannot_be_known_who_has_a_port_it_is_another_program(tmp_path, taken):
    assert holder_of(taken, tmp_path / "no-proc") == "another program"


def test_the_holder_is_found_by_its_socket(tmp_path):
    (tmp_path / "net").mkdir()
    head = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    )
    row = "   {}: {}:{:04X} 00000000:0000 {} 00000000:00000000 00:00000000 00000000  1000 0 {} 1 0 100 0\n"
    rows = [
        row.format(0, "0100007F", 8080, "01", 11),
        row.format(1, "0100007F", 8081, "0A", 12),
    ]
    six = [row.format(0, "0" * 32, 8080, "0A", 13)]
    (tmp_path / "net/tcp").write_text(head + "".join(rows))
    (tmp_path / "net/tcp6").write_text(head + "".join(six))
    for pid, inode in ((5, 11), (30, 13), (7, 13)):
        (tmp_path / str(pid) / "fd").mkdir(parents=True)
        os.symlink(f"socket:[{inode}]", tmp_path / str(pid) / "fd/3")
        (tmp_path / str(pid) / "comm").write_text(f"name{pid}\n")
    assert holder_of(8080, tmp_path) == "pid 7 (name7)"
    assert holder_of(8081, tmp_path) == "another program"
    assert holder_of(9, tmp_path) == "another program"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused(host):
    with pytest.raises(Stop) as caught:
        free_port(host, 8080)
    assert caught.value.code == USAGE
    assert host in caught.value.lines[0]


# -- serve -----------------------------------------------------------------------------------------


@pytest.fixture
def served(bootstrap):
    """Settings of every server that was started; each calls `ready` and ends at once."""
    started = []

    def serve(settings, ready=None):
        started.append(settings)
        if ready is not None:
            ready(bootstrap.url)
        return 0

    bootstrap.serve = serve
    bootstrap.url = "http://127.0.0.1:8080"
    return started


def test_serve_takes_targets_and_options(azenha, served):
    ran = azenha("serve", "a.py", "b", "--port", "0", "--data", "d", "--slots", "3", "--host", "::1")
    assert ran.code == OK
    (s,) = served
    assert (s.targets, s.server.port, s.data, s.queue.slots, s.server.host) == (
        ("a.py", "b"),
        0,
        Path("d"),
        3,
        "::1",
    )
    assert ran.err == "azenha serves at http://127.0.0.1:8080 (Ctrl-C ends it)\n"


def test_serve_on_a_taken_port_says_by_whom_and_takes_the_next(azenha, served, taken):
    ran = azenha("serve", "--port", str(taken))
    assert served[0].server.port > taken
    assert f"port {taken} is taken by " in ran.err
    assert f"; taking {served[0].server.port}" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "together with --public"),
        (("--host", "localhost.example"), "together with --public"),
        (
            ("--port", "http"),
            "setting 'server.port' (command line): given 'http'; allowed: a whole number from 0",
        ),
        (("--slots", "0"), "setting 'queue.slots' (command line): given '0'; allowed: a whole number from 1"),
        (("--config", "absent.toml"), "absent.toml cannot be read"),
    ],
)
def test_serve_refuses_bad_settings_before_anything_starts(azenha, served, arguments, words):
    ran = azenha("serve", *arguments)
    assert (ran.code, served) == (USAGE, [])
    assert words in ran.err


def test_serve_on_any_address_needs_public(azenha, served):
    assert azenha("serve", "--host", "0.0.0.0", "--public", "--port", "0").code == OK
    assert served[0].server.host == "0.0.0.0"


@pytest.mark.parametrize("command", ["worker", "web"])
def test_the_supervisors_parts_get_their_arguments_as_they_are(azenha, bootstrap, command):
    given = []
    bootstrap.main = lambda arguments: given.append(arguments) or 7
    assert azenha(command, "--help", "x").code == 7
    assert given == [["--help", "x"]]


# -- demo ------------------------------------------------------------------------------------------

TERRAIN = {
    "id": "terrain",
    "outputTransmission": ["value", "reference"],
    "inputs": {"dem": {"minOccurs": 0, "schema": {"type": "string", "contentMediaType": "image/tiff"}}},
    "outputs": {
        "slope": {"schema": {"type": "string", "contentMediaType": "image/tiff"}},
        "picture": {"schema": {"type": "string", "contentMediaType": "image/png"}},
    },
}


def succeeds(stub, process: dict[str, object], results: dict[str, object]) -> None:
    id = process["id"]
    stub.on(f"GET /processes/{id}", process)
    stub.on(
        f"POST /processes/{id}/execution",
        Reply({"jobID": "j1", "status": "accepted"}, 201, {"location": f"{stub.url}/jobs/j1"}),
    )
    stub.on("GET /jobs/j1", {"jobID": "j1", "status": "successful", "processID": id})
    stub.on("GET /jobs/j1/results", results)


def test_the_demo_runs_the_main_example_saves_it_and_says_what_to_try_next(stub, azenha, bootstrap, served):
    bootstrap.url = stub.url
    href = f"{stub.url}/jobs/j1/results/"
    succeeds(
        stub,
        TERRAIN,
        {
            "slope": {"href": href + "slope", "type": "image/tiff"},
            "picture": {"href": href + "picture", "type": "image/png"},
        },
    )
    stub.on("GET /jobs/j1/results/slope", Reply(b"II*\0"))
    stub.on("GET /jobs/j1/results/picture", Reply(b"\x89PNG"))
    ran = azenha("demo", "--port", "0")
    assert ran.code == OK
    assert served[0].targets == ()
    assert stub.was_asked("POST")[0].json["inputs"] == {}
    assert {p.name for p in Path("azenha-data/demo").iterdir()} == {"slope.tif", "picture.png"}
    assert f"slope: {href}slope (image/tiff)" in ran.err
    assert sum("curl" in line for line in ran.err.splitlines()) == 4
    assert f"{stub.url}/wps?service=WPS&request=GetCapabilities" in ran.err
    assert ran.err.splitlines()[-1] == f"serving at {stub.url} until Ctrl-C"


def test_the_demo_without_the_extra_says_so_and_runs_the_slow_example(stub, azenha, bootstrap, served):
    bootstrap.url = stub.url
    succeeds(
        stub, {"id": "slow", "outputs": {"result": {"schema": {"type": "string"}}}}, {"result": "20 steps"}
    )
    ran = azenha("demo", "--port", "0")
    assert 'pip install "azenha[examples]"' in ran.err
    assert stub.was_asked("POST")[0].json["inputs"] == {"seconds": 5, "steps": 20}
    assert "result: 20 steps" in ran.err
    assert Path("azenha-data/demo/result.txt").read_text() == "20 steps\n"


def test_a_demo_whose_example_fails_says_why_and_goes_on_serving(stub, azenha, bootstrap, served):
    bootstrap.url = stub.url
    succeeds(stub, TERRAIN, {})
    stub.on("GET /jobs/j1", {"jobID": "j1", "status": "failed"})
    stub.on("GET /jobs/j1/results", Reply({"title": "out of memory"}, 500))
    ran = azenha("demo", "--port", "0")
    assert ran.code == OK
    assert "  out of memory" in ran.err.splitlines()
    assert ran.err.splitlines()[-1] == f"serving at {stub.url} until Ctrl-C"


# -- check -----------------------------------------------------------------------------------------

ECHO = Offering(ProcessDescription("echo", "1.0.0", Text("Echo")), "azenha.examples.basic")


def catalogue(*unavailable: str) -> Catalogue:
    return Catalogue({"echo": ECHO}, tuple(Unavailable(source, "does not import") for source in unavailable))


def test_check_shows_every_setting_with_its_source_and_every_process(azenha, bootstrap, monkeypatch):
    bootstrap.discover = lambda settings: catalogue()
    monkeypatch.setenv("AZENHA_JOBS__TIME", "90 min")
    Path("azenha.toml").write_text("[server]\nport = 1\n")
    ran = azenha("check", "--data", "d")
    assert ran.code == OK
    rows = [line.split() for line in ran.out.splitlines()]
    for row in (
        ["jobs.time", "90", "min", "AZENHA_JOBS__TIME"],
        ["server.port", "1", "azenha.toml"],
        ["data", "d", "command", "line"],
        ["jobs.memory", "2", "GiB", "default"],
        ["echo", "1.0.0", "azenha.examples.basic"],
    ):
        assert row in rows
    shown = azenha("check", "--json").json
    assert shown["settings"].keys() == RULES.keys()
    assert shown["settings"]["server.port"] == {"value": "1", "from": "azenha.toml"}
    assert shown["processes"] == [{"id": "echo", "version": "1.0.0", "source": "azenha.examples.basic"}]


@pytest.mark.parametrize(
    ("targets", "unavailable", "code"),
    [
        ((), (), OK),
        ((), ("azenha.examples.raster",), OK),
        ((), ("some.entry.point",), FAILED),
        (("a.py",), ("a.py",), FAILED),
        (("azenha.examples.raster",), ("azenha.examples.raster",), FAILED),
    ],
)
def test_check_fails_if_something_that_was_asked_for_cannot_be_served(
    azenha, bootstrap, targets, unavailable, code
):
    bootstrap.discover = lambda settings: catalogue(*unavailable)
    ran = azenha("check", *targets)
    assert ran.code == code
    rows = [line.split() for line in ran.out.splitlines()]
    assert all([source, "does", "not", "import"] in rows for source in unavailable)


def test_check_reports_every_problem_of_the_settings(azenha, bootstrap, monkeypatch):
    monkeypatch.setenv("AZENHA_SERVER__PORT", "x")
    Path("azenha.toml").write_text("[server]\nprot = 1\n")
    ran = azenha("check")
    assert ran.code == FAILED
    assert "server.prot" in ran.err
    assert "AZENHA_SERVER__PORT" in ran.err


# -- the reference ---------------------------------------------------------------------------------


def commands() -> dict[str, object]:
    (found,) = [action.choices for action in parser()._actions if isinstance(action.choices, dict)]
    return found


def options_of(command):
    """Of a command, and of the commands within it."""
    for action in command._actions:
        yield action
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                yield from options_of(inner)


def sections() -> dict[str, str]:
    parts = re.split(r"^## `azenha (\w+)", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("command", commands())
def test_every_option_of_every_command_stands_in_the_reference(command):
    section = sections()[command]
    for action in options_of(commands()[command]):
        for option in action.option_strings or [action.metavar]:
            assert f"`{option}" in section or option in ("-h", "--help"), f"{command} {option}"


def test_the_reference_has_no_command_and_no_option_that_does_not_exist():
    assert sections().keys() == commands().keys()
    for command, section in sections().items():
        known = {option for action in options_of(commands()[command]) for option in action.option_strings}
        assert set(re.findall(r"^\| `(-[\w-]+)", section, re.MULTILINE)) <= known, command


@pytest.mark.parametrize("code", [OK, FAILED, USAGE, NOT_FOUND, UNREACHABLE, 130])
def test_every_exit_code_stands_in_the_reference(code):
    assert f"| {code} |" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command", [("check",), ("check", "--json"), ("schemas", "list"), ("serve", "--port", "0")]
)
def test_a_data_folder_that_is_a_file_is_said_in_a_sentence(azenha, tmp_path, monkeypatch, command):
    monkeypatch.setenv("AZENHA_FORMATS__SCHEMAS", "schemas")
    file = tmp_path / "data"
    file.write_text("")

    ran = azenha(*command, "--data", str(file))

    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith(f"azenha: {file} cannot be used: ")
    assert ran.err.count("\n") == 1


def test_a_place_where_descriptions_cannot_be_kept_ends_the_start_in_a_sentence(azenha, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cache").write_text("")

    ran = azenha("serve", "azenha.examples.basic", "--port", "0", "--data", "data")

    assert ran.code == 1
    assert f"azenha: {tmp_path / 'data'} cannot be used: " in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("to", [">/dev/full", ">&-", "<&- >&-"])
@pytest.mark.parametrize("command", [["check", "--json"], ["--version"]], ids=" ".join)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only on systems with /dev/full")
def test_output_that_cannot_be_written_is_a_sentence_and_an_exit_code(command, to):
    targets = ["azenha.examples.basic"] if command[0] == "check" else []
    azenha = [sys.executable, "-m", "azenha", *command, *targets]

    ran = subprocess.run(["sh", "-c", f'exec "$@" {to}', "sh", *azenha], stderr=subprocess.PIPE, text=True)

    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("azenha: the output cannot be written: ")
    assert "Traceback" not in ran.stderr
    assert "ignored" not in ran.stderr


@pytest.mark.parametrize("words", ["describe", "run", "results", "logs", "pause", "resume", "cancel"])
@pytest.mark.parametrize("id", ["", " ", ".", ".."])
def test_what_is_no_id_is_refused(azenha, words, id):
    ran = azenha(words, id)

    assert (ran.code, ran.out) == (2, "")
    assert f"given {id!r}; allowed: an id" in ran.err
