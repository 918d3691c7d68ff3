"""Each dependency has a reason and a licence that is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from pages import DOCS, ROOT

# SPDX names of what may be brought along; a licence expression may combine them.
ALLOWED = {
    *("MIT", "MIT-CMU", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Zlib", "Apache-2.0"),
    *("PSF-2.0", "Python-2.0", "CC0-1.0", "MPL-2.0"),
}
# What packages write that give no SPDX expression: trove classifiers, or a word in the field License.
CLASSIFIERS = {
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
WORDS = {"MIT": "MIT", "BSD": "BSD-3-Clause", "BSD-3-Clause": "BSD-3-Clause", "Apache-2.0": "Apache-2.0"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def holds(marker: Marker | None, extras: set[str]) -> bool:
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras})


def asked() -> list[str]:
    """What azenha itself requires, as its metadata will say: what is installed may be older than pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].items()
    return [*project["dependencies"], *(f'{text}; extra == "{name}"' for name, of in extras for text in of)]


def required(name: str, extras: set[str], seen: set[str]) -> Iterator[metadata.Distribution]:
    """Everything installed that `name` requires, through all levels, each once."""
    for text in asked() if name == "azenha" else metadata.requires(name) or []:
        requirement = Requirement(text)
        found = plain(requirement.name)
        if found in seen or not holds(requirement.marker, extras):
            continue
        seen.add(found)
        try:
            yield metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            continue
        yield from required(requirement.name, set(requirement.extras), seen)


def installed() -> list[metadata.Distribution]:
    return list(required("azenha", {"examples", "formats", "s3"}, set()))


def licences(distribution: metadata.Distribution) -> set[str]:
    """SPDX names; what cannot be read stays as it is written, and so is not allowed."""
    about = distribution.metadata
    expression = about.get("License-Expression")
    if expression:
        return {word for word in re.split(r"[\s()]+", expression) if word not in ("", "AND", "OR", "WITH")}
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    if classifiers:
        return {CLASSIFIERS.get(c, c) for c in classifiers}
    word = (about.get("License") or "no licence given").strip()
    return {WORDS.get(word, word)}


def test_every_dependency_has_a_licence_that_is_allowed() -> None:
    found = {d.name: licences(d) - ALLOWED for d in installed()}
    assert {"SQLAlchemy", "starlette"} <= set(found)
    assert {name: bad for name, bad in found.items() if bad} == {}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("License-Expression: GPL-3.0-only OR MIT", {"GPL-3.0-only", "MIT"}),
        ("Classifier: License :: OSI Approved :: GNU Affero General Public License v3", None),
        ("License: Proprietary", {"Proprietary"}),
        ("Summary: nothing", {"no licence given"}),
    ],
)
def test_a_licence_that_is_not_allowed_would_be_seen(
    headers: str, expected: set[str] | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("x") / "x-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: x\nVersion: 1\n{headers}\n")
    found = licences(metadata.Distribution.at(folder))
    assert found - ALLOWED
    assert expected is None or found == expected


def table() -> dict[str, list[str]]:
    rows = re.findall(
        r"^\| (`.+?) \| (.+?) \| (.+?) \|$", (DOCS / "dependencies.md").read_text(), re.MULTILINE
    )
    return {
        plain(name): [licence, why] for names, licence, why in rows for name in re.findall(r"`(.+?)`", names)
    }


def test_every_direct_dependency_is_documented_with_licence_and_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [
        *project["dependencies"],
        *(t for extra in project["optional-dependencies"].values() for t in extra),
    ]
    direct = {plain(Requirement(text).name) for text in texts}
    documented = table()
    assert direct <= set(documented)
    assert all(all(cell.strip() for cell in documented[name]) for name in direct)


def test_the_table_names_only_what_is_required() -> None:
    names = {plain(d.name) for d in installed()}
    missing = {plain(Requirement(t).name) for t in asked()} - names
    assert set(table()) <= names | missing


def test_every_dependency_and_tool_has_a_pin() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    assert "://" not in pins
    pinned = {
        plain(Requirement(line).name) for line in pins.splitlines() if line and not line.startswith("#")
    }
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = {plain(Requirement(t).name) for group in groups.values() for t in group}
    assert wanted | {plain(d.name) for d in installed()} <= pinned
