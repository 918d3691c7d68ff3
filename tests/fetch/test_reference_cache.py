"""What is kept of references, when it is given out, and when not. Against servers on loopback."""

from __future__ import annotations

import gzip
import os
import threading
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest
from test_fetcher import LIMITS, fetcher
from webserver import Web, serving

from azenha.adapters.references.cache import Cache, key
from azenha.adapters.references.part import Served
from azenha.domain.errors import TooLarge
from azenha.usecases.ports import Ask, Fetched, Terms

MIB = 1 << 20
BODY = os.urandom(300_000)
OLD = "Tue, 01 Jan 2019 00:00:00 GMT"
SERVED = Served("somewhere", "image/tiff", "a.tif", '"1"', None, True)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", 100 * MIB)


def got(
    url: str,
    folder: Path,
    cache: Cache,
    ask: Ask = Ask(),  # noqa: B008 - frozen
    said: list[str] | None = None,
) -> tuple[Fetched, bytes]:
    """As a job of its own would fetch it."""
    with fetcher(cache=cache) as fetch:
        fetched = fetch(url, folder / "a", ask=ask, terms=Terms(say=None if said is None else said.append))
    return fetched, (folder / "a").read_bytes()


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "cache").glob("*")) if (folder / "cache").is_dir() else []


def sent_conditions(web: Web) -> list[tuple[str | None, str | None]]:
    return [(sent.get("If-None-Match"), sent.get("If-Modified-Since")) for _, sent in web.asked]


@pytest.mark.parametrize(
    ("headers", "condition"),
    [
        ({"ETag": '"1"'}, ('"1"', None)),
        ({"ETag": 'W/"1"'}, ('W/"1"', None)),
        ({"Last_Modified": OLD}, (None, OLD)),
        ({"ETag": '"1"', "Last_Modified": OLD}, ('"1"', OLD)),
    ],
)
def test_the_next_job_asks_whether_it_changed_and_gets_what_was_kept(
    web: Web, tmp_path: Path, cache: Cache, headers: dict[str, str], condition: tuple[str | None, str | None]
) -> None:
    url = web.has("/dem.tif", BODY, Content_Type="image/tiff", **headers)
    first = got(url, tmp_path, cache)
    said: list[str] = []
    assert got(url, tmp_path, cache, said=said) == first
    assert first == (Fetched(len(BODY), "image/tiff", "dem.tif"), BODY)
    assert sent_conditions(web) == [(None, None), condition]
    assert said == ["it was fetched before and has not changed: 300,000 bytes were copied"]


def test_the_file_of_a_job_is_its_own_what_it_does_to_it_changes_nothing_kept(
    web: Web, tmp_path: Path, cache: Cache
) -> None:
    url = web.has("/a", BODY, ETag='"1"')
    for _ in range(3):
        assert got(url, tmp_path, cache)[1] == BODY
        assert (tmp_path / "a").stat().st_nlink == 1
        (tmp_path / "a").write_bytes(b"changed by the process")


def test_what_changed_replaces_what_was_kept(web: Web, tmp_path: Path, cache: Cache) -> None:
    url = web.has("/a", BODY, ETag='"1"')
    got(url, tmp_path, cache)
    web.has("/a", b"new", ETag='"2"')
    assert got(url, tmp_path, cache)[1] == b"new"
    assert got(url, tmp_path, cache)[1] == b"new"
    assert sent_conditions(web) == [(None, None), ('"1"', None), ('"2"', None)]
    assert len(entries(tmp_path)) == 1


def test_what_changed_and_breaks_off_is_resumed_by_its_own_validator(
    web: Web, tmp_path: Path, cache: Cache
) -> None:
    url = web.has("/a", b"old", ETag='"1"')
    got(url, tmp_path, cache)
    web.has("/a", BODY, [100_000], ETag='"2"')
    assert got(url, tmp_path, cache)[1] == BODY
    last = web.asked[-1][1]
    assert (last["If-Range"], last["Range"]) == ('"2"', "bytes=100000-")
    assert "If-None-Match" not in last


