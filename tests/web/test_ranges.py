"""Conditions and ranges of replies, as RFC 9110 §13 and §14 want them."""

from __future__ import annotations

import re
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.errors import AppError, PreconditionFailed, RangeNotSatisfiable
from azenha.protocols.http import FileSlice, HttpReply
from azenha.web.ranges import RANGES, conditional, cut

ETAG = '"abc"'
DATE = "Tue, 04 Mar 2025 05:06:07 GMT"
EARLIER = "Tue, 04 Mar 2025 05:06:06 GMT"
LATER = "Wed, 05 Mar 2025 05:06:07 GMT"
DATA = bytes(range(100))
HEADERS = (
    ("Content-Type", "image/tiff"),
    ("ETag", ETAG),
    ("Last-Modified", DATE),
    ("Accept-Ranges", "bytes"),
    ("Cache-Control", "private, no-cache"),
)
WHOLE = HttpReply(200, HEADERS, (DATA[:30], DATA[30:]))


def asked(reply: HttpReply = WHOLE, method: str = "GET", **headers: str) -> HttpReply:
    return conditional(reply, method, {k.replace("_", "-"): v for k, v in headers.items()}, refuse)


def refuse(error: AppError) -> HttpReply:
    """As a dialect tells it."""
    status = {PreconditionFailed: 412, RangeNotSatisfiable: 416}[type(error)]
    return HttpReply(status, (("Content-Type", "text/of-the-dialect"),), (str(error).encode(),))


def body(reply: HttpReply) -> bytes:
    return b"".join(p for p in reply.body if isinstance(p, bytes))


def header(reply: HttpReply, name: str) -> str | None:
    return dict(reply.headers).get(name)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if_none_match": ETAG}, 304),
        ({"if_none_match": '"x", W/"abc"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"x"'}, 200),
        ({"if_none_match": "abc"}, 200),
        ({"if_modified_since": DATE}, 304),
        ({"if_modified_since": LATER}, 304),
        ({"if_modified_since": EARLIER}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        # The entity tag decides, whatever the date says (§13.2.2).
        ({"if_none_match": '"x"', "if_modified_since": LATER}, 200),
        ({"if_match": ETAG}, 200),
        ({"if_match": "*"}, 200),
        ({"if_match": '"x"'}, 412),
        ({"if_match": 'W/"abc"'}, 412),
        ({"if_unmodified_since": DATE}, 200),
        ({"if_unmodified_since": EARLIER}, 412),
        ({"if_match": ETAG, "if_unmodified_since": EARLIER}, 200),
        ({"if_match": '"x"', "if_none_match": ETAG}, 412),
        ({"if_match": '"x"', "range": "bytes=0-1"}, 412),
        ({"if_none_match": ETAG, "range": "bytes=0-1"}, 304),
        ({"range": "bytes=0-1"}, 206),
        ({"range": "bytes=0-1", "if_range": ETAG}, 206),
        ({"range": "bytes=0-1", "if_range": 'W/"abc"'}, 200),
        ({"range": "bytes=0-1", "if_range": '"x"'}, 200),
        ({"range": "bytes=0-1", "if_range": DATE}, 206),
        ({"range": "bytes=0-1", "if_range": LATER}, 200),
        ({"range": "bytes=100-", "if_range": '"x"'}, 200),
        ({"range": "bytes=100-"}, 416),
    ],
)
def test_conditions_decide_in_the_order_of_the_standard(headers: dict[str, str], status: int) -> None:
    reply = asked(**headers)
    assert reply.status == status
    if status == 200:
        assert reply == WHOLE
    if status == 304:
        assert reply.body == ()
        assert dict(reply.headers) == {"ETag": ETAG, "Cache-Control": "private, no-cache"}
    if status in (412, 416):
        assert header(reply, "ETag") == ETAG
        assert header(reply, "Content-Type") == "text/of-the-dialect"
        assert body(reply).startswith(
            b"what is here" if status == 412 else b"none of the ranges 'bytes=100-'"
        )


