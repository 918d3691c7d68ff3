"""Every curl line of README and documentation, executed as it stands against a server of the bundled examples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import DOCS, ROOT, Block, blocks, pages
from test_examples_run import TUTORIAL, environment, free_port, served

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the commands are for a Unix shell, not for Windows"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

LOCATION = re.compile(r"^location: \S+/jobs/(\S+)", re.MULTILINE | re.IGNORECASE)
# What curl does besides what the line says: an answer of 400 or more is an exit code.
CURLRC = 'fail-with-body\nsilent\nshow-error\nnoproxy = "*"\n'


def lines(page: Path) -> list[Block]:
    return [block for block in blocks(page) if re.search(r"^\s*curl ", block.text, re.MULTILINE)]


PAGES = [page for page in pages() if lines(page) and page != TUTORIAL]  # that one has a test of its own


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("curl")
    (hello,) = [block for block in blocks(ROOT / "README.md") if block.language == "python"]
    (folder / "hello.py").write_text(hello.text)
    found = free_port()
    with served("azenha serve hello.py azenha.examples.basic --data data", found, folder):
        yield found


def test_pages_have_curl_lines_and_each_stands_in_a_block_for_a_shell() -> None:
    assert {"README.md", "ask-by-url.md", "find-and-create-jobs.md"} <= {page.name for page in PAGES}
    for page in [*PAGES, TUTORIAL]:
        assert {block.language for block in lines(page)} == {"sh"}, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_curl_lines_of_a_page_do_what_they_are_there_for(page: Path, port: int, tmp_path: Path) -> None:
    (tmp_path / ".curlrc").write_text(CURLRC)
    job = "no-job-yet"
    for block in lines(page):
        # `JOB` in a line is what the reader has from the answer to an earlier one.
        command = block.text.replace("8080", str(port)).replace("JOB", job)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            cwd=tmp_path,
            env=environment() | {"CURL_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, command + done.stdout + done.stderr
        assert done.stdout.strip(), command
        if (found := LOCATION.search(done.stdout)) is not None:
            job = found[1]


def test_a_line_that_is_refused_would_be_noticed(port: int, tmp_path: Path) -> None:
    (tmp_path / ".curlrc").write_text(CURLRC)
    command = ["curl", f"http://127.0.0.1:{port}/processes/nothing"]
    done = subprocess.run(command, env=environment() | {"CURL_HOME": str(tmp_path)}, capture_output=True)
    assert done.returncode == 22


def test_no_curl_line_hides_in_the_prose() -> None:
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        assert not re.search(r"`curl [^`]+`", page.read_text(encoding="utf-8")), page
