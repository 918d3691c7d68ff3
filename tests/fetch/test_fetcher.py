"""The outgoing client against servers on loopback: nothing here reaches a network."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from webserver import Web, serving

from azenha.adapters.http import PIECE
from azenha.adapters.references.attempts import Sleep
from azenha.adapters.references.cache import Cache
from azenha.adapters.references.download import Fetcher
from azenha.adapters.references.unfolding import Unfolding
from azenha.domain.addresses import Address, AddressPolicy
from azenha.domain.errors import FetchFailed, ForbiddenAddress, TooLarge
from azenha.settings import LimitSettings, ReferenceSettings
from azenha.usecases.ports import Terms

LIMITS = replace(LimitSettings(), fetched=1_000_000, connect=5.0, silence=5.0, redirects=3)
LOOPBACK = AddressPolicy.of(("127.0.0.1",), ())


@contextmanager
def fetcher(
    policy: AddressPolicy = LOOPBACK,
    limits: LimitSettings = LIMITS,
    names: dict[str, list[str]] | None = None,
    settings: ReferenceSettings = ReferenceSettings(),  # noqa: B008 - frozen
    sleep: Sleep = lambda seconds: None,
    cache: Cache | None = None,
) -> Iterator[Fetcher]:
    def resolve(host: str, port: int) -> list[Address]:
        known = (names or {}).get(host, [host])
        return [ip_address(text) for text in known]

    with Fetcher(policy, limits, resolve, settings, cache, sleep) as fetch:
        yield fetch


def test_content_arrives_in_the_file_with_its_type_name_and_progress(web: Web, tmp_path: Path) -> None:
    body = b"x" * 700_000
    url = web.gives("/data/scene%20one.tif?v=1", body, Content_Type="image/tiff; application=geotiff")
    seen: list[tuple[int, int | None]] = []
    with fetcher() as fetch:
        got = fetch(
            url, tmp_path / "a", terms=Terms(on_progress=lambda done, total: seen.append((done, total)))
        )
    assert (tmp_path / "a").read_bytes() == body
    assert (got.size, got.media_type, got.name) == (
        len(body),
        "image/tiff; application=geotiff",
        "scene one.tif",
    )
    assert seen[-1] == (len(body), len(body))
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="dem.tif"', "dem.tif"),
        ("attachment; filename*=UTF-8''r%C3%A3.tif", "rã.tif"),
        ("inline", "download"),
        (
            "inline; filename*=a; filename*0*=UTF-8''b; filename*1=c",
            "download",
        ),  # no reader knows what is meant
        (
            'attachment; filename="../../etc/passwd"',
            "../../etc/passwd",
        ),  # whoever makes a path of it takes care
    ],
)
def test_the_server_may_name_the_file(web: Web, tmp_path: Path, disposition: str, name: str) -> None:
    url = web.gives("/download", b"1", Content_Disposition=disposition)
    with fetcher() as fetch:
        assert fetch(url, tmp_path / "a").name == name


def test_the_name_stays_and_the_connection_goes_to_the_checked_address(web: Web, tmp_path: Path) -> None:
    web.gives("/a", b"1")
    with fetcher(names={"data.example": ["127.0.0.1"]}) as fetch:
        fetch(f"http://data.example:{web.port}/a", tmp_path / "a")
    assert web.asked[0][1]["Host"] == f"data.example:{web.port}"


def test_the_second_address_is_tried_where_the_first_does_not_answer(web: Web, tmp_path: Path) -> None:
    web.gives("/a", b"1")
    policy = AddressPolicy.of(("127.0.0.0/8",), ())
    with fetcher(policy, names={"two.example": ["127.0.0.9", "127.0.0.1"]}) as fetch:
        fetch(f"http://two.example:{web.port}/a", tmp_path / "a")


def test_loopback_is_refused_unless_allowed_and_no_connection_is_made(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"secret")
    with (
        fetcher(AddressPolicy()) as fetch,
        pytest.raises(ForbiddenAddress, match=r"loopback.*addresses\.allow"),
    ):
        fetch(url, tmp_path / "a")
    assert web.asked == []
    assert not (tmp_path / "a").exists()


def test_a_name_that_resolves_to_loopback_is_refused(web: Web, tmp_path: Path) -> None:
    web.gives("/a", b"secret")
    with Fetcher(AddressPolicy(), LIMITS) as fetch, pytest.raises(ForbiddenAddress, match=r"'localhost' \("):
        fetch(f"http://localhost:{web.port}/a", tmp_path / "a")
    assert web.asked == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_loopback_in_disguise_is_refused(web: Web, tmp_path: Path, host: str) -> None:
    with Fetcher(AddressPolicy(), LIMITS) as fetch, pytest.raises((ForbiddenAddress, FetchFailed)):
        fetch(f"http://{host}:{web.port}/a", tmp_path / "a")
    assert web.asked == []


def test_a_name_with_one_private_address_among_public_ones_is_refused(web: Web, tmp_path: Path) -> None:
    with (
        fetcher(AddressPolicy(), names={"mixed.example": ["8.8.8.8", "10.0.0.1"]}) as fetch,
        pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1.*private"),
    ):
        fetch("http://mixed.example/a", tmp_path / "a")


def test_a_redirect_is_followed_where_it_is_allowed(web: Web, tmp_path: Path) -> None:
    web.gives("/b/final.csv", b"a,b")
    url = web.redirects("/start.csv", "/b/final.csv", 307)
    with fetcher() as fetch:
        assert fetch(url, tmp_path / "a").name == "start.csv"
    assert (tmp_path / "a").read_bytes() == b"a,b"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://127.0.0.2:{port}/secret", "127.0.0.2.*loopback"),
        ("http://169.254.169.254/latest/", "metadata"),
        ("http://[::1]:{port}/secret", "loopback"),
        ("//10.0.0.1/secret", "private"),
        ("file:///etc/passwd", "only http and https"),
        ("http://a:b@127.0.0.1:{port}/secret", "user or password"),
    ],
)
def test_a_redirect_from_an_allowed_to_a_forbidden_address_is_refused_and_says_where_from(
    web: Web, tmp_path: Path, target: str, words: str
) -> None:
    url = web.redirects("/start", target.format(port=web.port))
    with fetcher() as fetch, pytest.raises(ForbiddenAddress, match=f"{words}.*redirected from {url}"):
        fetch(url, tmp_path / "a")
    assert [path for path, _ in web.asked] == ["/start"]


def test_redirects_in_a_circle_end_at_the_limit(web: Web, tmp_path: Path) -> None:
    url = web.redirects("/a", "/a")
    with (
        fetcher() as fetch,
        pytest.raises(FetchFailed, match=r"more than 3 redirects \(setting limits\.redirects\)"),
    ):
        fetch(url, tmp_path / "a")
    assert len(web.asked) == 4


@pytest.mark.parametrize("status", [204, 206, 300, 304, 400, 401, 404, 500, 503])
def test_every_status_but_200_is_an_error_whose_body_is_no_input(
    web: Web, tmp_path: Path, status: int
) -> None:
    url = web.gives("/a", b"" if status in (204, 304) else b"<h1>sorry</h1>", status)
    with fetcher() as fetch, pytest.raises(FetchFailed, match=rf"^{status} .* from {url}"):
        fetch(url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_more_than_the_limit_is_refused_by_its_announcement(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"", Content_Length="1000001")
    with fetcher() as fetch, pytest.raises(TooLarge, match=r"more than 1000000 bytes .*limits\.fetched"):
        fetch(url, tmp_path / "a")


def test_more_than_the_limit_is_refused_while_it_streams(web: Web, tmp_path: Path) -> None:
    body = b"".join(b"8000\r\n" + b"x" * 0x8000 + b"\r\n" for _ in range(40)) + b"0\r\n\r\n"
    url = web.gives("/a", body, Transfer_Encoding="chunked")
    with fetcher() as fetch, pytest.raises(TooLarge, match="more than 1000000 bytes"):
        fetch(url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_limit_of_the_input_comes_before_the_servers(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"12345678901")
    with fetcher() as fetch, pytest.raises(TooLarge, match=r"more than 10 bytes .*limit of this input"):
        fetch(url, tmp_path / "a", terms=Terms(limit=10))


def test_exactly_the_limit_is_not_too_large(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"1234567890")
    with fetcher() as fetch:
        assert fetch(url, tmp_path / "a", terms=Terms(limit=10)).size == 10


def test_compressed_content_is_unfolded_and_several_members_are_one_file(web: Web, tmp_path: Path) -> None:
    body = b"0123456789" * 60_000
    url = web.gives("/a", gzip.compress(body) + gzip.compress(b"end"), Content_Encoding="gzip")
    with fetcher() as fetch:
        assert fetch(url, tmp_path / "a").size == len(body) + 3
    assert (tmp_path / "a").read_bytes() == body + b"end"


def test_unfolded_bytes_count(web: Web, tmp_path: Path) -> None:
    url = web.gives("/bomb", gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    with fetcher() as fetch, pytest.raises(TooLarge, match="more than 1000000 bytes"):
        fetch(url, tmp_path / "a")


def test_a_small_answer_that_unfolds_without_end_does_so_piece_by_piece() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    sizes = [len(piece) for piece in Unfolding("gzip", "there").feed(bomb)]
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= PIECE


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (gzip.compress(b"x" * 100, mtime=0)[:-9], "gzip", "ends too early"),
        (b"no gzip at all", "gzip", "broken gzip"),
        (b"?", "br", "Content-Encoding 'br'"),
    ],
)
def test_broken_or_unknown_compression_is_no_input(
    web: Web, tmp_path: Path, body: bytes, encoding: str, words: str
) -> None:
    url = web.gives("/a", body, Content_Encoding=encoding)
    with fetcher() as fetch, pytest.raises(FetchFailed, match=words):
        fetch(url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_content_that_breaks_off_is_no_input(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"half", Content_Length="8")
    with fetcher() as fetch, pytest.raises(FetchFailed, match=r"broken answer.*\(4 attempts\)"):
        fetch(url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("first", [b"", b"some"])
def test_silence_ends_the_wait(web: Web, tmp_path: Path, first: bytes) -> None:
    url = web.hangs("/slow", first)
    limits = replace(LIMITS, silence=0.15)
    with (
        fetcher(limits=limits) as fetch,
        pytest.raises(FetchFailed, match=r"0\.15 s \(setting limits\.silence\)"),
    ):
        fetch(url, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_host_that_takes_no_connection_ends_the_wait(tmp_path: Path) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(4):  # the waiting room of the socket is full now: the next SYN is not answered
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        limits = replace(LIMITS, connect=0.15)
        try:
            with (
                fetcher(limits=limits) as fetch,
                pytest.raises(FetchFailed, match=r"within 0\.15 s \(setting"),
            ):
                fetch(f"http://127.0.0.1:{port}/", tmp_path / "a")
        finally:
            for one in waiting:
                one.close()


def test_a_closed_port_is_told_with_its_address(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with (
            fetcher() as fetch,
            pytest.raises(FetchFailed, match=f"no connection to http://127.0.0.1:{port}/a"),
        ):
            fetch(f"http://127.0.0.1:{port}/a", tmp_path / "a")


def test_an_unknown_name_is_told(tmp_path: Path) -> None:
    def nobody(host: str, port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with (
        Fetcher(LOOPBACK, LIMITS, nobody) as fetch,
        pytest.raises(FetchFailed, match=r"name 'no\.example' is not known"),
    ):
        fetch("http://no.example/a", tmp_path / "a")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "file:///etc/hostname", "data:,x", "a.tif"])
def test_a_wrong_scheme_is_refused(tmp_path: Path, url: str) -> None:
    with fetcher() as fetch, pytest.raises(ForbiddenAddress, match="only http and https"):
        fetch(url, tmp_path / "a")


def test_a_proxy_of_the_environment_does_not_count(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = web.gives("/a", b"1")
    with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.base)
        with fetcher() as fetch:
            fetch(url, tmp_path / "a")
        assert proxy.asked == []


def test_a_large_answer_is_read_in_large_pieces(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    recv = socket.socket.recv

    def counted(self: socket.socket, size: int, flags: int = 0) -> bytes:
        asked.append(size)
        return recv(self, size, flags)

    with fetcher() as fetch:
        monkeypatch.setattr(socket.socket, "recv", counted)
        fetch(web.gives("/a", b"x" * 1_000_000), tmp_path / "a")
    assert (tmp_path / "a").stat().st_size == 1_000_000
    assert 256 * 1024 in asked
