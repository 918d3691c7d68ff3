"""The author's face of a job: progress, cancellation, log, command lines."""

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Queue

import pytest

from azenha import Cancelled, CommandFailed, Context, Recorder
from azenha.authoring import command


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def ctx(tmp_path: Path, recorder: Recorder) -> Context:
    return Context.for_tests(tmp_path / "work", reporter=recorder)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_context_for_tests_makes_its_folder_and_needs_no_server(tmp_path: Path) -> None:
    ctx = Context.for_tests(tmp_path / "new" / "work")
    assert ctx.workdir.is_dir()
    ctx.progress(50, "half")
    ctx.message("still")
    ctx.log.info("line")
    ctx.check()


def test_progress_is_whole_percent_rounded_down_and_a_message_keeps_it(
    ctx: Context, recorder: Recorder
) -> None:
    ctx.progress(99.9, "nearly")
    ctx.message("still nearly")
    ctx.progress(100)
    assert recorder.progressed == [(99, "nearly"), (99, "still nearly"), (100, None)]


@pytest.mark.parametrize("percent", [-1, 100.1, float("nan"), float("inf")])
def test_progress_beyond_0_to_100_is_refused(ctx: Context, recorder: Recorder, percent: float) -> None:
    with pytest.raises(ValueError, match="progress is from 0 to 100 percent, got"):
        ctx.progress(percent)
    assert recorder.progressed == []


def test_check_ends_a_process_even_where_it_catches_every_exception(ctx: Context, recorder: Recorder) -> None:
    def work() -> None:
        try:
            ctx.check()
        except Exception:
            ctx.message("caught")

    work()
    recorder.dismissed = True
    with pytest.raises(Cancelled):
        work()
    assert recorder.progressed == []