def test_compressed_content_is_kept_unfolded(web: Web, tmp_path: Path, cache: Cache) -> None:
    url = web.has("/a", gzip.compress(BODY), ETag='"1"', Content_Encoding="gzip")
    assert got(url, tmp_path, cache) == got(url, tmp_path, cache)
    assert (tmp_path / "a").read_bytes() == BODY
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": '"1"', "Cache_Control": "no-store"},
        {"ETag": '"1"', "Cache_Control": "max-age=60, Private"},
        {"ETag": '"1"', "Cache_Control": 'private="set-cookie"'},
        {"ETag": '"1"', "Vary": "*"},
        {"Last_Modified": "now"},
    ],
)
def test_what_may_not_be_kept_is_not(web: Web, tmp_path: Path, cache: Cache, headers: dict[str, str]) -> None:
    now = formatdate(usegmt=True)  # a change in the same second would not show
    url = web.has("/a", BODY, **{name: now if value == "now" else value for name, value in headers.items()})
    got(url, tmp_path, cache)
    assert entries(tmp_path) == []


@pytest.mark.parametrize(
    "ask",
    [
        Ask("GET", (("Authorization", "Bearer x"),)),
        Ask("GET", (("cookie", "a=b"),)),
        Ask("GET", (("Cache-Control", "no-store"),)),
        Ask("GET", (("If-None-Match", '"0"'),)),
        Ask("POST"),
    ],
)
def test_what_was_asked_for_in_person_or_posted_is_not_kept(
    web: Web, tmp_path: Path, cache: Cache, ask: Ask
) -> None:
    url = web.has("/a", BODY, ETag='"1"')
    assert got(url, tmp_path, cache, ask)[1] == BODY
    assert entries(tmp_path) == []


def test_what_is_kept_is_not_given_to_one_who_asks_in_person(web: Web, tmp_path: Path, cache: Cache) -> None:
    url = web.has("/a", BODY, ETag='"1"')
    got(url, tmp_path, cache)
    got(url, tmp_path, cache, Ask("GET", (("Authorization", "Bearer x"),)))
    assert sent_conditions(web) == [(None, None)] * 2


def test_an_answer_to_a_cookie_of_another_reference_is_not_kept(
    web: Web, tmp_path: Path, cache: Cache
) -> None:
    cookie = web.gives("/login", b"", Set_Cookie="id=1; Path=/")
    url = web.has("/a", BODY, ETag='"1"')
    with fetcher(cache=cache) as fetch:
        fetch(cookie, tmp_path / "login")
        fetch(url, tmp_path / "a")
    assert web.asked[1][1]["Cookie"] == "id=1"
    assert entries(tmp_path) == []


def test_other_headers_are_another_entry(web: Web, tmp_path: Path, cache: Cache) -> None:
    url = web.has("/a", BODY, ETag='"1"')
    for language in ("en", "pt", "en"):
        got(url, tmp_path, cache, Ask("GET", (("Accept-Language", language),)))
    assert sent_conditions(web) == [(None, None), (None, None), ('"1"', None)]


def test_a_key_knows_addresses_and_headers_but_no_fragment() -> None:
    one = key("http://a/b?c#d", [("X", "1"), ("y", "2")])
    assert one == key("http://a/b?c#other", [("Y", "2"), ("x", "1")])
    assert len({one, key("http://a/b", [("X", "1"), ("y", "2")]), key("http://a/b?c", [("X", "2")])}) == 3


def test_a_redirection_that_leads_elsewhere_now_is_not_asked_with_the_validator_of_before(
    web: Web, tmp_path: Path, cache: Cache
) -> None:
    web.has("/one", BODY, ETag='"1"')
    web.has("/two", b"two", ETag='"1"')  # the same text, of other content
    url = web.redirects("/a", "/one")
    assert got(url, tmp_path, cache)[1] == BODY
    assert got(url, tmp_path, cache)[1] == BODY
    assert web.asked[-1][1]["If-None-Match"] == '"1"'
    web.redirects("/a", "/two")
    assert got(url, tmp_path, cache)[1] == b"two"


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "short", "text"])
def test_a_damaged_entry_is_thrown_away_and_the_content_fetched_anew(
    web: Web, tmp_path: Path, cache: Cache, harm: str
) -> None:
    url = web.has("/a", BODY, ETag='"1"')
    got(url, tmp_path, cache)
    (entry,) = entries(tmp_path)
    data = bytearray(entry.read_bytes())
    match harm:
        case "flip":
            data[1000] ^= 1
        case "cut":
            del data[1000:2000]
        case "empty":
            data.clear()
        case "short":
            del data[-3:]
        case "text":
            data[-50] ^= 0x55
    entry.write_bytes(data)
    assert got(url, tmp_path, cache)[1] == BODY
    assert got(url, tmp_path, cache)[1] == BODY
    assert web.asked[-1][1]["If-None-Match"] == '"1"'


