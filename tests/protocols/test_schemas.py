"""The validator that tests hold replies against tells the official samples from broken ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

import schemas
from schemas import SAMPLES, problems, valid

# In the official suite's own requests an attribute has a misspelt namespace; moving features are another standard.
INVALID = {
    *("ValidInputReference.xml", "ValidInputValue.xml", "ValidOutputReference.xml", "ValidOutputValue.xml"),
    *("ValidUniqueJobIds.xml", "vehicles.xml"),
}
CAPABILITIES = "wps-1.0.0/20_wpsGetCapabilities_response.xml"
FAULT = (
    '<s:Envelope xmlns:s="{soap}"><s:Body><s:Fault>{head}<{detail}>'
    '<o:ExceptionReport xmlns:o="http://www.opengis.net/ows/1.1" version="1.0.0"><o:Exception {code}="x"/>'
    "</o:ExceptionReport></{detail}></s:Fault></s:Body></s:Envelope>"
)
HEAD_11 = "<faultcode>s:Client</faultcode><faultstring>no</faultstring>"
HEAD_12 = '<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason>'


@pytest.fixture(autouse=True)
def _beside() -> None:
    schemas.need_shared()


def samples() -> Iterator[Path]:
    for folder in ("wps-1.0.0", "wps-2.0"):
        for path in sorted((SAMPLES / folder).rglob("*")):
            if path.suffix in (".xml", ".wsdl") and path.name not in INVALID:
                yield path


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


@pytest.mark.parametrize("path", list(samples()), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_the_official_samples_are_valid(path: Path) -> None:
    valid(path.read_bytes())


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (
            "wps-2.0/wpsGetStatusRequestExample.xml",
            b'version="2.0.0"',
            b'version="2.0.2"',
            "does not match the fixed value",
        ),
        (CAPABILITIES, b"ProcessOfferings>", b"Processes>", "This element is not expected"),
        (
            "wps-1.0.0/40_wpsDescribeProcess_response.xml",
            b'maxOccurs="1"',
            b'maxOccurs="unbounded"',
            "positiveInteger",
        ),
        (
            "wps-1.0.0/90_wpsExceptionReport.xml",
            b"exceptionCode",
            b"code",
            "'exceptionCode' is required but missing",
        ),
        ("wps-1.0.0/20_wpsGetCapabilities_response_SOAP.xml", b"ows:Title>", b"ows:Name>", "not expected"),
        ("wps-1.0.0/20_wpsGetCapabilities_response_SOAP.xml", b":Body>", b":Content>", "not expected"),
        ("wps-2.0/wpsStatusInfoExample.xml", b"wps:JobID>", b"wps:Job>", "not expected"),
        ("wps-2.0/wpsProcessOfferingsExample.xml", b"jobControlOptions", b"options", "is not allowed"),
        ("wps-1.0.0/example_service.wsdl", b"portType", b"port", "not expected"),
    ],
)
def test_a_broken_sample_is_found(name: str, old: bytes, new: bytes, words: str) -> None:
    whole = sample(name)
    broken = whole.replace(old, new)
    assert broken != whole
    with pytest.raises(AssertionError, match=words):
        valid(broken)


@pytest.mark.parametrize(
    ("soap", "head", "detail"),
    [(schemas.SOAP11, HEAD_11, "detail"), (schemas.SOAP12, HEAD_12, "s:Detail")],
)
def test_the_report_in_a_fault_is_held_against_its_own_schema(soap: str, head: str, detail: str) -> None:
    def fault(code: str) -> bytes:
        return FAULT.format(soap=soap, head=head, detail=detail, code=code).encode()

    assert valid(fault("exceptionCode")).tag == f"{{{soap}}}Envelope"
    with pytest.raises(AssertionError, match="exceptionCode"):
        valid(fault("code"))


def test_documents_of_no_known_standard_and_of_no_form_are_refused() -> None:
    assert problems(etree.fromstring("<a/>")) == ["no schema for the root a"]
    with pytest.raises(etree.XMLSyntaxError):
        valid(b"<a>")


def test_the_schemas_are_loaded_once() -> None:
    assert schemas.schema(schemas.WPS2) is schemas.schema(schemas.WPS2)
