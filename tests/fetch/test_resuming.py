"""What fails and may pass is tried again; what breaks off is resumed. Against servers on loopback."""

from __future__ import annotations

import gzip
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from test_fetcher import LIMITS, LOOPBACK, fetcher
from webserver import Web, serving

from azenha.domain.addresses import Address
from azenha.domain.errors import FetchFailed
from azenha.settings import ReferenceSettings
from azenha.usecases.ports import Ask, Terms

BODY = os.urandom(600_000)
OLD = "Tue, 01 Jan 2019 00:00:00 GMT"


def in_turn(web: Web, path: str, *answers: Callable[[], str]) -> str:
    """Each answer is set up when its turn comes; the last one stays."""
    turns = list(answers)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        (turns.pop(0) if len(turns) > 1 else turns[0])()
        chosen, web.answers[path] = web.answers[path], answer
        chosen(handler)

    web.answers[path] = answer
    return web.base + path


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_status_that_may_pass_is_asked_again_and_the_wait_is_told(
    web: Web, tmp_path: Path, status: int
) -> None:
    url = in_turn(
        web,
        "/a",
        lambda: web.gives("/a", b"later", status),
        lambda: web.gives("/a", b"later", status, Retry_After="7"),
        lambda: web.gives("/a", b"now"),
    )
    slept: list[float] = []
    said: list[str] = []
    with fetcher(sleep=slept.append) as fetch:
        fetch(url, tmp_path / "a", terms=Terms(say=said.append))
    assert (tmp_path / "a").read_bytes() == b"now"
    assert [text.partition(";")[0] for text in said] == [f"{status} {PHRASES[status]} from {url}"] * 2
    assert "attempt 3 of 4 in 7 s" in said[1]
    assert 7.4 < sum(slept) < 8  # half a second and a little, then what was asked for


PHRASES = {429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500])
def test_a_status_that_will_not_pass_is_asked_for_once(web: Web, tmp_path: Path, status: int) -> None:
    url = web.gives("/a", b"no", status)
    with fetcher() as fetch, pytest.raises(FetchFailed, match=rf"^{status} [^()]* from {url}$"):
        fetch(url, tmp_path / "a")
    assert len(web.asked) == 1


def test_attempts_end_and_the_error_counts_them(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"", 503)
    settings = replace(ReferenceSettings(), attempts=3)
    with fetcher(settings=settings) as fetch, pytest.raises(FetchFailed, match=r"^503 .* \(3 attempts\)$"):
        fetch(url, tmp_path / "a")
    assert len(web.asked) == 3


