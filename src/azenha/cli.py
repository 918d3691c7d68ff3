"""The command line: which commands and options there are. What they do is in `console`, imported when run."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from azenha import interrupts
from azenha.console.exits import FAILED, INTERRUPTED, Stop
from azenha.console.text import say

STATES = ("accepted", "running", "successful", "failed", "dismissed")

# Started by the supervisor with arguments of its own: not for people, and not in the help.
HIDDEN = {
    "worker": "worker:main",
    "web": "web:main",
    "read-bodies": "bodies:main",
    "private": "serving:private_main",
    "warm": "children:warm_main",
    "child": "children:child_main",
    "describe-source": "catalogue:describe_main",
    "migrate": "folder:migrate_main",
}

# Of a file: full, too large for it, broken, closed. Other files tell their names, or are dealt with where they are.
_NOT_WRITTEN = {errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF, getattr(errno, "EDQUOT", errno.ENOSPC)}

EPILOG = """exit codes: 0 ok; 1 the job failed, or check found problems; 2 usage or bad input;
3 no such process or job; 4 the server cannot be reached; 130 interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code (see console.exits)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in HIDDEN:
        part, _, name = HIDDEN[arguments[0]].partition(":")
        run: Callable[[list[str]], int] = getattr(import_module(f"azenha.bootstrap.{part}"), name)
        return run(arguments[1:])
    _open_what_is_closed()
    try:
        interrupts.keep()
        options = _parsed(arguments)
        module, _, name = options.does.partition(":")
        command: Callable[[argparse.Namespace], int] = getattr(
            import_module(f"azenha.console.{module}"), name
        )
        code = command(options)
        sys.stdout.flush()
    except Stop as stop:
        first, *others = stop.lines
        say(f"azenha: {first}", *others)
        return stop.code
    except KeyboardInterrupt:
        say("azenha: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output (head, less) has seen enough.
        _write_no_more()
        return FAILED
    except OSError as error:
        if error.filename is not None or error.errno not in _NOT_WRITTEN:
            raise
        _write_no_more()
        say(f"azenha: the output cannot be written: {error.strerror}")
        return FAILED
    return code


def _open_what_is_closed() -> None:
    """Standard streams that whoever started this closed: what is opened next would take their places.

    To write to a closed standard output is an error then, as to a full disk; standard error is left out.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # the lowest that is free is the next to be given out
            os.open(os.devnull, os.O_WRONLY if descriptor == 2 else os.O_RDONLY)
            os.set_inheritable(descriptor, True)  # nor shall that happen in the programs that this one starts
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    try:
        return parser().parse_args(arguments)
    except SystemExit:  # also after what --help and --version print
        sys.stdout.flush()
        raise


def _write_no_more() -> None:
    """What is left of the output goes nowhere, so that nothing fails at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="azenha",
        description="One typed Python function becomes a process that every OGC client can run.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    root.add_argument("--version", action=_Version, help="print the version and end")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serving(commands)
    _add_processes(commands)
    _add_running(commands)
    _add_jobs(commands)
    _add_schemas(commands)
    return root


class _Version(argparse.Action):
    """Looks the version up only when asked: that reads the installed packages."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"azenha {version('azenha')}")
        parser.exit()


Commands = argparse._SubParsersAction  # argparse has no public name for what add_subparsers gives


def _add(
    commands: Commands[argparse.ArgumentParser], name: str, does: str, about: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    command.set_defaults(does=does)
    return command


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", metavar="DIR", help="folder of jobs and results (default azenha-data)")
    command.add_argument(
        "--config",
        metavar="FILE",
        help="settings (default azenha.toml in the working directory, if it is there)",
    )


def _add_server(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    command.add_argument("--port", help="port to listen on (default 8080); the next free one if it is taken")
    command.add_argument(
        "--slots", metavar="N", help="background jobs at once (default: the number of cores)"
    )
    command.add_argument(
        "--public",
        action="store_true",
        help="allow a host that others can reach, although there are no identities yet",
    )
    _add_settings(command)


def _add_client(command: argparse.ArgumentParser, json: bool = True) -> None:
    command.add_argument(
        "--url",
        help="a server's address; else the one that runs on the data folder, or one for this command alone",
    )
    _add_settings(command)
    if json:
        command.add_argument("--json", action="store_true", help="print JSON")


def _add_serving(commands: Commands[argparse.ArgumentParser]) -> None:
    serve = _add(commands, "serve", "serving:serve", "serve processes until Ctrl-C")
    serve.add_argument(
        "targets",
        metavar="TARGET",
        nargs="*",
        help="file, folder or module with processes (default: installed ones and the bundled examples)",
    )
    _add_server(serve)
    demo = _add(commands, "demo", "serving:demo", "serve the bundled examples and run one of them")
    _add_server(demo)
    check = _add(commands, "check", "checking:check", "show settings and processes, without serving")
    check.add_argument("targets", metavar="TARGET", nargs="*", help="as of serve")
    _add_settings(check)
    check.add_argument("--json", action="store_true", help="print JSON")


def _add_processes(commands: Commands[argparse.ArgumentParser]) -> None:
    _add_client(_add(commands, "processes", "processes:processes", "list the processes"))
    describe = _add(commands, "describe", "processes:describe", "show a process with its inputs and outputs")
    describe.add_argument("process", metavar="PROCESS", type=_id)
    _add_client(describe)


def _add_running(commands: Commands[argparse.ArgumentParser]) -> None:
    run = _add(commands, "run", "running:run", "run a process")
    run.add_argument("process", metavar="PROCESS", type=_id)
    run.add_argument(
        "-i",
        "--input",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an input; again for more values; @file for a file's content, an http address for data there",
    )
    run.add_argument(
        "--wait", action="store_true", help="wait for the end and show the results; Ctrl-C dismisses the job"
    )
    _add_output(run)
    _add_client(run)
    results = _add(commands, "results", "running:results", "show or save the results of a job that ended")
    results.add_argument("job", metavar="JOB", type=_id)
    _add_output(results)
    _add_client(results)


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o",
        "--output",
        metavar="DIR|NAME=PATH",
        action="append",
        default=[],
        help="save all outputs in a folder, or one in a file; replaces what is there",
    )


def _add_jobs(commands: Commands[argparse.ArgumentParser]) -> None:
    jobs = _add(commands, "jobs", "jobs:jobs", "list the jobs, newest first")
    jobs.add_argument(
        "--status", action="append", default=[], choices=STATES, help="only these; may be given again"
    )
    jobs.add_argument(
        "--process", action="append", default=[], help="only of this process; may be given again"
    )
    jobs.add_argument(
        "--limit", type=_positive, default=20, metavar="N", help="at most this many (default 20)"
    )
    _add_client(jobs)
    logs = _add(commands, "logs", "jobs:logs", "print a job's log")
    logs.add_argument("job", metavar="JOB", type=_id)
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the job ends")
    _add_client(logs, json=False)
    pause = _add(commands, "pause", "jobs:pause", "have a job wait until it is resumed")
    pause.add_argument("job", metavar="JOB", type=_id)
    _add_client(pause)
    resume = _add(commands, "resume", "jobs:resume", "let a job that was paused go on")
    resume.add_argument("job", metavar="JOB", type=_id)
    _add_client(resume)
    cancel = _add(commands, "cancel", "jobs:cancel", "dismiss a job")
    cancel.add_argument("job", metavar="JOB", type=_id)
    cancel.add_argument("--remove", action="store_true", help="remove a job that has ended, with its results")
    _add_client(cancel)


def _add_schemas(commands: Commands[argparse.ArgumentParser]) -> None:
    about = "the XML and JSON Schemas that data is checked by"
    group = commands.add_parser("schemas", help=about, description=about, allow_abbrev=False)
    kinds = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    fetch = _add(
        kinds,
        "fetch",
        "schemas:fetch",
        "fetch schemas once, with all that they import, to the folder formats.schemas",
    )
    fetch.add_argument(
        "addresses",
        metavar="ADDRESS",
        nargs="*",
        help="of schemas (default: those that the processes ask for)",
    )
    _add_settings(fetch)
    listed = _add(
        kinds, "list", "schemas:list_schemas", "list the schemas that are here, and those that are wanted"
    )
    _add_settings(listed)
    listed.add_argument("--json", action="store_true", help="print JSON")


def _id(text: str) -> str:
    if text.strip() in ("", ".", ".."):  # in an address these would name what is above
        raise argparse.ArgumentTypeError(f"given {text!r}; allowed: an id")
    return text


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:9]) < 10**9 or len(text) > 9:
        raise argparse.ArgumentTypeError(f"given {text!r}; allowed: a whole number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
