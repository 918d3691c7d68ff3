"""Results: raw, several in one multipart, by reference, as a document."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from ogcapi_outcomes import (
    API,
    BASE,
    BOX,
    CRS84,
    CSV,
    EPSG4326,
    GEOJSON,
    GEOTIFF,
    JOB_ADDRESS,
    JSON,
    PNG,
    POINT,
    SITE,
    content,
    document,
    get,
    header,
    output,
    results,
    stored,
    write,
)

from azenha.domain.messages import OutputValue, ResponseForm, Results, Transmission
from azenha.domain.process import Format
from azenha.domain.values import (
    Box,
    InlineBytes,
    InlineText,
    Literal,
    Record,
    Reference,
    StoredFile,
    Value,
)
from azenha.protocols.http import Encoding, FileSlice, HttpReply, HttpRequest
from azenha.protocols.ogcapi.values import INLINE

DOCUMENT, NEGOTIATED = ResponseForm.DOCUMENT, ResponseForm.NEGOTIATED
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TIFF = StoredFile("out/ndvi.tif", "ndvi.tif", 5_000_000, GEOTIFF)
VALIDATORS = {"ETag", "Last-Modified", "Accept-Ranges", "Cache-Control", "Vary", "Sunset"}
INSTANT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def parts(reply: HttpReply) -> dict[str, tuple[Any, bytes]]:
    """The parts of a multipart reply by Content-ID: headers and body."""
    kind = header(reply, "Content-Type")
    assert kind is not None
    assert kind.startswith("multipart/related; boundary=")
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + content(reply))
    assert message.is_multipart()
    found = {}
    for part in message.walk():
        if not part.is_multipart():
            found[part["Content-ID"].strip("<>")] = (part, part.get_payload(decode=True))
    return found  # type: ignore[return-value]


# -- raw, one -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "body"),
    [
        (Literal("olá"), '"olá"'),
        (Literal(3), "3"),
        (Literal(Decimal("0.10")), "0.10"),
        (Literal(True), "true"),
        (Literal(INSTANT), '"2024-05-06T07:08:09Z"'),
        (Literal(3, "km"), '{"value":3,"uom":"km"}'),
        (Box((1.0, 2.0), (3.0, 4.0), CRS84), f'{{"bbox":[1.0,2.0,3.0,4.0],"crs":"{CRS84}"}}'),
        (Record({"x": (Literal(1.5),)}), '{"x":1.5}'),
    ],
)
def test_one_raw_value_is_the_value_itself_as_json(value: Value, body: str) -> None:
    reply = write(results(output("o", value)))
    assert (reply.status, content(reply).decode()) == (200, body)
    assert header(reply, "Content-Type") == "application/json"
    assert header(reply, "Link") is None


@pytest.mark.parametrize(
    ("value", "body"),
    [(Literal("olá"), "olá"), (Literal(True), "true"), (Literal(INSTANT), "2024-05-06T07:08:09Z")],
)
def test_a_client_that_asks_for_text_gets_the_lexical_form(value: Value, body: str) -> None:
    reply = write(results(output("o", value)), accept="text/plain")
    assert header(reply, "Content-Type") == "text/plain; charset=utf-8"
    assert content(reply).decode() == body


def test_one_raw_file_is_sent_as_it_is_with_its_name() -> None:
    reply = write(results(output("o", TIFF)))
    assert reply.body == (FileSlice("/data/j1/out/ndvi.tif", 0, 5_000_000),)
    assert {k: v for k, v in reply.headers if k not in VALIDATORS} == {
        "Content-Type": "image/tiff; application=geotiff",
        "Content-Disposition": 'inline; filename="ndvi.tif"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }


def test_what_is_stored_says_its_tag_its_date_and_when_it_will_be_gone() -> None:
    reply = write(results(output("o", TIFF)), "/jobs/j1/results")
    assert {k: v for k, v in reply.headers if k in VALIDATORS} == {
        "ETag": header(reply, "ETag"),
        "Last-Modified": "Tue, 04 Mar 2025 05:06:07 GMT",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Prefer",
        "Sunset": "Tue, 11 Mar 2025 05:06:07 GMT",
    }
    assert re.fullmatch('"[0-9a-f]{32}"', header(reply, "ETag") or "")


def test_a_tag_is_of_the_job_and_of_what_is_answered() -> None:
    outcome = results(output("o", Literal("a")))
    other_job = replace(outcome, job=replace(outcome.job, id="other"))
    tags = [
        header(write(some, accept=accept), "ETag")
        for some in (outcome, results(output("o", Literal("b"))), other_job, results(output("o", TIFF)))
        for accept in ("*/*", "text/plain")
    ]
    assert len(set(tags)) == 7  # a file is the same whatever is accepted
    assert header(write(outcome), "ETag") == tags[0]


@pytest.mark.parametrize(
    ("value", "type", "body"),
    [
        (InlineText("a,b", CSV), "text/csv; charset=utf-8", b"a,b"),
        (InlineText("<é/>", Format("application/xml")), "application/xml", "<é/>".encode()),
        (InlineText("{}", GEOJSON), "application/geo+json", b"{}"),
        (InlineBytes(b"\x89PNG", PNG), "image/png", b"\x89PNG"),
        (InlineText("a", Format("text/x; charset=latin1")), "text/x; charset=latin1", b"a"),
        (InlineText("a", Format('a/b; c="\r\nSet-Cookie: x"')), "application/octet-stream", b"a"),
    ],
)
def test_one_raw_inline_value_has_its_media_type(value: Value, type: str, body: bytes) -> None:
    reply = write(results(output("o", value)))
    assert (header(reply, "Content-Type"), content(reply)) == (type, body)


@pytest.mark.parametrize(
    "type",
    [
        "text/html",
        "image/svg+xml",
        "TEXT/XML; charset=utf-8",
        "application/xml",
        "application/xhtml+xml",
        "application/gml+xml",
        "application/pdf",
        "text/javascript",
        "multipart/related",
        "no type",
    ],
)
def test_a_result_that_could_hold_scripts_is_saved_and_not_shown(type: str) -> None:
    reply = write(results(output("my map", InlineText("<a/>", Format(type)))), accept="*/*")
    assert header(reply, "Content-Security-Policy") == "default-src 'none'; sandbox"
    assert (header(reply, "Content-Disposition") or "").startswith('attachment; filename="my map.')


@pytest.mark.parametrize("type", ["image/png", "TEXT/CSV; header=absent", "application/geo+json"])
def test_a_result_that_can_do_no_harm_is_shown(type: str) -> None:
    reply = write(results(output("o", StoredFile("k", "a.x", 1, Format(type)))))
    assert header(reply, "Content-Disposition") == 'inline; filename="a.x"'


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ('a"b.tif', "inline; filename=\"a_b.tif\"; filename*=UTF-8''a%22b.tif"),
        ("olá.tif", "inline; filename=\"ol_.tif\"; filename*=UTF-8''ol%C3%A1.tif"),
        ("a\r\nX: y", "inline; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
    ],
)
def test_a_file_name_cannot_break_out_of_its_header(name: str, disposition: str) -> None:
    reply = write(results(output("o", StoredFile("k", name, 1, PNG))))
    assert header(reply, "Content-Disposition") == disposition


def test_a_box_is_written_in_the_axis_order_of_its_crs() -> None:
    value = Box((-9.0, 38.0, 0.0), (-8.0, 39.0, 10.0), EPSG4326)
    swapped = [38.0, -9.0, 0.0, 39.0, -8.0, 10.0]
    for domain in (BOX, None):
        found = document(write(results(output("o", value, domain=domain))))
        assert found == {"bbox": swapped, "crs": EPSG4326}


def test_the_fields_of_an_object_are_lists_where_the_description_says_so() -> None:
    value = Record({"x": (Literal(1.0),), "tags": (Literal("a"),)})
    assert document(write(results(output("o", value, domain=POINT)))) == {"x": 1.0, "tags": ["a"]}


def test_a_list_of_plain_values_is_a_json_array_also_of_one_or_none() -> None:
    for values in ((), (Literal(1),), (Literal(1), Literal(2))):
        reply = write(results(output("o", *values, array=True)))
        assert document(reply) == [v.value for v in values]


def test_an_output_that_was_left_out_has_no_content() -> None:
    assert write(results(output("o"))).status == 204
    assert write(results()).status == 204
    assert header(write(results()), "ETag") is None
    assert document(write(results(output("o"), form=DOCUMENT))) == {}


# -- raw, several, and references -----------------------------------------------------------------


def test_several_raw_values_are_the_parts_of_a_multipart(tmp_path: Path) -> None:
    data = b"II*\x00\r\n--azenha\r\n\xff"
    reply = write(
        results(
            output("text", Literal("olá")),
            output("scene one", stored(tmp_path, "a.tif", data, GEOTIFF)),
            output("table", InlineText("a,b", CSV), by=Transmission.REFERENCE),
            output("away", Reference("http://x.example/a", PNG)),
            output("left out"),
            output("list", Literal(1), array=True),
            folder=tmp_path,
        )
    )
    assert reply.status == 200
    assert any(isinstance(piece, FileSlice) for piece in reply.body)
    found = parts(reply)
    assert list(found) == ["text", "scene%20one", "table", "away", "list"]
    assert (found["text"][0].get_content_type(), found["text"][1].decode()) == ("application/json", '"olá"')
    assert found["scene%20one"][0]["Content-Disposition"] == 'inline; filename="a.tif"'
    assert found["scene%20one"][1] == data
    assert found["table"][0]["Content-Location"] == f"{JOB_ADDRESS}/results/table"
    assert found["table"][1] == b""
    assert found["away"][0]["Content-Location"] == "http://x.example/a"
    assert found["list"][1] == b"[1]"
    assert 'type="application/json"' in (header(reply, "Content-Type") or "")


def test_the_files_of_a_list_are_parts_of_their_own(tmp_path: Path) -> None:
    files = [stored(tmp_path, f"{n}.png", bytes([n]), PNG) for n in range(2)]
    for single in (True, False):
        found = parts(write(results(output("o", *files, array=True), folder=tmp_path, single=single)))
        assert {k: body for k, (_, body) in found.items()} == {"o/0": b"\x00", "o/1": b"\x01"}


def test_a_reference_is_a_link_header_and_no_body() -> None:
    outputs = (
        output("a b", TIFF, by=Transmission.REFERENCE),
        output("n", Literal(1), by=Transmission.REFERENCE),
    )
    reply = write(results(*outputs))
    assert (reply.status, reply.body) == (204, ())
    assert [v for k, v in reply.headers if k == "Link"] == [
        f'<{JOB_ADDRESS}/results/a%20b>; rel="item"; type="image/tiff; application=geotiff"; title="a%20b"',
        f'<{JOB_ADDRESS}/results/n>; rel="item"; type="application/json"; title="n"',
    ]


def test_a_value_that_lies_elsewhere_is_linked() -> None:
    reply = write(results(output("o", Reference("http://x.example/a"))))
    assert reply.status == 204
    assert header(reply, "Link") == '<http://x.example/a>; rel="item"; title="o"'


# -- document -------------------------------------------------------------------------------------


def test_a_document_holds_every_kind_of_value(
    tmp_path: Path, validate: Callable[[Mapping[str, Any], str], None]
) -> None:
    reply = write(
        results(
            output("text", Literal("a")),
            output("length", Literal(3, "km")),
            output("list", Literal(1), Literal(2), array=True),
            output("none", array=True),
            output("box", Box((1.0, 2.0), (3.0, 4.0), CRS84)),
            output("point", Record({"x": (Literal(1),)})),
            output("json", InlineText('{"type": "FeatureCollection"}', GEOJSON)),
            output("csv", InlineText('a,"b"\n', CSV)),
            output("png", InlineBytes(b"\x89", PNG)),
            output("away", Reference("http://x.example/a", PNG)),
            output("asked", Literal(1), by=Transmission.REFERENCE),
            output("large", TIFF),
            output("file.json", stored(tmp_path, "a.json", b' {"n": 1e400}\n', JSON)),
            output("file.csv", stored(tmp_path, "a.csv", "é\n".encode(), CSV)),
            output("latin", stored(tmp_path, "l.csv", b"\xe9\n", CSV)),
            output("file.png", stored(tmp_path, "a.png", b"\x89PNG", PNG)),
            output(
                "broken", stored(tmp_path, "b.json", b'{"n": NaN}', Format("application/json", None, "s"))
            ),
            output("files", stored(tmp_path, "c.png", b"c", PNG), TIFF, array=True),
            folder=tmp_path,
            form=DOCUMENT,
        )
    )
    found = document(reply)
    json_, png = {"mediaType": "application/json"}, {"mediaType": "image/png", "encoding": "base64"}
    assert found == {
        "text": "a",
        "length": {"value": 3, "uom": "km"},
        "list": [1, 2],
        "none": [],
        "box": {"bbox": [1, 2, 3, 4], "crs": CRS84},
        "point": {"value": {"x": 1}},
        "json": {"value": {"type": "FeatureCollection"}, "mediaType": "application/geo+json"},
        "csv": {"value": 'a,"b"\n', "mediaType": "text/csv"},
        "png": {"value": "iQ==", **png},
        "away": {"href": "http://x.example/a", "rel": "item", "type": "image/png"},
        "asked": {"href": f"{JOB_ADDRESS}/results/asked", "rel": "item", "type": "application/json"},
        "large": {"href": f"{JOB_ADDRESS}/results/large", "rel": "item", "type": GEOTIFF.media_type},
        "file.json": {"value": {"n": float("inf")}, **json_},
        "file.csv": {"value": "é\n", "mediaType": "text/csv"},
        "latin": {"value": "6Qo=", "mediaType": "text/csv", "encoding": "base64"},
        "file.png": {"value": base64.b64encode(b"\x89PNG").decode(), **png},
        # What is no JSON would break the document, so it travels as the text that it is.
        "broken": {"value": '{"n": NaN}', "schema": "s", **json_},
        "files": [
            {"value": "Yw==", **png},
            {"href": f"{JOB_ADDRESS}/results/files/1", "rel": "item", "type": GEOTIFF.media_type},
        ],
    }
    for edition in ("results", "2.0-draft/processes-core/results"):
        validate(found, edition)


def ran_and_fetched(outcome: Results, accept: str, prefer: str) -> list[HttpReply]:
    """The answers of every operation that gives results."""
    single = [replace(outcome, outputs=(o,), single=True) for o in outcome.outputs]
    return [
        ran(outcome, accept=accept, prefer=prefer),
        API.write(outcome, get("/processes/echo/execution", "a=1", accept=accept, prefer=prefer), SITE),
        write(outcome, "/jobs/j1/results", accept=accept, prefer=prefer),
        write(outcome, "/jobs/j1/results", "profile=ogc-results", accept=accept, prefer=prefer),
        write(outcome, "/jobs/j1/results", "f=json", accept=accept, prefer=prefer),
        *(addressed(one, one.outputs[0].id, accept=accept, prefer=prefer) for one in single),
    ]


@pytest.mark.parametrize("form", list(ResponseForm))
@pytest.mark.parametrize("by", [None, *Transmission])
@pytest.mark.parametrize("prefer", ["", "return=minimal", "return=representation"])
@pytest.mark.parametrize(
    "accept", ["application/json", "multipart/related", "application/zip", "application/x-tar", ""]
)
def test_every_answer_with_results_is_as_the_standard_has_it(
    tmp_path: Path,
    form: ResponseForm,
    by: Transmission | None,
    prefer: str,
    accept: str,
    validate: Callable[[Mapping[str, Any], str], None],
) -> None:
    file = stored(tmp_path, "a.png", b"\x89PNG", PNG)
    plain = output("n", Literal(1), by=by)
    data = output("f", file, by=by)
    many = output("m", file, file, array=True, by=by)
    for outputs in ((), (plain,), (data,), (many,), (plain, data), (data, many, plain)):
        outcome = results(*outputs, form=form, folder=tmp_path)
        for reply in ran_and_fetched(outcome, accept, prefer):
            kind = (header(reply, "Content-Type") or "").partition(";")[0]
            assert (reply.status, kind) in {
                (200, "application/json"),
                (200, "image/png"),
                (200, "multipart/related"),
                (204, ""),
                (406, "application/json"),
                (200, "application/zip"),
            }
            assert reply.status != 406 or accept == "application/x-tar"
            assert kind != "application/zip" or accept == kind
            if reply.status == 204:
                links = [v for k, v in reply.headers if k == "Link"]
                assert (len(links), reply.body) == (sum(len(o.values) for o in outputs), ())
            elif reply.status == 406:
                validate(document(reply), "exception")
            elif kind == "application/json" and isinstance(found := document(reply), dict):
                validate(found, "results")
                validate(found, "2.0-draft/processes-core/results")
            elif kind == "multipart/related":
                for part, body in parts(reply).values():
                    assert body or part["Content-Location"].startswith(f"{JOB_ADDRESS}/results/")


def test_a_profile_asks_for_the_document_however_the_job_was_asked() -> None:
    outcome = results(output("o", Literal(1)))
    assert document(write(outcome, "/jobs/j1/results", "profile=ogc-results", accept=FIREFOX)) == {"o": 1}


@pytest.mark.parametrize("format", [JSON, CSV, PNG])
def test_what_is_larger_than_the_server_likes_is_linked_unless_asked_for_by_value(
    tmp_path: Path, format: Format
) -> None:
    file = stored(tmp_path, "x", b"[1,2]", format)
    for inline, by, linked in (
        (5, None, False),
        (4, None, True),
        (0, None, True),
        (4, Transmission.VALUE, False),
        (5, Transmission.REFERENCE, True),
    ):
        outputs = (output("x", file, by=by), output("n", Literal(1)))
        outcome = replace(results(*outputs, folder=tmp_path, form=DOCUMENT), inline=inline)
        found = document(write(outcome))
        assert ("href" in found["x"]) is linked, (inline, by)
        assert found["n"] == 1  # a literal is no larger than its link


def test_small_data_without_a_file_are_linked_too_where_the_server_links_all() -> None:
    outcome = replace(results(output("x", InlineBytes(b"x", PNG)), form=DOCUMENT), inline=0)
    assert document(write(outcome))["x"]["href"] == f"{JOB_ADDRESS}/results/x"


def test_a_large_json_file_is_streamed_into_the_document(tmp_path: Path) -> None:
    numbers = list(range(300_000))
    big = stored(tmp_path, "big.json", json.dumps(numbers).encode(), JSON)
    big_output = output("big", big, by=Transmission.VALUE)
    reply = write(results(output("a", Literal(1)), big_output, folder=tmp_path, form=DOCUMENT))
    (piece,) = [p for p in reply.body if isinstance(p, FileSlice)]
    assert (piece.start, piece.end) == (0, big.size)
    assert document(reply) == {"a": 1, "big": {"mediaType": "application/json", "value": numbers}}


def test_files_up_to_a_mebibyte_are_inside_and_larger_ones_referred_to(tmp_path: Path) -> None:
    at = stored(tmp_path, "at.png", bytes(1024 * 1024), PNG)
    above = stored(tmp_path, "above.png", bytes(1024 * 1024 + 1), PNG)
    reply = write(results(output("at", at), output("above", above), folder=tmp_path, form=DOCUMENT))
    found = document(reply)
    assert base64.b64decode(found["at"]["value"]) == bytes(1024 * 1024)
    assert found["above"] == {"href": f"{JOB_ADDRESS}/results/above", "rel": "item", "type": "image/png"}


def test_files_whose_time_ran_out_are_a_job_that_is_not_there(tmp_path: Path) -> None:
    gone = StoredFile("gone.png", "gone.png", 3, PNG)
    reply = write(results(output("o", gone), folder=tmp_path, form=DOCUMENT))
    assert (reply.status, document(reply)["title"]) == (404, "No such job")


@pytest.mark.parametrize(
    ("outputs", "body"),
    [
        ((output("a", Literal(1)),), 1),
        ((output("a", Literal(1)), output("b", Literal(2))), {"a": 1, "b": 2}),
    ],
)
def test_who_takes_json_and_names_no_form_gets_one_value_raw_and_several_in_a_document(
    outputs: tuple[OutputValue, ...], body: object
) -> None:
    assert document(write(results(*outputs, form=NEGOTIATED), accept="application/json")) == body


def test_of_several_that_were_asked_for_the_only_one_that_came_is_in_a_document() -> None:
    came = replace(results(output("a", Literal(1)), form=NEGOTIATED), several=True)
    assert document(write(came, accept="application/json")) == {"a": 1}


def ran(outcome: Results, **headers: str) -> HttpReply:
    """The answer to the request that ran the process."""
    return API.write(outcome, HttpRequest("POST", "/processes/echo/execution", headers=headers), SITE)


@pytest.mark.parametrize(
    ("form", "accept", "type"),
    [
        (NEGOTIATED, "", "application/json"),
        (NEGOTIATED, "multipart/related", "multipart/related"),
        (NEGOTIATED, "multipart/related, application/json", "multipart/related"),
        (ResponseForm.OPEN, "", "multipart/related"),
        (ResponseForm.OPEN, "*/*", "multipart/related"),
        (ResponseForm.OPEN, "application/json", "application/json"),
        (ResponseForm.RAW, "application/json", "multipart/related"),
        (DOCUMENT, "multipart/related", "application/json"),
    ],
)
def test_several_outputs_come_as_asked_or_where_nothing_was_asked_as_accepted(
    form: ResponseForm, accept: str, type: str
) -> None:
    outcome = results(output("a", Literal(1)), output("b", Literal(2)), form=form)
    found = header(write(outcome, "/jobs/j1/results", accept=accept), "Content-Type") or ""
    assert found.partition(";")[0] == type


def test_several_outputs_in_a_package_that_is_not_accepted_are_told_what_there_is() -> None:
    outcome = results(output("a", Literal(1)), output("b", Literal(2)))
    refused = write(outcome, "/jobs/j1/results", accept="application/x-tar")
    assert refused.status == 406
    assert "multipart/related or application/json" in document(refused)["detail"]
    # Who ran the process has waited for it: it is not run again for the sake of a header.
    assert ran(outcome, accept="application/x-tar").status == 200


def test_no_outputs_are_nothing_to_answer_with_and_nothing_to_fetch() -> None:
    for form in ResponseForm:
        outcome = replace(results(form=form), requested=False)
        assert (ran(outcome).status, ran(outcome).body) == (204, ())
        for accept in ("", FIREFOX):
            refused = write(outcome, "/jobs/j1/results", accept=accept)
            assert refused.status == 404
    told = document(write(replace(results(), requested=False), "/jobs/j1/results"))
    assert told["type"].endswith("/1.0/result-not-available")


@pytest.mark.parametrize(
    ("asked", "wish", "by_link", "applied"),
    [
        (None, "", False, None),
        (None, "return=minimal", True, "return=minimal"),
        (None, "Return=Representation", False, "return=representation"),
        (None, "respond-async, return=other", False, None),
        (Transmission.VALUE, "return=minimal", False, None),
        (Transmission.REFERENCE, "return=representation", True, None),
    ],
)
def test_a_wish_for_little_is_links_to_files_unless_the_request_says_otherwise(
    tmp_path: Path, asked: Transmission | None, wish: str, by_link: bool, applied: str | None
) -> None:
    file = stored(tmp_path, "a.png", b"png", PNG)
    outcome = results(output("o", file, by=asked), folder=tmp_path)
    reply = write(outcome, "/jobs/j1/results", prefer=wish)
    assert (reply.status, header(reply, "Link") is not None) == ((204, True) if by_link else (200, False))
    assert header(reply, "Preference-Applied") == applied
    found = document(write(replace(outcome, asked=replace(outcome.asked, response=DOCUMENT)), prefer=wish))
    assert ("href" in found["o"]) is by_link


def test_a_large_file_is_referred_to_unless_it_is_wished_or_asked_for_by_value() -> None:
    large = results(output("o", TIFF), form=DOCUMENT)
    assert "href" in document(write(large))["o"]
    for reply in (
        write(large, prefer="return=representation"),
        write(results(output("o", TIFF, by=Transmission.VALUE), form=DOCUMENT)),
    ):
        head, file, tail = reply.body
        assert head == b'{"o":{"mediaType":"image/tiff; application=geotiff","encoding":"base64","value":"'
        assert file == FileSlice("/data/j1/out/ndvi.tif", 0, 5_000_000, Encoding.BASE64)
        assert tail == b'"}}'
        assert reply.length == len(head) + 6_666_668 + len(tail)
    raw = write(results(output("o", TIFF)), prefer="return=representation")
    assert header(raw, "Preference-Applied") == "return=representation"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [("é\n".encode() * INLINE, Encoding.JSON_TEXT), (b"\xe9" * 3 * INLINE, Encoding.BASE64)],
)
def test_a_large_text_is_carried_as_text_if_it_is_utf8(
    tmp_path: Path, data: bytes, encoding: Encoding
) -> None:
    file = stored(tmp_path, "a.txt", data, Format("text/plain"))
    asked = output("t", file, by=Transmission.VALUE)
    reply = write(results(asked, form=DOCUMENT, folder=tmp_path))
    (found,) = (part for part in reply.body if isinstance(part, FileSlice))
    assert found.encoding is encoding
    assert (found.start, found.end) == (0, len(data))


LATIN = Format("text/plain; charset=iso-8859-1")


@pytest.mark.parametrize("times", [1, 3 * INLINE])
@pytest.mark.parametrize(
    ("piece", "format", "as_text"),
    [
        (b"a\n", LATIN, True),
        (b"\xc3\xa9\n", LATIN, False),  # two characters, and not the one of UTF-8
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xc3\xa9</a>', Format("application/xml"), False),
        (b"<\0?\0", Format("application/xml"), False),
    ],
)
def test_text_that_would_be_another_in_utf8_is_carried_in_base64(
    piece: bytes, format: Format, as_text: bool, times: int, tmp_path: Path
) -> None:
    file = stored(tmp_path, "a.txt", piece * times, format)
    reply = write(results(output("t", file, by=Transmission.VALUE), form=DOCUMENT, folder=tmp_path))
    head = next(part for part in reply.body if isinstance(part, bytes))
    assert (b'"encoding":"base64"' in head) is not as_text


@pytest.mark.parametrize(
    ("type", "charset", "told"),
    [
        ("text/csv", "utf-8", "text/csv; charset=utf-8"),
        ("text/csv", "", "text/csv"),
        ("text/csv; charset=iso-8859-1", "utf-8", "text/csv; charset=iso-8859-1"),
        ("application/xml", "utf-8", "application/xml"),
    ],
)
def test_no_charset_is_told_of_a_file_that_nobody_knows(
    type: str, charset: str, told: str, tmp_path: Path
) -> None:
    file = replace(stored(tmp_path, "a.txt", b"a", Format(type)), charset=charset)
    assert header(write(results(output("t", file), folder=tmp_path)), "Content-Type") == told


def test_a_wish_for_little_leaves_small_values_where_they_are(tmp_path: Path) -> None:
    file = stored(tmp_path, "a.png", b"png", PNG)
    outcome = results(output("n", Literal(1)), output("f", file), form=DOCUMENT, folder=tmp_path)
    found = document(write(outcome, prefer="return=minimal"))
    assert found == {"n": 1, "f": {"href": f"{JOB_ADDRESS}/results/f", "rel": "item", "type": "image/png"}}


def test_a_job_remembers_the_wish_that_it_was_asked_with(tmp_path: Path) -> None:
    file = stored(tmp_path, "a.png", b"png", PNG)
    outcome = results(output("f", file), folder=tmp_path)
    outcome = replace(outcome, asked=replace(outcome.asked, transmission=Transmission.REFERENCE))
    assert (write(outcome).status, header(write(outcome), "Preference-Applied")) == (204, None)
    assert write(outcome, prefer="return=representation").status == 200


def test_a_results_document_that_is_fetched_names_its_profile() -> None:
    reply = write(results(output("a", Literal(1)), form=DOCUMENT), "/jobs/j1/results")
    profile = '<https://www.opengis.net/def/profile/OGC/0/ogc-results>; rel="profile"'
    assert ("Link", profile) in reply.headers


def test_the_answer_of_a_job_that_others_see_leads_to_it() -> None:
    reply = ran(replace(results(output("a", Literal(1))), honoured=("wait=5",)))
    assert header(reply, "Link") == f"<{JOB_ADDRESS}>; rel=monitor"
    assert header(reply, "Preference-Applied") == "wait=5"


def test_a_synchronous_answer_has_no_link_header_and_no_validators(tmp_path: Path) -> None:
    request = HttpRequest("POST", "/processes/echo/execution", headers={"accept": "application/json"})
    for form in ResponseForm:
        outcome = results(output("a", Literal(1)), output("b", InlineBytes(b"b", PNG)), form=form)
        reply = API.write(outcome, request, SITE)
        assert reply.status == 200
        assert header(reply, "Link") is None
        assert VALIDATORS.isdisjoint(dict(reply.headers))


# -- one output by its own address ----------------------------------------------------------------


def addressed(outcome: Results, path: str, **headers: str) -> HttpReply:
    return API.write(outcome, get(f"/jobs/j1/results/{path}", **headers), SITE)


def test_an_output_at_its_own_address_is_raw_however_it_was_asked() -> None:
    asked = output("o", TIFF, by=Transmission.REFERENCE)
    reply = addressed(results(asked, form=DOCUMENT, single=True), "o", accept=FIREFOX)
    assert reply.body == (FileSlice("/data/j1/out/ndvi.tif", 0, 5_000_000),)


def test_one_value_of_a_list_has_an_address_of_its_own() -> None:
    outcome = results(output("o", TIFF, InlineBytes(b"b", PNG), array=True), single=True)
    assert content(addressed(outcome, "o/1")) == b"b"
    refused = addressed(outcome, "o/2")
    assert refused.status == 404
    assert document(refused)["detail"] == "there is no 'o/2': the output has values 0 to 1"
    assert addressed(results(output("o", TIFF), single=True), "o/0").status == 404


def test_every_address_in_a_document_leads_to_its_value() -> None:
    reply = write(results(output("large one", TIFF), output("many", TIFF, TIFF, array=True), form=DOCUMENT))
    for href in re.findall(r'"href":"([^"]*)"', content(reply).decode()):
        assert href.startswith(f"{BASE}/jobs/")
        API.read(get(href.removeprefix(BASE).replace("%20", " ")))


# -- for people -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "query", "accept", "is_page"),
    [
        (results(output("o", TIFF)), "", FIREFOX, True),
        (results(output("o", TIFF), form=DOCUMENT), "", FIREFOX, True),
        (results(output("o", TIFF)), "f=html", "*/*", True),
        (results(output("o", Literal(1))), "f=json", FIREFOX, False),
        (results(output("o", TIFF)), "", "image/tiff, text/html;q=0.5", False),
        (results(output("o", TIFF)), "", "*/*", False),
        (results(output("o", InlineText("<p>", Format("text/html")))), "", FIREFOX, False),
        (results(output("o", TIFF), single=True), "", FIREFOX, False),
        (results(output("o", TIFF), single=True), "f=html", FIREFOX, False),
    ],
)
def test_a_browser_gets_a_page_of_the_results(
    outcome: Results, query: str, accept: str, is_page: bool
) -> None:
    reply = write(outcome, "/jobs/j1/results", query, accept=accept)
    assert (b"Results of" in content_start(reply)) is is_page


def content_start(reply: HttpReply) -> bytes:
    first = reply.body[0]
    return first if isinstance(first, bytes) else b""


def test_f_json_is_a_document_although_raw_was_asked() -> None:
    assert document(write(results(output("o", Literal(1))), "/jobs/j1/results", "f=json")) == {"o": 1}