def test_the_limit_of_an_input_holds_for_what_is_kept(web: Web, tmp_path: Path, cache: Cache) -> None:
    url = web.has("/a", BODY, ETag='"1"')
    got(url, tmp_path, cache)
    with fetcher(cache=cache) as fetch, pytest.raises(TooLarge, match="limit of this input"):
        fetch(url, tmp_path / "b", terms=Terms(limit=1000))
    assert not (tmp_path / "b").exists()
    small = replace(LIMITS, fetched=1000)
    with fetcher(limits=small, cache=cache) as fetch, pytest.raises(TooLarge, match=r"limits\.fetched"):
        fetch(url, tmp_path / "b")


def filled(cache: Cache, folder: Path, name: str, size: int) -> str:
    content = folder / "content"
    content.write_bytes(name.encode() * size)
    same = key(name, ())
    cache.keep(same, content, SERVED)
    return same


def is_there(cache: Cache, same: str) -> bool:
    found = cache.find(same)
    if found is not None:
        found.close()
    return found is not None


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 4 * MIB)
    a, b, c = (filled(cache, tmp_path, name, MIB) for name in "abc")
    for age, same in ((30, a), (20, b), (10, c)):
        path = tmp_path / "cache" / f"{same}.entry"
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    assert is_there(cache, a)  # and so it was used
    d = filled(cache, tmp_path, "d", MIB)
    assert [is_there(cache, same) for same in (a, b, c, d)] == [True, False, True, True]
    assert sum(path.stat().st_size for path in entries(tmp_path)) <= 4 * MIB


def test_what_is_larger_than_all_that_may_be_kept_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", MIB)
    a = filled(cache, tmp_path, "a", 100)
    assert not is_there(cache, filled(cache, tmp_path, "b", 2 * MIB))
    assert is_there(cache, a)


def test_what_a_killed_job_left_half_written_is_removed_when_it_is_old(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 4 * MIB)
    filled(cache, tmp_path, "a", 1)
    old, new = (tmp_path / "cache" / name for name in ("old.part", "new.part"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    filled(cache, tmp_path, "b", 1)
    assert (old.exists(), new.exists()) == (False, True)


def test_an_entry_that_is_removed_meanwhile_is_given_out_whole(tmp_path: Path, cache: Cache) -> None:
    same = filled(cache, tmp_path, "a", MIB)
    kept = cache.find(same)
    assert kept is not None
    if os.name == "posix":
        kept.drop()
    with (tmp_path / "copy").open("wb") as file:
        kept.copy(file, lambda done, total: None)
    kept.close()
    assert (tmp_path / "copy").read_bytes() == b"a" * MIB


def test_many_jobs_at_once_use_one_folder(tmp_path: Path) -> None:
    """Little room, so that each removes what others have just kept or are reading."""
    bodies = {f"/{n}": os.urandom(200_000 + n) for n in range(6)}
    wrong: list[object] = []

    def job(number: int) -> None:
        cache = Cache(tmp_path / "cache", MIB)
        own = tmp_path / str(number)
        own.mkdir()
        for turn in range(12):
            path = f"/{(number + turn * 5) % 6}"
            try:
                if got(web.base + path, own, cache)[1] != bodies[path]:
                    wrong.append(path)
            except Exception as error:
                wrong.append(error)

    with serving() as web:
        for path, body in bodies.items():
            web.has(path, body, ETag=f'"{path}"')
        jobs = [threading.Thread(target=job, args=(number,)) for number in range(4)]
        for one in jobs:
            one.start()
        for one in jobs:
            one.join()
    assert wrong == []
    assert any("If-None-Match" in sent for _, sent in web.asked)
    assert sum(path.stat().st_size for path in entries(tmp_path)) <= MIB
    assert not list((tmp_path / "cache").glob("*.part"))


def test_where_nothing_can_be_kept_the_job_goes_on_and_says_so(web: Web, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    said: list[str] = []
    url = web.has("/a", BODY, ETag='"1"')
    assert got(url, tmp_path, Cache(tmp_path / "cache", 100 * MIB), said=said)[1] == BODY
    assert said[0].startswith("it could not be kept for the next job: ")
