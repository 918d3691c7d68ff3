"""All checks and tests that can run here. Ends with what was left out, and why.

`make test` calls it. With --ci a test left out for a reason that a CI machine can mend is a failure.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = ("src", "tests", "docs", "benchmarks", ".ci")

# What is left out where the machine cannot have it; nothing that CI installs is among it.
LEFT_TO_THE_MACHINE = re.compile(r"cgroup|Windows|macOS|only on|needs Linux", re.IGNORECASE)
# Parts that .ci/install-parts.sh could not install, one a line.
MISSING = ROOT / ".venv" / "parts.missing"
SHARED = re.compile(r"\bshared\b", re.IGNORECASE)
NOT_HERE = (
    ("chaos of more than a few rounds", "takes hours: make chaos ROUNDS=100"),
    ("benchmarks", "need a quiet machine: make bench"),
    ("the documentation as a site", "has tools of its own: make docs"),
    ("the tests without fork and Unix sockets", "run a second time: make portable"),
)


def commands() -> dict[str, list[str]]:
    """Each check by name; the tests are apart."""
    python = sys.executable
    code = [name for name in CODE if (ROOT / name).is_dir()]
    return {
        "lint": [python, "-m", "ruff", "check", *code],
        "format": [python, "-m", "ruff", "format", "--check", *code],
        "types": [python, "-m", "mypy"],
        "imports": [python, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
    }


def run(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    print(f"== {name}", flush=True)
    good = subprocess.run(command, cwd=ROOT).returncode == 0
    print(f"== {name}: {'good' if good else 'FAILED'} after {time.monotonic() - began:.0f} s", flush=True)
    return good


def tests(more: list[str]) -> tuple[bool, Counter[str]]:
    """Whether all tests passed, and how many were left out for each reason."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        # One file stays in one process: its server is started once.
        parallel = ["-n", "auto", "--dist", "loadfile"] if importlib.util.find_spec("xdist") else []
        command = [sys.executable, "-m", "pytest", "-q", "-r", "fE", *parallel, f"--junit-xml={report}"]
        good = run("tests", [*command, *more])
        return good, left_out(report)


def left_out(report: Path) -> Counter[str]:
    if not report.is_file():
        return Counter()
    skipped = ElementTree.parse(report).iter("skipped")
    return Counter(one.get("message") or "no reason given" for one in skipped)


def unexcused(reasons: Counter[str]) -> list[str]:
    """Reasons that do not hold on a CI machine."""
    shared = (ROOT.parent / "shared").is_dir()
    missing = MISSING.read_text().split() if MISSING.is_file() else []
    return [
        reason
        for reason in reasons
        if not LEFT_TO_THE_MACHINE.search(reason)
        and (shared or not SHARED.search(reason))
        and not any(part in reason for part in missing)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ci", action="store_true", help="a test left out without need is a failure")
    parser.add_argument("--only", nargs="+", choices=list(commands()), help="these checks, and no tests")
    parser.add_argument("pytest", nargs="*", help="options and files for pytest, after --")
    options = parser.parse_args()
    # Started in the background of a script, Ctrl-C is ignored, and so by all that we start: tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    bad = [name for name in options.only or commands() if not run(name, commands()[name])]
    reasons: Counter[str] = Counter()
    if not options.only:
        good, reasons = tests(options.pytest)
        bad += [] if good else ["tests"]
        print("\nleft out:")
        for what, why in NOT_HERE:
            print(f"  {what}: {why}")
        for reason, count in sorted(reasons.items()):
            print(f"  {count} test{'s' if count > 1 else ''}: {reason}")
    if options.ci and (wrong := unexcused(reasons)):
        bad.append("tests left out although CI has what they need")
        print("\nin CI these must not be left out:", *(f"  {reason}" for reason in wrong), sep="\n")
    print(f"\n{'FAILED: ' + ', '.join(bad) if bad else 'all good'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
