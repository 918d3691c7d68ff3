"""SOAP envelopes round a request and a reply."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from azenha.domain.errors import BadRequest, HeaderNotUnderstood, Malformed
from azenha.domain.values import RawSlice
from azenha.protocols import soap, xml
from azenha.protocols.ows import Edition, OwsException, exception_report
from azenha.protocols.soap import Soap
from azenha.protocols.xml_write import Tag

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "wps-1.0.0"
BOTH = pytest.mark.parametrize("version", list(Soap))
NEXT_12 = "http://www.w3.org/2003/05/soap-envelope/role/next"


def envelope(version: Soap, body: str, header: str = "") -> bytes:
    return (f'<s:Envelope xmlns:s="{version.value}">{header}<s:Body> {body}\n</s:Body></s:Envelope>').encode()


@BOTH
def test_the_request_in_an_envelope_is_read_with_its_large_data(version: Soap) -> None:
    raw = envelope(version, f'<w:R xmlns:w="u"><w:D>{"x" * 100_000}</w:D></w:R>')
    request, found = soap.unwrap(xml.read(raw, ["{u}D"]))
    assert found is version
    assert request.root.tag == "{u}R"
    data = request.data(request.root[0])
    assert isinstance(data, RawSlice)
    assert raw[data.start : data.end] == b"x" * 100_000


def test_what_is_no_envelope_stays_as_it_is() -> None:
    document = xml.read(b"<R/>")
    assert soap.unwrap(document) == (document, None)


@BOTH
@pytest.mark.parametrize(
    ("body", "words"), [("", "holds 0 elements"), ("<a/><b/>", "holds 2 elements"), ("text", "holds 0 elements")]
)  # fmt: skip
def test_a_body_takes_one_request(version: Soap, body: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        soap.unwrap(xml.read(envelope(version, body)))


def test_no_body_and_unknown_versions_are_refused() -> None:
    with pytest.raises(BadRequest, match="no body"):
        soap.unwrap(xml.read(f'<s:Envelope xmlns:s="{Soap.V1_2.value}"/>'.encode()))
    with pytest.raises(BadRequest, match=r"neither 1\.1 nor 1\.2"):
        soap.unwrap(xml.read(b'<s:Envelope xmlns:s="http://www.w3.org/2001/12/soap-envelope"/>'))


def test_a_document_type_in_an_envelope_is_refused() -> None:
    with pytest.raises(Malformed, match="document type"):
        xml.read(b'<!DOCTYPE x [<!ENTITY y "z">]>' + envelope(Soap.V1_1, "<a>&y;</a>"))


@pytest.mark.parametrize(
    ("version", "attributes", "refused"),
    [
        (Soap.V1_1, "", False),
        (Soap.V1_1, 's:mustUnderstand="0"', False),
        (Soap.V1_1, 's:mustUnderstand="1"', True),
        (Soap.V1_1, 's:mustUnderstand="1" s:actor="http://other"', False),
        (Soap.V1_1, 's:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"', True),
        (Soap.V1_2, 's:mustUnderstand="true"', True),
        (Soap.V1_2, 's:mustUnderstand="false"', False),
        (Soap.V1_2, f's:mustUnderstand="true" s:role="{NEXT_12}"', True),
        (Soap.V1_2, f's:mustUnderstand="true" s:role="{NEXT_12.replace("next", "none")}"', False),
    ],
)
def test_headers_are_passed_over_unless_they_must_be_understood(
    version: Soap, attributes: str, refused: bool
) -> None:
    header = f'<s:Header><h:Security xmlns:h="u" {attributes}/></s:Header>'
    message = xml.read(envelope(version, "<a/>", header))
    if refused:
        with pytest.raises(HeaderNotUnderstood, match="'h:Security' must be understood"):
            soap.unwrap(message)
    else:
        assert soap.unwrap(message)[0].root.tag == "a"


@BOTH
def test_what_is_wrapped_is_unwrapped(version: Soap) -> None:
    (whole,) = soap.wrap(Tag("wps:A", "é"), version, {"wps": "u"})
    assert isinstance(whole, bytes)
    request, found = soap.unwrap(xml.read(whole))
    assert found is version
    assert (request.root.tag, request.root.text) == ("{u}A", "é")


@pytest.mark.parametrize(
    ("version", "code", "path", "word"),
    [
        (Soap.V1_1, "Sender", "faultcode", "soap:Client"),
        (Soap.V1_1, "Receiver", "faultcode", "soap:Server"),
        (Soap.V1_1, "MustUnderstand", "faultcode", "soap:MustUnderstand"),
        (Soap.V1_2, "Sender", "{*}Code/{*}Value", "soap:Sender"),
        (Soap.V1_2, "Receiver", "{*}Code/{*}Value", "soap:Receiver"),
    ],
)
def test_a_fault_holds_the_exception_report(version: Soap, code: str, path: str, word: str) -> None:
    report = exception_report([OwsException("NoApplicableCode", "it broke")], Edition.V1_1)
    (whole,) = soap.fault(report, "it broke", version, {"ows": Edition.V1_1}, code=code)
    assert isinstance(whole, bytes)
    fault = etree.fromstring(whole)[0][0]
    assert fault.tag == f"{{{version.value}}}Fault"
    assert fault.findtext(path) == word
    detail = fault[-1]
    assert etree.QName(detail).localname.lower() == "detail"
    assert detail[0].tag == "{http://www.opengis.net/ows/1.1}ExceptionReport"


@pytest.mark.parametrize(
    ("version", "status", "expected"),
    [(Soap.V1_1, 400, 500), (Soap.V1_2, 400, 400), (Soap.V1_2, 404, 400), (Soap.V1_2, 501, 500),
     (Soap.V1_1, 503, 503)],
)  # fmt: skip
def test_faults_go_with_the_statuses_of_their_binding(version: Soap, status: int, expected: int) -> None:
    assert soap.status(version, status) == expected


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*SOAP.xml")), ids=lambda p: p.stem)
def test_the_official_samples_are_unwrapped(path: Path) -> None:
    request, version = soap.unwrap(xml.read(path.read_bytes()))
    assert version is Soap.V1_2
    assert etree.QName(request.root).namespace == "http://www.opengis.net/wps/1.0.0"
