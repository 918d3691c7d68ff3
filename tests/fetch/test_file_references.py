"""References to files of this machine: what lies in a root is copied, and nothing else is seen."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from azenha.adapters.references import files
from azenha.adapters.references.fetching import References
from azenha.adapters.references.files import Files
from azenha.domain.addresses import AddressPolicy
from azenha.domain.errors import FetchFailed, ForbiddenAddress, TooLarge
from azenha.domain.roots import Folder
from azenha.settings import LimitSettings, ReferenceSettings
from azenha.usecases.ports import Ask, Fetched, Terms

posix = pytest.mark.skipif(os.name != "posix", reason="links and devices are others on Windows")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """With a file, and one beside it whose path begins with the same text."""
    root = tmp_path / "data"
    (root / "scenes").mkdir(parents=True)
    (root / "scenes" / "a b.tif").write_bytes(b"scene")
    (tmp_path / "database").mkdir()
    (tmp_path / "database" / "secret").write_bytes(b"secret")
    return root


def fetched(root: Path, path: Path | str, target: Path, **options: object) -> Fetched:
    url = path if isinstance(path, str) else path.as_uri()
    fetch = Files([Folder(str(root))], replace(LimitSettings(), fetched=1_000_000))
    return fetch(url, target, **options)  # type: ignore[arg-type]


def test_a_file_in_a_root_is_copied_with_its_name_and_progress(root: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    got = fetched(
        root,
        root / "scenes" / "a b.tif",
        tmp_path / "got",
        terms=Terms(on_progress=lambda *told: seen.append(told)),
    )
    assert got == Fetched(5, None, "a b.tif")
    assert (tmp_path / "got").read_bytes() == b"scene"
    assert seen == [(5, 5)]
    (tmp_path / "got").write_bytes(b"changed by the process")
    assert (root / "scenes" / "a b.tif").read_bytes() == b"scene"


def test_a_path_that_only_begins_like_a_root_is_outside(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ForbiddenAddress, match=r"in no folder that the operator allowed.*references\.roots"):
        fetched(root, tmp_path / "database" / "secret", tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_whether_a_file_is_there_outside_of_the_roots_is_not_told(root: Path, tmp_path: Path) -> None:
    said = set()
    for name in ("secret", "missing"):
        with pytest.raises(ForbiddenAddress) as found:
            fetched(root, tmp_path / "database" / name, tmp_path / "got")
        said.add(str(found.value).replace(name, "…"))
    assert len(said) == 1


@posix
@pytest.mark.parametrize("link", ["file", "folder", "chain"])
def test_a_link_that_leads_out_of_the_root_is_not_followed(root: Path, tmp_path: Path, link: str) -> None:
    match link:
        case "file":
            (root / "out").symlink_to(tmp_path / "database" / "secret")
            path = root / "out"
        case "folder":
            (root / "out").symlink_to("../database")
            path = root / "out" / "secret"
        case _:
            (root / "one").symlink_to("scenes/two")
            (root / "scenes" / "two").symlink_to("../../database")
            path = root / "one" / "secret"
    with pytest.raises(ForbiddenAddress, match="in no folder"):
        fetched(root, path, tmp_path / "got")


@posix
def test_a_link_that_stays_in_the_root_is_followed(root: Path, tmp_path: Path) -> None:
    (root / "latest").symlink_to("scenes")
    assert fetched(root, root / "latest" / "a b.tif", tmp_path / "got").name == "a b.tif"


@posix
def test_a_root_may_be_a_link_itself(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    for path in (root, tmp_path / "link"):
        fetched(tmp_path / "link", path / "scenes" / "a b.tif", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"scene"


@posix
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_swapped_for_a_link_between_check_and_opening_is_not_followed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The swap happens after the path was resolved and found inside, before anything is opened."""
    (root / "scenes" / "secret").write_bytes(b"public")
    opened = files._open_below

    def swapped(root: Path, names: tuple[str, ...]) -> int | None:
        scenes = root / "scenes"
        if what == "folder":
            scenes.rename(root / "moved")
            scenes.symlink_to(tmp_path / "database")
        else:
            (scenes / "secret").unlink()
            (scenes / "secret").symlink_to(tmp_path / "database" / "secret")
        return opened(root, names)

    monkeypatch.setattr(files, "_open_below", swapped)
    with pytest.raises(FetchFailed, match=r"cannot be read|no regular file"):
        fetched(root, root / "scenes" / "secret", tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_without_opening_by_name_the_check_is_made_after_opening(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    monkeypatch.setattr(files, "_BY_NAME", False)
    assert fetched(root, root / "scenes" / "a b.tif", tmp_path / "got").size == 5
    with pytest.raises(ForbiddenAddress):
        fetched(root, tmp_path / "database" / "secret", tmp_path / "got")


@posix
def test_only_regular_files_are_read(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe")
    for path in (root / "pipe", root / "scenes", root):
        with pytest.raises(FetchFailed, match="no regular file"):
            fetched(root, path, tmp_path / "got")
    with pytest.raises(FetchFailed, match="no regular file"):
        fetched(Path("/dev"), "file:///dev/null", tmp_path / "got")


@posix
def test_links_in_a_circle_and_missing_files_are_told(root: Path, tmp_path: Path) -> None:
    (root / "a").symlink_to("a")
    for name in ("a", "missing", "scenes/a b.tif/x"):
        with pytest.raises(FetchFailed, match="cannot be read"):
            fetched(root, root / name, tmp_path / "got")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:{root}/../database/secret", r"\.\."),
        ("file://elsewhere{root}/scenes/a%20b.tif", "another host"),
        ("file:scenes/a%20b.tif", "relative"),
    ],
)
def test_an_address_that_can_be_read_in_two_ways_is_refused(
    root: Path, tmp_path: Path, url: str, words: str
) -> None:
    with pytest.raises(ForbiddenAddress, match=words):
        fetched(root, url.format(root=root.as_posix()), tmp_path / "got")


def test_limits_hold_for_files_too(root: Path, tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match=r"more than 4 bytes .*limit of this input"):
        fetched(root, root / "scenes" / "a b.tif", tmp_path / "got", terms=Terms(limit=4))
    (root / "large").write_bytes(bytes(1_000_001))
    with pytest.raises(TooLarge, match=r"limits\.fetched"):
        fetched(root, root / "large", tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_a_file_that_changes_while_it_is_read_is_no_input(root: Path, tmp_path: Path) -> None:
    path = root / "growing"
    path.write_bytes(b"some")

    def grow(received: int, total: int | None) -> None:
        if path.stat().st_size < 100:
            path.write_bytes(path.read_bytes() + b"more" * 50)

    with pytest.raises(FetchFailed, match="changed while it was read"):
        fetched(root, path, tmp_path / "got", terms=Terms(on_progress=grow))
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize("ask", [Ask("POST"), Ask("GET", (("a", "b"),))])
def test_a_file_takes_no_method_and_no_headers(root: Path, tmp_path: Path, ask: Ask) -> None:
    with pytest.raises(FetchFailed, match="takes no method, headers or body"):
        fetched(root, root / "scenes" / "a b.tif", tmp_path / "got", ask=ask)


def test_without_roots_no_file_is_read(root: Path, tmp_path: Path) -> None:
    url = (root / "scenes" / "a b.tif").as_uri()
    for roots in ((), (str(root),)):
        fetch = References.of(
            AddressPolicy(), LimitSettings(), ReferenceSettings(roots=roots), tmp_path / "kept", {}
        )
        if roots:
            assert fetch(url, tmp_path / "got").size == 5
        else:
            with pytest.raises(ForbiddenAddress, match=r"https addresses are; .* references\.roots"):
                fetch(url, tmp_path / "got")


def test_a_redirection_never_leads_to_a_file(root: Path, tmp_path: Path) -> None:
    from webserver import serving

    with serving() as web:
        url = web.redirects("/a", (root / "scenes" / "a b.tif").as_uri())
        policy = AddressPolicy.of(("127.0.0.1",), ())
        settings = ReferenceSettings(roots=(str(root),))
        fetch = References.of(policy, LimitSettings(), settings, tmp_path / "kept", {})
        with pytest.raises(ForbiddenAddress, match="only http and https"):
            fetch(url, tmp_path / "got")
