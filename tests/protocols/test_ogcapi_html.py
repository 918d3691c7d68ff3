"""The pages: well formed, complete, without scripts, and made of the same documents as the JSON."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from ogcapi_outcomes import (
    ACCEPTED,
    BASE,
    FAILED,
    GEOTIFF,
    HELD,
    JOB_ADDRESS,
    JOBS,
    PAUSED,
    PLAIN,
    PNG,
    REMOVED,
    RICH,
    RUNNING,
    SUCCEEDED,
    content,
    header,
    output,
    results,
    write,
)

from azenha.domain.messages import (
    Accepted,
    ConformanceDescribed,
    Described,
    Dismissed,
    JobsListed,
    ListJobs,
    ListProcesses,
    ProcessesListed,
    ServerDescribed,
    Status,
)
from azenha.domain.process import Catalogue
from azenha.domain.values import Literal, Reference, StoredFile
from azenha.protocols.ogcapi.html import size

VOID = {"meta", "img", "br", "link", "input", "hr"}
FILES = results(
    output("picture", StoredFile("p.png", "p.png", 1_500_000, PNG)),
    output("raster", StoredFile("r.tif", "r.tif", 10, GEOTIFF)),
    output("words", Literal("a <b>")),
    output("numbers", Literal(1), Literal(2), array=True),
    output("bad", Reference("javascript:alert(1)", PNG)),
    output("away", Reference("http://x.example/p.png", PNG)),
)
OUTCOMES: list[Any] = [
    ServerDescribed(Catalogue({})),
    ConformanceDescribed(),
    ProcessesListed((RICH, PLAIN), ListProcesses(2), "plain", (("bad.py", "SyntaxError <line 3>"),)),
    ProcessesListed((), ListProcesses(), None),
    Described(RICH),
    Described(PLAIN),
    Accepted(ACCEPTED),
    *(Status(job) for job in JOBS),
    Dismissed(REMOVED, True),
    JobsListed(JOBS, ListJobs(5), "c2"),
    JobsListed((), ListJobs(), None),
    FILES,
    results(),
]


class Page(HTMLParser):
    """The elements and the text of a page; fails where an element is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, attribute: str) -> list[str]:
        return [a[attribute] or "" for t, a in self.elements if t == tag and attribute in a]


def page(outcome: Any) -> Page:
    reply = write(outcome, "/", "f=html")
    assert header(reply, "Content-Type") == "text/html; charset=utf-8"
    text = content(reply).decode()
    assert text.startswith("<!DOCTYPE html>")
    return Page(text)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_page_is_well_formed_and_loads_nothing_from_elsewhere(outcome: Any) -> None:
    found = page(outcome)
    tags = {tag for tag, _ in found.elements}
    assert {"html", "title", "h1", "main"} <= tags
    assert not tags & {"script", "link", "object", "embed", "b", "fine", "line", "tiles"}
    assert all(not name.startswith("on") for _, attributes in found.elements for name in attributes)
    for address in (*found.all("img", "src"), *found.all("iframe", "src")):
        assert address.startswith(f"{BASE}/")
    for address in found.all("a", "href"):
        assert address.startswith(("http://", "https://"))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_page_forbids_scripts_and_links_to_its_json(outcome: Any) -> None:
    policy = header(write(outcome, "/", "f=html"), "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    if not isinstance(outcome, Dismissed):  # nothing is there any more
        assert any("f=json" in address for address in page(outcome).all("a", "href"))


def test_a_description_page_tells_everything_of_the_document() -> None:
    found = page(Described(RICH))
    for part in (*RICH.description.inputs, *RICH.description.outputs):
        assert part.id in found.text
        assert part.text.title in found.text
    for words in (
        "Everything there is.",
        "What to say.\nTwice.",
        "word, say",
        "one of red, green",
        "integer from 1 to 9",
        "number above 0.0 to 1.0",
        "integer one of -1 or from 2 in steps of 2",
        "unit: m, km",
        "default unit: km",
        "1 to any number",
        "P1DT90S",
        "at most, in bytes: 1000",
        "image/tiff; application=geotiff or application/geo+json or text/csv",
        "file of any kind",
        "object with x, tags, note",
        "list of image/tiff; application=geotiff",
        "(not always there)",
        f"{BASE}/processes/rich%20one/execution",
    ):
        assert words in found.text
    assert "http://x.example/about" in found.all("a", "href")
    assert "javascript:alert(1)" in found.text


@pytest.mark.parametrize("job", JOBS)
def test_the_page_of_a_job_asks_again_until_it_has_ended(job: Any) -> None:
    found = page(Status(job))
    assert ("refresh" in found.all("meta", "http-equiv")) is (not job.ended)
    assert found.all("iframe", "src") == [f"{JOB_ADDRESS}/log"]
    assert (f"{JOB_ADDRESS}/results" in found.all("a", "href")) is (job is SUCCEEDED)


def test_the_page_of_a_job_shows_progress_and_message() -> None:
    found = page(Status(RUNNING))
    assert found.all("progress", "value") == ["40"]
    assert "2 of 5 <tiles>" in found.text
    assert "ValueError: no band 4 (reference R-1)" in page(Status(FAILED)).text


@pytest.mark.parametrize(("job", "word"), [(HELD, "held"), (PAUSED, "paused")])
def test_the_pages_say_that_a_job_waits_and_let_it_go_on(job: Any, word: str) -> None:
    found = page(Status(job, pausable=True))
    assert f" is {word}" in " ".join(found.text.split())
    assert "until it is resumed" in found.text
    assert found.all("form", "action") == [f"{JOB_ADDRESS}/resume"]
    assert f"{JOB_ADDRESS}/resume" not in found.all("a", "href")
    assert f"{word}{job.progress} %" in page(JobsListed((job,), ListJobs(), None)).text


@pytest.mark.parametrize("job", JOBS)
def test_a_page_has_a_button_to_pause_where_that_is_offered_and_possible(job: Any) -> None:
    possible = job in (ACCEPTED, RUNNING)
    assert page(Status(job, pausable=True)).all("form", "action") == [f"{JOB_ADDRESS}/pause"] * possible
    assert page(Status(job)).all("form", "action") == []


def test_an_accepted_job_is_created_for_browsers_too() -> None:
    reply = write(Accepted(ACCEPTED), "/", "f=html")
    assert (reply.status, header(reply, "Location")) == (201, JOB_ADDRESS)


def test_the_page_of_results_shows_pictures_and_links_to_files() -> None:
    found = page(FILES)
    assert found.all("img", "src") == [f"{JOB_ADDRESS}/results/picture"]
    addresses = found.all("a", "href")
    assert f"{JOB_ADDRESS}/results/raster" in addresses
    assert "http://x.example/p.png" in addresses
    assert "1.5 MB" in found.text
    assert "10 bytes" in found.text
    assert "a <b>" in found.text


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (999_499, "999 kB"), (999_501, "1 MB"),
     (1_234_567, "1.23 MB"), (5 * 10**9, "5 GB"), (10**16, "1e+04 TB")],
)  # fmt: skip
def test_sizes_are_for_people(count: int, words: str) -> None:
    assert size(count) == words


def test_a_server_that_no_person_looks_at_loads_no_templates() -> None:
    code = (
        "import sys\n"
        "from azenha.domain.messages import ConformanceDescribed\n"
        "from azenha.protocols.http import HttpRequest, Site\n"
        "from azenha.protocols.ogcapi import OgcApi\n"
        "OgcApi().write(ConformanceDescribed(), HttpRequest('GET', '/conformance'), Site('http://x'))\n"
        "assert 'jinja2' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
