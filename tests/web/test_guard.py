"""Who is answered, and under which address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azenha.domain.errors import BadRequest, Forbidden
from azenha.settings import Server
from azenha.web.guard import Guard, forwarded

LOCAL = Server()
OPEN = replace(LOCAL, host="0.0.0.0", public=True)
BEHIND = replace(LOCAL, url="https://maps.example.org/azenha/", trusted_proxies=("127.0.0.1",))
SHARED = replace(LOCAL, origins=("https://app.example.org",))


def admit(
    server: Server, method: str = "GET", peer: str | None = "127.0.0.1", scheme: str = "http", **headers: str
) -> str:
    given = {"host": "127.0.0.1:8080", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Guard.of(server).admit(method, given, peer, scheme)


@pytest.mark.parametrize(
    ("server", "host", "base"),
    [
        (LOCAL, "127.0.0.1:8080", "http://127.0.0.1:8080"),
        (LOCAL, "localhost:8080", "http://localhost:8080"),
        (LOCAL, "LOCALHOST", "http://localhost"),
        (LOCAL, "[::1]:9", "http://[::1]:9"),
        (LOCAL, "localhost:80", "http://localhost"),
        (replace(LOCAL, host="127.0.0.5"), "127.0.0.5:80", "http://127.0.0.5"),
        (BEHIND, "maps.example.org", "https://maps.example.org/azenha"),
        (BEHIND, "127.0.0.1:8080", "https://maps.example.org/azenha"),
        (OPEN, "any.example:8080", "http://any.example:8080"),
    ],
)
def test_a_known_host_is_answered_under_its_own_or_the_configured_address(
    server: Server, host: str, base: str
) -> None:
    assert admit(server, host=host) == base


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "[::2]",
        "localhost.",
    ],
)
@pytest.mark.parametrize(
    "server", [LOCAL, BEHIND, SHARED, replace(LOCAL, host="localhost"), replace(LOCAL, host="::1")]
)
def test_on_loopback_a_foreign_host_is_refused_so_that_names_cannot_be_rebound(
    server: Server, host: str
) -> None:
    with pytest.raises(Forbidden, match=r"answers on its own machine only.*server\.url"):
        admit(server, host=host)


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "<script>", "a:b", "a:1:2", "a:999999", "user@localhost", "a, b", "[::1", 'a"']
)
def test_a_host_that_is_none_is_a_bad_request(host: str) -> None:
    with pytest.raises(BadRequest, match="Host header"):
        admit(OPEN, host=host)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ANYTHING"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "https://127.0.0.1:8080"},
        {"origin": "http://127.0.0.1:8080.evil.example"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_what_changes_something_is_refused_to_foreign_pages(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden, match=r"server\.origins"):
        admit(LOCAL, method, **headers)
    with pytest.raises(Forbidden, match=r"server\.origins"):
        admit(SHARED, method, **headers)


@pytest.mark.parametrize(
    ("server", "headers"),
    [
        (LOCAL, {}),
        (LOCAL, {"origin": "http://127.0.0.1:8080"}),
        (LOCAL, {"origin": "http://localhost:8080", "host": "localhost:8080"}),
        (LOCAL, {"origin": "http://localhost", "host": "localhost:80"}),
        (LOCAL, {"sec_fetch_site": "same-origin"}),
        (LOCAL, {"sec_fetch_site": "none"}),
        (SHARED, {"origin": "https://app.example.org", "sec_fetch_site": "cross-site"}),
        (BEHIND, {"origin": "https://maps.example.org", "host": "maps.example.org"}),
    ],
)
def test_programs_own_pages_and_configured_origins_may_change_something(
    server: Server, headers: dict[str, str]
) -> None:
    admit(server, "POST", **headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_not_refused_the_browser_keeps_it_from_foreign_pages(method: str) -> None:
    admit(LOCAL, method, origin="https://evil.example", sec_fetch_site="cross-site")


PROXIED = replace(OPEN, trusted_proxies=("10.0.0.0/8", "::1/128"))


@pytest.mark.parametrize(
    ("peer", "headers", "base"),
    [
        ("10.1.2.3", {"x_forwarded_proto": "https", "x_forwarded_host": "a.example"}, "https://a.example"),
        ("10.1.2.3", {"x_forwarded_proto": "https"}, "https://127.0.0.1:8080"),
        ("10.1.2.3", {"x_forwarded_host": "a.example:81"}, "http://a.example:81"),
        ("10.1.2.3", {"x_forwarded_prefix": "/wps/"}, "http://127.0.0.1:8080/wps"),
        ("10.1.2.3", {"x_forwarded_host": "spoof.example, a.example"}, "http://a.example"),
        ("10.1.2.3", {"forwarded": "for=1.2.3.4;proto=https;host=a.example"}, "https://a.example"),
        (
            "10.1.2.3",
            {"forwarded": 'host=spoof.example, for="[::1]";HOST="a.example:443";proto=HTTPS'},
            "https://a.example",
        ),
        (
            "10.1.2.3",
            {"forwarded": "host=spoof.example", "x_forwarded_host": "a.example"},
            "http://a.example",
        ),
        ("::ffff:10.1.2.3", {"x_forwarded_host": "a.example"}, "http://a.example"),
        ("10.1.2.3", {"forwarded": "host=spoof.example, for=1.2.3.4;proto=https"}, "https://127.0.0.1:8080"),
        ("::1", {"x_forwarded_host": "a.example"}, "http://a.example"),
        ("11.1.2.3", {"x_forwarded_host": "a.example", "x_forwarded_prefix": "/x"}, "http://127.0.0.1:8080"),
        ("11.1.2.3", {"forwarded": "host=a.example"}, "http://127.0.0.1:8080"),
        (None, {"x_forwarded_host": "a.example"}, "http://127.0.0.1:8080"),
        ("not an address", {"x_forwarded_host": "a.example"}, "http://127.0.0.1:8080"),
    ],
)
def test_only_a_trusted_proxy_says_what_was_asked_for_and_its_own_word_counts(
    peer: str | None, headers: dict[str, str], base: str
) -> None:
    assert admit(PROXIED, peer=peer, **headers) == base


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-proto": "javascript"},
        {"x-forwarded-host": "a b"},
        {"x-forwarded-prefix": "//evil.example"},
        {"x-forwarded-prefix": "x"},
        {"x-forwarded-prefix": '/"><script>'},
    ],
)
def test_nonsense_from_a_proxy_is_a_bad_request(headers: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        forwarded(headers, "http", "http://localhost")


def test_a_forwarded_host_does_not_open_a_server_on_loopback() -> None:
    server = replace(LOCAL, trusted_proxies=("127.0.0.1",))
    with pytest.raises(Forbidden):
        admit(server, host="evil.example", x_forwarded_host="localhost")


def test_a_forwarded_host_makes_no_page_its_own_where_it_is_not_trusted() -> None:
    with pytest.raises(Forbidden):
        admit(
            LOCAL,
            "POST",
            origin="https://evil.example",
            x_forwarded_host="evil.example",
            x_forwarded_proto="https",
        )


ASKS = {"origin": "https://app.example.org", "access-control-request-method": "POST"}


def test_a_configured_origin_may_ask_and_read() -> None:
    guard = Guard.of(SHARED)
    answer = dict(guard.preflight("OPTIONS", ASKS) or ())
    assert "DELETE" in answer["Access-Control-Allow-Methods"]
    assert "Prefer" in answer["Access-Control-Allow-Headers"]
    shared = dict(guard.shared(ASKS))
    assert shared["Vary"] == "Origin"
    assert shared["Access-Control-Allow-Origin"] == "https://app.example.org"
    for name in ("Location", "Link", "Preference-Applied"):
        assert name in shared["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("server", "method", "headers"),
    [
        (LOCAL, "OPTIONS", ASKS),
        (SHARED, "OPTIONS", {**ASKS, "origin": "https://evil.example"}),
        (SHARED, "OPTIONS", {"origin": "https://app.example.org"}),
        (SHARED, "POST", ASKS),
    ],
)
def test_nobody_else_is_told_that_it_may(server: Server, method: str, headers: dict[str, str]) -> None:
    assert Guard.of(server).preflight(method, headers) is None


def test_replies_differ_by_origin_only_where_one_is_configured() -> None:
    assert Guard.of(LOCAL).shared(ASKS) == ()
    assert Guard.of(SHARED).shared({"origin": "https://evil.example"}) == (("Vary", "Origin"),)
    assert Guard.of(SHARED).shared({}) == (("Vary", "Origin"),)


HERE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("server", "headers"),
    [
        (LOCAL, {}),
        (LOCAL, {"user-agent": "curl/8.5.0"}),
        (LOCAL, {"user-agent": "Mozilla/5.0", "sec-fetch-site": "none"}),
        (LOCAL, {"user-agent": "Mozilla/5.0", "sec-fetch-site": "same-origin"}),
        (LOCAL, {"user-agent": "Mozilla/5.0", "origin": HERE}),
        (SHARED, {"origin": "https://app.example.org", "sec-fetch-site": "cross-site"}),
    ],
)
def test_a_get_may_run_a_process_for_a_user_and_for_our_own_pages(
    server: Server, headers: dict[str, str]
) -> None:
    Guard.of(server).admit_run(headers, HERE)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        # A browser of before 2023, or one that sees us over plain HTTP.
        {"user-agent": "Mozilla/5.0 (X11; Linux x86_64)"},
        {"sec-fetch-site": "none", "sec-purpose": "prefetch;prerender"},
        {"sec-fetch-site": "none", "purpose": "prefetch"},
    ],
)
def test_a_get_runs_no_process_for_a_foreign_page_nor_ahead_of_time(headers: dict[str, str]) -> None:
    for server in (LOCAL, OPEN, BEHIND, SHARED):
        with pytest.raises(Forbidden):
            Guard.of(server).admit_run(headers, HERE)
