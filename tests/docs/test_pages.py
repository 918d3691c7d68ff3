"""The documentation says what is there, and nothing else."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import util
from pathlib import Path

import diagram
import errors as error_tables
import pytest
import yaml
from pages import DOCS, ROOT, anchors, blocks, links, pages, prose

import azenha
from azenha.authoring.options import Options
from azenha.domain.job import TRANSITIONS, JobState


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("name", names(pages()))
def test_every_link_inside_the_documentation_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.is_file(), f"{name} links to '{link}'"
        assert target.is_relative_to(ROOT), f"{name} links out of the checkout: '{link}'"
        assert not anchor or anchor in anchors(target), f"{name} links to '{link}', no such heading"


def test_every_page_is_in_the_navigation_and_the_navigation_names_pages_alone() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    tree = yaml.safe_load(re.sub(r"!!python/name:\S+", "null", text))["nav"]

    def leaves(node: object) -> list[str]:
        if isinstance(node, str):
            return [node]
        children = node.values() if isinstance(node, dict) else node
        return [leaf for child in children for leaf in leaves(child)]  # type: ignore[attr-defined]

    assert sorted(leaves(tree)) == sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))


def test_the_state_diagram_is_the_table_of_states() -> None:
    assert diagram.PAGE.read_text(encoding="utf-8") == diagram.page(), "run: make diagram"


def test_the_diagram_has_every_state_and_every_arrow() -> None:
    drawn = diagram.diagram()
    assert all(state in drawn for state in JobState)
    arrows = sum(map(len, TRANSITIONS.values()))
    ends = sum(not arrows for arrows in TRANSITIONS.values())
    assert drawn.count("-->") == arrows + ends + 2  # a job begins as created or as accepted


def test_the_tables_of_errors_are_those_that_the_server_answers_by() -> None:
    assert error_tables.PAGE.read_text(encoding="utf-8") == error_tables.page(), "run: make diagram"


def test_the_reference_of_authoring_names_all_that_authors_import_and_every_option() -> None:
    text = (DOCS / "reference/authoring.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", text))
    assert set(azenha.__all__) - {"process"} <= words
    options = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text.partition("## Options")[2], re.MULTILINE)
    documented = {name for row in options for name in re.findall(r"`(\w+)`", row)}
    assert set(inspect.signature(Options).parameters) <= documented


def test_the_commands_of_the_readme_and_of_contributing_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/conformance.md",
        "docs/how-to/chaos-and-benchmarks.md",
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        used = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
        assert used <= targets, name
    readme = [b.text for b in blocks(ROOT / "README.md")]
    assert "make run\nmake test\n" in readme


def test_plain_make_lists_every_target() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    assert all(re.search(rf"^  {target} ", shown, re.MULTILINE) for target in phony)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/conformance.md"])
def test_files_that_are_named_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in re.findall(r"`((?:src|tests|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), f"{name} names {path}"


def test_the_reading_order_is_of_five_files() -> None:
    listed = re.findall(r"^\d\. `(src/azenha/[\w/]+\.py)`", prose(ROOT / "CONTRIBUTING.md"), re.MULTILINE)
    assert len(listed) == 5
    assert all((ROOT / path).is_file() for path in listed)


def test_the_changelog_has_an_entry_for_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert any(azenha.__version__ in section and "\n- " in section for section in sections)


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    if util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed (make docs installs it)")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "index.html").is_file()