@pytest.mark.parametrize("after", ["3600", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_who_asks_for_too_long_a_wait_is_not_waited_for(web: Web, tmp_path: Path, after: str) -> None:
    url = web.gives("/a", b"", 503, Retry_After=after)
    with fetcher() as fetch, pytest.raises(FetchFailed, match=r"come again in .*setting references\.wait"):
        fetch(url, tmp_path / "a")
    assert len(web.asked) == 1


def test_the_time_of_a_fetch_is_bounded(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", BODY)
    settings = replace(ReferenceSettings(), time=1e-9)
    with (
        fetcher(settings=settings) as fetch,
        pytest.raises(FetchFailed, match=r"within 1e-09 s \(setting references\.time"),
    ):
        fetch(url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"HTTP/1.0 200 OK\r\nX-Endless: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;endless=", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"", b""),
    ],
    ids=["headers", "the head of a chunk", "content", "silence"],
)
def test_the_time_of_a_fetch_is_bounded_however_often_a_byte_comes(
    web: Web, tmp_path: Path, first: bytes, again: bytes
) -> None:
    url = web.redirects("/first", web.drips("/a", first, again))
    # Long enough that the second address is asked on a machine that has much else to do.
    settings = replace(ReferenceSettings(), time=2.0)
    began = time.monotonic()
    with (
        fetcher(settings=settings) as fetch,
        pytest.raises(FetchFailed, match=r"not all of it within 2 s \(setting references\.time\)"),
    ):
        fetch(url, tmp_path / "a")
    assert time.monotonic() - began < 30
    assert [path for path, _ in web.asked] == ["/first", "/a"]
    assert not (tmp_path / "a").exists()


def test_a_job_that_waits_can_be_dismissed(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"", 503)

    def dismissed(received: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with fetcher() as fetch, pytest.raises(KeyboardInterrupt):
        fetch(url, tmp_path / "a", terms=Terms(on_progress=dismissed))
    assert len(web.asked) == 1


def test_a_connection_that_is_refused_is_tried_again(tmp_path: Path) -> None:
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a"
        with fetcher() as fetch, pytest.raises(FetchFailed, match=r"no connection to .*\(4 attempts\)"):
            fetch(url, tmp_path / "a", terms=Terms(say=said.append))
    assert len(said) == 3


@pytest.mark.parametrize(("error", "asked"), [(socket.EAI_AGAIN, 4), (socket.EAI_NONAME, 1)])
def test_a_name_is_asked_for_again_only_where_the_failure_may_pass(
    tmp_path: Path, error: int, asked: int
) -> None:
    from azenha.adapters.references.download import Fetcher

    names: list[str] = []

    def nobody(host: str, port: int) -> list[Address]:
        names.append(host)
        raise socket.gaierror(error, "no")

    fetch = Fetcher(LOOPBACK, LIMITS, nobody, sleep=lambda seconds: None)
    with fetch, pytest.raises(FetchFailed, match="is not known"):
        fetch("http://no.example/a", tmp_path / "a")
    assert len(names) == asked


def test_what_was_posted_is_not_posted_again(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"", 503)
    body = tmp_path / "body"
    body.write_bytes(b"<q/>")
    with fetcher() as fetch, pytest.raises(FetchFailed, match=r"^503"):
        fetch(url, tmp_path / "a", ask=Ask("POST", (), body))
    assert web.posted == [b"<q/>"]


def test_what_could_not_be_posted_is_posted_later(web: Web, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    said: list[str] = []
    with (
        fetcher() as fetch,
        pytest.raises(FetchFailed, match="4 attempts"),
    ):
        fetch(f"http://127.0.0.1:{closed}/a", tmp_path / "a", ask=Ask("POST"), terms=Terms(say=said.append))
    assert len(said) == 3


def test_a_post_that_was_redirected_to_a_closed_port_is_not_posted_again(web: Web, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = web.redirects("/a", f"http://127.0.0.1:{taken.getsockname()[1]}/", 303)
        with fetcher() as fetch, pytest.raises(FetchFailed, match="no connection"):
            fetch(url, tmp_path / "a", ask=Ask("POST"))
    assert len(web.posted) == 1


@pytest.mark.parametrize(
    "headers", [{"ETag": '"1"'}, {"Last_Modified": OLD}, {"ETag": 'W/"1"', "Last_Modified": OLD}]
)
def test_what_breaks_off_is_resumed_where_it_did(web: Web, tmp_path: Path, headers: dict[str, str]) -> None:
    url = web.has("/a", BODY, [200_000, 300_000], **headers)
    seen: list[tuple[int, int | None]] = []
    with fetcher() as fetch:
        got = fetch(
            url, tmp_path / "a", terms=Terms(on_progress=lambda done, total: seen.append((done, total)))
        )
    assert (tmp_path / "a").read_bytes() == BODY
    assert got.size == len(BODY)
    assert [sent.get("Range") for _, sent in web.asked] == [None, "bytes=200000-", "bytes=500000-"]
    strong = headers["ETag"] if headers.get("ETag") == '"1"' else OLD
    assert [sent.get("If-Range") for _, sent in web.asked] == [None, strong, strong]
    assert {total for _, total in seen} == {len(BODY)}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}, {"ETag": '"1"', "Accept_Ranges": "none"}])
def test_without_a_strong_validator_it_is_fetched_anew(
    web: Web, tmp_path: Path, headers: dict[str, str]
) -> None:
    url = web.has("/a", BODY, [200_000], **headers)
    with fetcher() as fetch:
        fetch(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    assert [sent.get("Range") for _, sent in web.asked] == [None, None]


def test_a_file_that_was_modified_just_now_may_have_been_modified_twice(web: Web, tmp_path: Path) -> None:
    from email.utils import formatdate

    url = web.has("/a", BODY, [200_000], Last_Modified=formatdate(usegmt=True))
    with fetcher() as fetch:
        fetch(url, tmp_path / "a")
    assert "If-Range" not in web.asked[1][1]


def test_what_changed_meanwhile_is_fetched_anew_and_not_pieced_together(web: Web, tmp_path: Path) -> None:
    new = b"new" * 1000
    url = in_turn(
        web,
        "/a",
        lambda: web.has("/a", BODY, [200_000], ETag='"1"'),
        lambda: web.has("/a", new, ETag='"2"'),
    )
    with fetcher() as fetch:
        got = fetch(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == new
    assert got.size == len(new)
    assert web.asked[1][1]["If-Range"] == '"1"'


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (206, {"ETag": '"1"', "Content_Range": "bytes 0-599999/600000"}),
        (206, {"ETag": '"2"', "Content_Range": "bytes 200000-599999/600000"}),
        (206, {"ETag": '"1"', "Content_Range": "bytes 200000-599999/700000"}),
        (206, {"ETag": '"1"'}),
        (416, {}),
    ],
)
def test_an_answer_that_is_not_the_rest_is_not_taken_for_it(
    web: Web, tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    url = in_turn(
        web,
        "/a",
        lambda: web.has("/a", BODY, [200_000], ETag='"1"'),
        lambda: web.gives("/a", b"x" * 400_000, status, **headers),
        lambda: web.has("/a", BODY, ETag='"1"'),
    )
    with fetcher() as fetch:
        fetch(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    assert [sent.get("Range") for _, sent in web.asked] == [None, "bytes=200000-", None]


def test_a_rest_that_comes_in_portions_is_put_together(web: Web, tmp_path: Path) -> None:
    url = in_turn(
        web,
        "/a",
        lambda: web.has("/a", BODY, [200_000], ETag='"1"'),
        lambda: web.gives("/a", BODY[200_000:400_000], 206, Content_Range="bytes 200000-399999/600000"),
        lambda: web.has("/a", BODY, ETag='"1"'),
    )
    with fetcher() as fetch:
        fetch(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY


def test_compressed_content_is_resumed_too(web: Web, tmp_path: Path) -> None:
    body = BODY + bytes(100_000)
    url = web.has("/a", gzip.compress(body), [200_000, 100_000], ETag='"1"', Content_Encoding="gzip")
    with fetcher() as fetch:
        assert fetch(url, tmp_path / "a").size == len(body)
    assert (tmp_path / "a").read_bytes() == body
    assert len(web.asked) == 3


def test_a_redirection_to_another_place_is_no_rest_of_the_first(web: Web, tmp_path: Path) -> None:
    other = b"other" * 100_000
    url = in_turn(
        web,
        "/a",
        lambda: web.redirects("/a", web.has("/one", BODY, [200_000], ETag='"1"')),
        lambda: web.redirects("/a", web.has("/two", other, ETag='"1"')),
    )
    with fetcher() as fetch:
        fetch(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == other


def test_a_range_is_not_asked_of_another_host(web: Web, tmp_path: Path) -> None:
    with serving() as other:
        target = other.has("/b", BODY, [200_000], ETag='"1"')
        url = web.redirects("/a", target)
        with fetcher() as fetch:
            fetch(url, tmp_path / "a")
        assert [sent.get("Range") for _, sent in web.asked] == [None, None]
        assert [sent.get("Range") for _, sent in other.asked] == [None, "bytes=200000-"]
    assert (tmp_path / "a").read_bytes() == BODY


def test_what_always_breaks_off_is_never_taken_for_the_whole(web: Web, tmp_path: Path) -> None:
    url = web.has("/a", BODY, [1000] * 10, ETag='"1"')
    with fetcher() as fetch, pytest.raises(FetchFailed, match=r"broken answer.*\(4 attempts\)"):
        fetch(url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("headers", "asked"), [({}, 4), ({"ETag": '"1"'}, 8)])
def test_attempts_are_counted_anew_only_for_what_no_attempt_had_brought_before(
    web: Web, tmp_path: Path, headers: dict[str, str], asked: int
) -> None:
    """Seven times it breaks off after a MiB: resumed, that is on and on; from the beginning, it is nothing new."""
    body = bytes(7_500_000)
    url = web.has("/a", body, [1_048_576] * 7, **headers)
    with fetcher(limits=replace(LIMITS, fetched=10_000_000)) as fetch:
        if headers:
            assert fetch(url, tmp_path / "a").size == len(body)
        else:
            with pytest.raises(FetchFailed, match="4 attempts"):
                fetch(url, tmp_path / "a")
    assert len(web.asked) == asked


def test_a_clients_own_range_is_left_alone_and_its_part_is_no_input(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"part", 206, Content_Range="bytes 0-3/8", ETag='"1"')
    with fetcher() as fetch, pytest.raises(FetchFailed, match=r"^206"):
        fetch(url, tmp_path / "a", ask=Ask("GET", (("Range", "bytes=0-3"),)))


# -- compression ---------------------------------------------------------------------------------


def raw_deflate(data: bytes) -> bytes:
    import zlib

    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("wrapped", [True, False])
def test_deflate_is_undone_with_its_wrapping_and_without(web: Web, tmp_path: Path, wrapped: bool) -> None:
    import zlib

    packed = zlib.compress(BODY) if wrapped else raw_deflate(BODY)
    url = web.gives("/a", packed, Content_Encoding="deflate")
    with fetcher() as fetch:
        fetch(url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY


@pytest.mark.parametrize("packed", [b"", b"x", raw_deflate(BODY)[:-5], raw_deflate(BODY) + b"more"])
def test_broken_deflate_is_no_input(web: Web, tmp_path: Path, packed: bytes) -> None:
    url = web.gives("/a", packed, Content_Encoding="deflate")
    with fetcher() as fetch, pytest.raises(FetchFailed, match="broken deflate"):
        fetch(url, tmp_path / "a")


def test_content_that_unfolds_to_many_times_its_size_is_refused_as_it_grows(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", gzip.compress(bytes(30_000_000)), Content_Encoding="gzip")
    limits = replace(LIMITS, fetched=1 << 40)
    with fetcher(limits=limits) as fetch, pytest.raises(Exception, match=r"setting references\.expansion"):
        fetch(url, tmp_path / "a")
    with fetcher(limits=limits, settings=replace(ReferenceSettings(), expansion=2000)) as fetch:
        assert fetch(url, tmp_path / "a").size == 30_000_000


def test_an_endless_row_of_empty_members_counts_as_it_comes(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", gzip.compress(b"") * 100_000, Content_Encoding="gzip")
    with fetcher() as fetch, pytest.raises(Exception, match="more than 1000000 bytes"):
        fetch(url, tmp_path / "a")
