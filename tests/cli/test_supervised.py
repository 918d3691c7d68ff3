"""The parts of a server: started at the right moment, told once, ended with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from azenha.engine.sandbox import tree
from azenha.supervisor import Part, Supervisor
from azenha.testing.sandbox import eventually

REPEATS = (
    "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()} {sys.stdin.readline()}'); sys.stdin.read()"
)


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    return tmp_path / "heard"


def lines(heard: Path) -> list[list[str]]:
    return [line.split() for line in heard.read_text().splitlines()] if heard.exists() else []


def test_a_part_that_was_begun_is_told_by_its_start_and_anew_when_it_is_started_again(heard):
    part = Part("repeater", [sys.executable, "-c", REPEATS, str(heard)])
    part.begin()
    first = part.process.pid
    part.text = b"all\n"
    part.start()
    eventually(lambda: lines(heard) == [[str(first), "all"]])
    part.stop()
    part.start()
    eventually(lambda: lines(heard)[1:] == [[str(part.process.pid), "all"]])
    assert part.process.pid != first
    part.stop()


def test_a_part_that_was_begun_and_never_told_ends_by_stop(heard):
    part = Part("repeater", [sys.executable, "-c", REPEATS, str(heard)])
    part.begin()
    part.stop()
    assert part.process.returncode == 0


def test_a_part_gets_its_environment_but_for_what_whoever_starts_it_says(tmp_path, monkeypatch):
    told = tmp_path / "told"
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ['OF_PART'] + os.environ['OF_BOTH'])"
    monkeypatch.setenv("OF_BOTH", "here")
    part = Part(
        "teller", [sys.executable, "-c", code, str(told)], environment={"OF_PART": "part ", "OF_BOTH": "part"}
    )
    part.start()
    part.process.wait(60)
    part.stop()
    assert told.read_text() == "part here"


@pytest.mark.skipif(os.name != "posix", reason="only on Unix: a script is a program")
def test_a_part_that_cannot_be_started_now_is_started_as_soon_as_it_can_be(heard, tmp_path, caplog):
    program = tmp_path / "part"
    text = f"#!/bin/sh\necho $$ >>{heard}\nrm -f $0\n"

    def put() -> None:
        (tmp_path / "fresh").write_text(text)
        (tmp_path / "fresh").chmod(0o755)
        (tmp_path / "fresh").rename(program)

    put()
    supervisor = Supervisor([Part("part", [str(program)])], on_death=lambda _: None)
    running = threading.Thread(target=supervisor.run, args=(lambda: None,))
    running.start()
    try:
        eventually(lambda: "the part cannot be started now" in caplog.text)
        assert len(lines(heard)) == 1
        put()
        eventually(lambda: len(lines(heard)) == 2)
    finally:
        supervisor.stop()
        running.join()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="only on Unix: there is nohup")
def test_a_server_started_with_nohup_outlives_its_terminal():
    code = (
        "import signal; from azenha.supervisor import Supervisor; "
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); "  # what nohup does
        "ignored = lambda: print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, flush=True); "
        "Supervisor([], lambda _: None).run(ignored)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"True\n"
        server.terminate()
        assert server.wait(20) == 0


@pytest.mark.skipif(not tree.LINUX, reason="marked processes are found in /proc")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_server_that_ends_while_its_processes_are_imported(tmp_path, ending):
    importing = tmp_path / "importing"
    module = tmp_path / "slow.py"
    module.write_text(f"import pathlib, signal\npathlib.Path({str(importing)!r}).touch()\nsignal.pause()\n")
    mark = str(tmp_path)
    command = ["serve", str(module), "--port", "0", "--data", str(tmp_path / "data")]
    server = subprocess.Popen(
        [sys.executable, "-m", "azenha", *command],
        env=os.environ | {"MARK_OF_TEST": mark},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(importing.exists)
    eventually(lambda: any(b"web" in argv(pid) for pid in tree.marked("MARK_OF_TEST", mark)))
    server.send_signal(ending)
    server.wait(20)
    eventually(lambda: not tree.marked("MARK_OF_TEST", mark))


@pytest.mark.parametrize("command", ["serve --port 0", "run echo -i text=a"])
def test_ctrl_c_that_python_drops_in_a_callback_ends_the_command_all_the_same(tmp_path, command):
    code = """
import signal, sys
from azenha import cli
from azenha.bootstrap import serving

def dropping(then):
    def called(*given, **named):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            pass
        return then(*given, **named)
    return called

serving.discovered = dropping(serving.discovered)
serving.program = dropping(serving.program)
sys.exit(cli.main(sys.argv[1:]))
"""
    words = [*command.split(), "--data", str(tmp_path / "data")]
    environ = os.environ | {"AZENHA_TARGETS": "azenha.examples.basic"}

    ran = subprocess.run(
        [sys.executable, "-c", code, *words], env=environ, capture_output=True, text=True, timeout=60
    )

    assert ran.returncode == 130
    assert ran.stderr.endswith("azenha: interrupted\n")


def argv(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
