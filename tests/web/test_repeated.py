"""Replies that are kept for requests that come again, byte for byte."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from azenha.protocols.http import HttpReply
from azenha.web.repeated import Repeated, asked

GOOD = HttpReply(200, (), (b"x" * 1000,))


def scope(**more: object) -> dict[str, Any]:
    given = {"method": "GET", "scheme": "http", "path": "/wps", "query_string": b"request=GetCapabilities"}
    return {**given, "headers": [(b"host", b"localhost")], **more}


def test_the_same_request_has_the_same_reply_and_no_other_request_has() -> None:
    kept = Repeated()
    kept.keep(asked(scope(), None), GOOD)
    assert kept.find(asked(scope(), None)) is GOOD
    others = (
        scope(method="HEAD"),
        scope(scheme="https"),
        scope(path="/wps/2.0.0"),
        scope(query_string=b"request=getcapabilities"),
        scope(headers=[(b"host", b"localhost"), (b"accept-language", b"pt")]),
        scope(headers=[(b"host", b"127.0.0.1")]),
    )
    assert [kept.find(asked(other, None)) for other in others] == [None] * len(others)
    assert kept.find(asked(scope(), "192.0.2.1")) is None


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"method": "POST"}, id="posted"),
        pytest.param({"headers": [(b"content-length", b"3")]}, id="length"),
        pytest.param({"headers": [(b"transfer-encoding", b"chunked")]}, id="chunks"),
    ],
)
def test_a_request_that_may_have_a_body_is_never_found(more: dict[str, object]) -> None:
    kept = Repeated()
    kept.keep(asked(scope(**more), None), GOOD)
    assert asked(scope(**more), None) is None
    assert kept.find(asked(scope(**more), None)) is None


def test_errors_and_very_large_replies_are_not_kept() -> None:
    kept = Repeated(most=4000)
    for reply in (HttpReply(404, (), (b"no",)), HttpReply(200, (), (b"x" * 1001,))):
        kept.keep(asked(scope(), None), reply)
        assert kept.find(asked(scope(), None)) is None


def test_what_clients_send_does_not_make_it_grow_without_end() -> None:
    kept = Repeated(most=100_000)
    keys = [asked(scope(query_string=b"x=%d" % n + b"y" * 2000), None) for n in range(200)]
    for key in keys:
        kept.keep(key, GOOD)
    found = [key for key in keys if kept.find(key) is not None]
    assert 1 <= len(found) * 3000 <= 100_000
    assert kept.find(keys[-1]) is GOOD


def test_many_short_headers_count_with_what_they_take_in_memory() -> None:
    kept = Repeated(most=1_000_000)
    tracemalloc.start()
    try:
        for n in range(200):
            headers = [(b"a%d" % (n * 1000 + m), b"%d" % m) for m in range(1000)]
            kept.keep(asked(scope(headers=headers), None), GOOD)
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now < 2_000_000
