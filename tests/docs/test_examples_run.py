"""The code of the documentation runs, and says what the documentation says that it does."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import pytest
from pages import DOCS, Block, blocks

from azenha.authoring import registry
from azenha.loading import load

TUTORIAL = DOCS / "tutorial" / "first-process.md"
HOW_TO = sorted((DOCS / "how-to").glob("*.md"))


def written(found: list[Block], folder: Path) -> list[Path]:
    files = [folder / block.title for block in found if block.title]
    for block in found:
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
    return files


# -- how-to ----------------------------------------------------------------------------------------

PROCESSES = [
    (page.name, block.title)
    for page in HOW_TO
    for block in blocks(page)
    if block.language == "python" and not block.title.startswith(("test_", "receiver"))
]


@pytest.mark.parametrize(("page", "title"), PROCESSES)
def test_every_example_of_a_how_to_can_be_served(page: str, title: str, tmp_path: Path) -> None:
    found = blocks(DOCS / "how-to" / page)
    assert title, "a Python block needs a title, so that it can be run"
    written(found, tmp_path)
    text = (tmp_path / title).read_text()
    for package in ("rasterio",):
        if f"import {package}" in text and util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (the extra 'examples')")
    sources, missing = registry.find([title], tmp_path)
    assert not missing
    child = [sys.executable, "-W", "error", "-m", "azenha", "check", "--json", title]
    checked = subprocess.run(child, cwd=tmp_path, capture_output=True, text=True, env=environment())
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(sources) == 1


def test_the_tests_of_the_how_to_pass(tmp_path: Path) -> None:
    written(blocks(DOCS / "how-to" / "test-a-process.md"), tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment())
    assert ran.returncode == 0, ran.stdout
    assert "3 passed" in ran.stdout


SETTINGS = [
    (page.name, number)
    for page in [*HOW_TO, TUTORIAL]
    for number, block in enumerate(blocks(page))
    if block.language == "toml" and "entry-points" not in block.text
]


@pytest.mark.parametrize(("page", "number"), SETTINGS)
def test_every_settings_file_of_the_documentation_is_one(page: str, number: int, tmp_path: Path) -> None:
    (path,) = [p for p in [*HOW_TO, TUTORIAL] if p.name == page]
    text = blocks(path)[number].text
    assert tomllib.loads(text)
    file = tmp_path / "azenha.toml"
    file.write_text(text)
    load(file, {})


# -- the tutorial ----------------------------------------------------------------------------------


def environment() -> dict[str, str]:
    """Of a reader: no settings of ours, and the commands of this environment first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZENHA_")}
    bin = str(Path(sys.executable).parent)
    return kept | {"PATH": f"{bin}{os.pathsep}{os.environ['PATH']}"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(url: str) -> bool:
    with contextlib.suppress(OSError):
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{url}/conformance", timeout=5):
            return True
    return False


@contextlib.contextmanager
def served(command: str, port: int, folder: Path) -> Iterator[None]:
    with (folder / "serve.log").open("w") as log:
        # `exec`, so that the server and not a shell gets the signal.
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command} --port {port}"],
            cwd=folder,
            env=environment(),
            stdout=log,
            stderr=log,
        )
        try:
            deadline = time.monotonic() + 60
            while not answers(f"http://127.0.0.1:{port}"):
                assert process.poll() is None, (folder / "serve.log").read_text()
                assert time.monotonic() < deadline, (folder / "serve.log").read_text()
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def pattern(expected: str) -> re.Pattern[str]:
    """The text of the documentation, `…` standing for anything."""
    return re.compile(".*".join(map(re.escape, expected.strip().split("…"))), re.DOTALL)


@pytest.mark.skipif(os.name == "nt", reason="the tutorial's commands are for a Unix shell, not for Windows")
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    port = free_port()
    found = blocks(TUTORIAL)
    written([b for b in found if b.title and b.language == "python"], tmp_path)
    ran = 0
    with contextlib.ExitStack() as stack:
        for block, after in zip(found, [*found[1:], None], strict=True):
            if block.language != "sh":
                continue
            command = block.text.replace("8080", str(port)).strip()
            if command.startswith("azenha serve"):
                stack.enter_context(served(command, port, tmp_path))
                continue
            shell = ["bash", "-e", "-o", "pipefail", "-c", command]
            done = subprocess.run(
                shell, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, command + done.stdout + done.stderr
            if after is not None and after.language == "text":
                expected = after.text.replace("8080", str(port))
                shown = done.stdout.replace("\r", "").strip()
                assert pattern(expected).fullmatch(shown), f"{command}\n{shown}"
                ran += 1
    assert ran >= 5


def test_a_run_without_a_server_works_with_the_settings_file_of_the_tutorial(tmp_path: Path) -> None:
    written(blocks(TUTORIAL), tmp_path)
    command = [sys.executable, "-m", "azenha", "run", "hello", "-i", "name=you", "--wait"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "result: hello you"


def test_the_process_of_the_readme_is_one(tmp_path: Path) -> None:
    (block,) = [b for b in blocks(DOCS.parent / "README.md") if b.language == "python"]
    assert len(block.text.strip().splitlines()) <= 10
    (tmp_path / "hello.py").write_text(block.text)
    command = [sys.executable, "-m", "azenha", "check", "hello.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