def test_what_is_logged_reaches_the_reporter_and_no_other_logger(
    ctx: Context, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    ctx.log.debug("not kept")
    ctx.log.warning("%d of %d", 1, 2)
    assert recorder.lines == [(logging.WARNING, "1 of 2")]
    assert caplog.records == []


def test_arguments_that_do_not_fit_their_text_are_a_remark_on_standard_error(
    ctx: Context, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    ctx.log.info("bad %s %s", 1)
    ctx.log.info("good %s", 1)
    assert recorder.lines == [(logging.INFO, "good 1")]
    assert "bad %s %s" in capsys.readouterr().err


def test_two_jobs_do_not_share_a_log(tmp_path: Path) -> None:
    first, second = Recorder(), Recorder()
    Context.for_tests(tmp_path, reporter=first).log.info("a")
    Context.for_tests(tmp_path, reporter=second).log.info("b")
    assert (first.lines, second.lines) == ([(logging.INFO, "a")], [(logging.INFO, "b")])


def test_the_media_type_that_was_asked_for_is_known(tmp_path: Path) -> None:
    ctx = Context.for_tests(tmp_path, formats={"result": "image/png", "other": ""})
    assert ctx.media_type() == "image/png"
    assert ctx.media_type("picture") is None
    assert ctx.media_type("other") is None


# -- command lines -------------------------------------------------------------------------------


def test_a_command_runs_in_the_workdir_and_both_its_outputs_are_logged(
    ctx: Context, recorder: Recorder
) -> None:
    code = "import os, sys; print(os.getcwd()); sys.stdout.flush(); print('wrong', file=sys.stderr)"
    done = ctx.run(python(code))
    lines = [text for _, text in recorder.lines]
    assert lines == [str(ctx.workdir), "wrong"]
    assert (done.returncode, done.output.splitlines()) == (0, lines)
    assert done.args[0] == sys.executable


def test_arguments_are_handed_on_as_they_are_without_a_shell(ctx: Context, recorder: Recorder) -> None:
    ctx.run([*python("import sys; print(sys.argv[1:])"), "$HOME; ls *", Path("a b")])
    assert recorder.lines == [(logging.INFO, "['$HOME; ls *', 'a b']")]


def test_variables_are_added_to_those_of_this_process(
    ctx: Context, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OURS", "1")
    code = "import os; print(os.environ['OURS'], os.environ['THEIRS'], os.getcwd())"
    ctx.run(python(code), env={"THEIRS": "2"}, cwd=tmp_path)
    assert recorder.lines == [(logging.INFO, f"1 2 {tmp_path}")]


def test_a_command_gets_no_input_and_does_not_wait_for_any(ctx: Context, recorder: Recorder) -> None:
    ctx.run(python("import sys; print(repr(sys.stdin.read()))"))
    assert recorder.lines == [(logging.INFO, "''")]


def test_lines_are_logged_while_the_command_runs(ctx: Context, tmp_path: Path) -> None:
    """The command waits for a file that only the arrival of its first line makes."""
    go = tmp_path / "go"

    class Waiting(Recorder):
        def log(self, level: int, text: str) -> None:
            super().log(level, text)
            go.touch()

    live = Waiting()
    code = (
        f"import os, sys, time\nprint('first', flush=True)\nend = time.monotonic() + 20\n"
        f"while not os.path.exists({str(go)!r}):\n"
        f"    time.sleep(0.01)\n    assert time.monotonic() < end\nprint('second')"
    )
    Context.for_tests(tmp_path, reporter=live).run(python(code))
    assert [text for _, text in live.lines] == ["first", "second"]


def test_a_progress_bar_of_carriage_returns_comes_line_by_line(ctx: Context, recorder: Recorder) -> None:
    ctx.run(python(r"import sys; sys.stdout.write('10%\r20%\r\n30%\rdone')"))
    assert [text for _, text in recorder.lines] == ["10%", "20%", "30%", "done"]


def test_bytes_that_are_no_text_and_characters_cut_in_two_are_no_harm(
    ctx: Context, recorder: Recorder
) -> None:
    code = (
        r"import os, time; os.write(1, b'a\xc3'); time.sleep(.2); os.write(1, b'\xa9b\n\xff\n'); "
        r"os.write(1, b'end\xc3')"
    )
    ctx.run(python(code))
    assert [text for _, text in recorder.lines] == ["aéb", "\ufffd", "end\ufffd"]


def test_what_is_read_late_is_not_lost(
    ctx: Context, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that reads may get its turn when the command has ended and nothing had come for a while."""
    seen = threading.Event()
    put = command._put

    def late(piece: bytes, pieces: Queue[bytes], stopped: threading.Event) -> None:
        assert seen.wait(20)
        put(piece, pieces, stopped)

    class Looked(subprocess.Popen[bytes]):
        def poll(self) -> int | None:
            code = super().poll()
            if code is not None:
                seen.set()  # whoever waits for output knows that there is no command any more
            return code

    monkeypatch.setattr(command, "_put", late)
    monkeypatch.setattr(subprocess, "Popen", Looked)
    ctx.run(python("print('late')"))
    assert [text for _, text in recorder.lines] == ["late"]


def test_of_endless_output_only_the_end_is_kept_in_memory(ctx: Context) -> None:
    done = ctx.run(python("for n in range(20000): print(n)\nprint('x' * 200000)\nprint('end')"))
    assert len(done.output) <= 64 * 1024
    assert done.output.endswith("end\n")


def test_a_command_that_fails_is_an_error_with_its_code_and_its_last_line(ctx: Context) -> None:
    with pytest.raises(CommandFailed, match=r"failed with exit code 3: no such band$") as failure:
        ctx.run(python("import sys; print('reading'); print('no such band'); sys.exit(3)"))
    assert failure.value.returncode == 3
    assert failure.value.tail == "reading\nno such band\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_command_that_a_signal_ends_is_an_error_with_the_signal(ctx: Context) -> None:
    with pytest.raises(CommandFailed, match="was ended by signal 9"):
        ctx.run(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))


def test_a_command_that_is_not_there_is_named(ctx: Context) -> None:
    with pytest.raises(CommandFailed, match="command 'no-such-command' is not there: is it installed"):
        ctx.run(["no-such-command", "a"])


def test_a_folder_that_is_not_there_is_named(ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="there is no such folder"):
        ctx.run(python("pass"), cwd=tmp_path / "nowhere")


@pytest.mark.parametrize("argv", ["ls -l", b"ls", []])
def test_a_command_line_in_one_text_is_refused(ctx: Context, argv: list[str]) -> None:
    with pytest.raises(ValueError, match="argv is a list"):
        ctx.run(argv)


@pytest.mark.skipif(os.name == "nt", reason="process ids are looked at as POSIX has them")
@pytest.mark.parametrize("ignores", [False, True], ids=["obedient", "ignores SIGTERM"])
def test_a_dismissed_job_ends_its_command(tmp_path: Path, ignores: bool) -> None:
    class Dismissing(Recorder):
        def log(self, level: int, text: str) -> None:
            super().log(level, text)
            self.dismissed = True

    recorder = Dismissing()
    ctx = Context.for_tests(tmp_path, reporter=recorder)
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if ignores else ""
    code = f"import os, signal, time\n{ignore}\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    started = time.monotonic()
    with pytest.raises(Cancelled):
        ctx.run(python(code))
    assert time.monotonic() - started < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int(recorder.lines[0][1]), 0)


@pytest.mark.skipif(os.name == "nt", reason="a descendant keeps a pipe of its own there")
def test_a_descendant_that_keeps_the_output_open_does_not_hold_the_command(
    ctx: Context, recorder: Recorder
) -> None:
    code = (
        "import subprocess, sys; "
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(p.pid)"
    )
    started = time.monotonic()
    ctx.run(python(code))
    assert time.monotonic() - started < 20
    os.kill(int(recorder.lines[0][1]), 9)


def test_a_job_that_was_dismissed_before_starts_no_command(ctx: Context, recorder: Recorder) -> None:
    recorder.dismissed = True
    with pytest.raises(Cancelled):
        ctx.run(python("open('made', 'w')"))
    assert list(ctx.workdir.iterdir()) == []