@pytest.mark.parametrize(
    ("spec", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("BYTES = 25-34", 25, 35),
        ("bytes=95-", 95, 100),
        ("bytes=-5", 95, 100),
        ("bytes=-500", 0, 100),
        ("bytes=90-4000", 90, 100),
        ("bytes=0-9,5-14", 0, 15),
        ("bytes=5-14, 0-9,", 0, 15),
        ("bytes=0-4,200-300", 0, 5),
    ],
)
def test_one_range_is_a_part_of_the_bytes(spec: str, start: int, end: int) -> None:
    reply = asked(range=spec)
    assert (reply.status, body(reply)) == (206, DATA[start:end])
    assert header(reply, "Content-Range") == f"bytes {start}-{end - 1}/100"
    assert header(reply, "Content-Type") == "image/tiff"
    assert (header(reply, "ETag"), reply.length) == (ETAG, end - start)


@pytest.mark.parametrize("spec", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=300-400, 100-101"])
def test_a_range_beyond_the_end_is_told_the_length(spec: str) -> None:
    reply = asked(range=spec)
    assert (reply.status, header(reply, "Content-Range")) == (416, "bytes */100")


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=a-b",
        "bytes=-",
        "bytes=5-4",
        "items=0-1",
        "bytes=0-1;2-3",
        "bytes=+1-2",
        "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(RANGES + 1)),
    ],
)
def test_a_range_header_that_is_none_is_passed_over(spec: str) -> None:
    assert asked(range=spec) == WHOLE


def test_several_ranges_are_the_parts_of_a_multipart_in_the_clients_order() -> None:
    reply = asked(range="bytes=50-54, 0-1, -2")
    kind = header(reply, "Content-Type")
    assert reply.status == 206
    assert header(reply, "Content-Range") is None
    assert re.fullmatch(r"multipart/byteranges; boundary=[A-Za-z0-9-]{8,70}", kind or "")
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body(reply))
    found = [
        (part["Content-Range"], part.get_content_type(), part.get_payload(decode=True))
        for part in message.walk()
        if not part.is_multipart()
    ]
    assert found == [
        ("bytes 50-54/100", "image/tiff", DATA[50:55]),
        ("bytes 0-1/100", "image/tiff", DATA[:2]),
        ("bytes 98-99/100", "image/tiff", DATA[98:]),
    ]


def test_a_range_of_a_file_reads_no_file(tmp_path: Path) -> None:
    path = str(tmp_path / "absent")
    reply = HttpReply(200, HEADERS, (b"head", FileSlice(path, 1000, 1_000_000_000_000), b"tail"))
    assert asked(reply, range="bytes=2-13").body == (b"ad", FileSlice(path, 1000, 1010))
    assert asked(reply, range="bytes=-6").body == (
        FileSlice(path, 999_999_999_998, 1_000_000_000_000),
        b"tail",
    )


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        ("POST", WHOLE),
        ("DELETE", WHOLE),
        ("GET", HttpReply(404, HEADERS, (b"x",))),
        ("GET", HttpReply(200, (("Content-Type", "text/plain"),), (b"x",))),
    ],
)
def test_other_replies_know_no_conditions(method: str, reply: HttpReply) -> None:
    headers = {"if_none_match": ETAG, "if_match": '"x"', "range": "bytes=0-0"}
    assert asked(reply, method, **headers) is reply


def test_head_has_conditions_but_no_ranges() -> None:
    assert asked(method="HEAD", range="bytes=0-1") == WHOLE
    assert asked(method="HEAD", if_none_match=ETAG).status == 304


def test_a_reply_that_offers_no_ranges_gives_none() -> None:
    reply = HttpReply(200, HEADERS[:2], (DATA,))
    assert asked(reply, range="bytes=0-1") is reply
    assert asked(reply, if_none_match=ETAG).status == 304


@given(st.lists(st.binary(max_size=9), max_size=6), st.integers(0, 60), st.integers(0, 60))
def test_a_cut_is_that_part_of_the_whole(pieces: list[bytes], start: int, end: int) -> None:
    got = cut(pieces, start, end)
    assert b"".join(p for p in got if isinstance(p, bytes)) == b"".join(pieces)[start:end]
