"""Requests of real clients, broken somewhere: each is read, or refused in XML, by every address of WPS."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from wps_shapes import ASKED, POSTED

from azenha.domain.errors import AppError
from azenha.protocols.http import START, HttpRequest, Limits, Site
from azenha.protocols.wps_dialect import wps
from azenha.settings import Wps as WpsSettings

DIALECTS = wps(Limits(), WpsSettings())
SITE = Site("http://server.example/wps")
PIECES = (
    b"",
    b"<a/>",
    b"&amp;",
    b"<![CDATA[x]]>",
    b"</wps:Input>",
    b' xmlns:wps="a}b"',
    b"\xff",
    b"\x00",
    b"wps:",
)


@st.composite
def broken(draw: Any, whole: bytes) -> bytes:
    """Some bytes of a request replaced by something else, once or twice."""
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(whole)))
        whole = whole[:at] + draw(st.sampled_from(PIECES)) + whole[at + draw(st.integers(0, 30)) :]
    return whole


def read_or_refused(request: HttpRequest) -> None:
    for dialect in DIALECTS:
        try:
            dialect.read(request)
        except AppError as error:
            reply = dialect.fault(error, request, SITE)
            assert reply.status >= 400
            root = etree.fromstring(b"".join(part for part in reply.body if isinstance(part, bytes)))
            assert root.tag.endswith(("ExceptionReport", "Envelope"))


@given(st.sampled_from(POSTED).flatmap(lambda shape: broken(shape.body)))
def test_a_broken_body_is_read_or_refused(body: bytes) -> None:
    read_or_refused(HttpRequest("POST", "/", "", {"content-type": "text/xml"}, body, body[:START]))


@given(st.sampled_from(ASKED).flatmap(lambda shape: broken(shape.query.encode())))
def test_a_broken_query_is_read_or_refused(query: bytes) -> None:
    read_or_refused(HttpRequest("GET", "/", query.decode("latin-1").replace("\0", "")))
