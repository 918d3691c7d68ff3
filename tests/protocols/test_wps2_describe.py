"""Capabilities and descriptions of WPS 2.0: valid, whole, in one language, and rendered once."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from lxml import etree
from ogcapi_outcomes import INPUTS, RICH
from wps2_outcomes import (
    EDITION,
    GENERAL,
    HREF,
    OFFERED,
    SITE,
    asked,
    content,
    get,
    ows2,
    root,
    texts,
    wps2,
    written,
)

from azenha.domain.messages import DescribeServer, ProcessesDescribed, ServerDescribed
from azenha.domain.process import (
    Catalogue,
    JobControl,
    LiteralDomain,
    ObjectDomain,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
)
from azenha.protocols.http import HttpReply, HttpRequest
from azenha.protocols.xml_write import XLINK
from schemas import need_shared

CONTROLS = frozenset(JobControl)
OPERATIONS = ["GetCapabilities", "DescribeProcess", "Execute", "GetStatus", "GetResult"]


def process(**changes: object) -> ProcessDescription:
    return replace(RICH.description, **changes)


def catalogue(*processes: ProcessDescription) -> Catalogue:
    return Catalogue({one.id: Offering(one, "x.py") for one in processes})


def described(
    *processes: ProcessDescription, language: str = "en", soap: str | None = None
) -> etree._Element:
    offerings = tuple(Offering(one, "x.py") for one in processes)
    return root(written(ProcessesDescribed(offerings, language), asked("DescribeProcess", soap)))


def capabilities(
    of: Catalogue = OFFERED, request: HttpRequest | None = None, **command: object
) -> tuple[etree._Element, HttpReply]:
    outcome = ServerDescribed(of, DescribeServer(**command), "en", ("en", "pt"))  # type: ignore[arg-type]
    reply = written(outcome, request or asked("GetCapabilities"))
    return root(reply), reply


# -- descriptions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("soap", [None, "1.1", "1.2"])
def test_everything_that_a_process_can_have_is_described_validly(soap: str | None) -> None:
    need_shared()
    found = described(RICH.description, soap=soap)
    assert [one.text for one in found.iterfind(".//{*}Process/{*}Identifier")] == [RICH.description.id]
    assert len(found.findall(".//{*}Process/{*}Input")) == len(INPUTS)


def test_descriptions_come_in_the_order_asked_and_say_their_language() -> None:
    found = described(process(id="b"), process(id="a"), language="pt")
    assert [one.findtext("{*}Identifier") for one in found.iter(wps2("Process"))] == ["b", "a"]
    assert {one.get("{http://www.w3.org/XML/1998/namespace}lang") for one in found.iter(wps2("Process"))} == {
        "pt"
    }
    assert not found.attrib


def test_titles_are_in_the_language_of_the_answer_and_identifiers_never() -> None:
    translated = process(translations={"pt": Text("Rico")})
    assert texts(described(translated, language="pt"), "Title")[0] == "Rico"
    assert texts(described(translated), "Title")[0] == "Rich"
    assert texts(described(translated, language="pt"), "Identifier")[0] == RICH.description.id


def test_an_offering_tells_its_modes_transmissions_and_a_version_that_the_schema_takes() -> None:
    (one,) = described(process(job_control=CONTROLS))
    assert one.get("jobControlOptions") == "sync-execute async-execute dismiss pause"
    assert one.get("outputTransmission") == "value reference"
    assert one.get("processVersion") == "1.2.0"
    for version in ("1", "1.0.0-beta", "1.0.0.0"):
        (one,) = described(process(version=version))
        assert one.get("processVersion") is None
        titles = [link.get(f"{{{XLINK}}}title") for link in one.iterfind("{*}Process/{*}Metadata")]
        assert titles[-1] == f"process version {version}"


def inputs() -> dict[str, etree._Element]:
    found = described(RICH.description)
    return {one.findtext(ows2("Identifier")) or "": one for one in found.iterfind(".//{*}Process/{*}Input")}


def test_a_literal_has_its_type_as_text_and_as_an_address_and_a_domain_for_each_unit() -> None:
    share = inputs()["share"]
    domains = share.findall(".//LiteralDataDomain")
    assert [one.findtext(ows2("UOM")) for one in domains] == ["m", "km"]
    assert [one.get("default") for one in domains] == [None, "true"]
    assert [one.findtext(ows2("DefaultValue")) for one in domains] == [None, "0.5"]
    type = domains[0].find(ows2("DataType"))
    assert type is not None
    assert (type.text, type.get(ows2("reference"))) == ("double", "http://www.w3.org/2001/XMLSchema#double")
    range = domains[0].find(f".//{ows2('Range')}")
    assert range is not None
    assert range.get(ows2("rangeClosure")) == "open-closed"


def test_a_literal_that_may_be_anything_says_so() -> None:
    assert inputs()["text"].find(".//{*}AnyValue") is not None
    assert texts(inputs()["choice"], "Value") == ["red", "green"]


def test_exactly_one_format_and_one_system_is_the_default() -> None:
    for one in described(RICH.description).iter(
        wps2("LiteralData"), wps2("ComplexData"), wps2("BoundingBoxData")
    ):
        assert [f.get("default") for f in one.findall(wps2("Format"))].count("true") == 1
        systems = one.findall(wps2("SupportedCRS"))
        assert not systems or [s.get("default") for s in systems].count("true") == 1


def test_formats_of_bytes_are_told_with_base64_in_which_they_travel_inside() -> None:
    scene = inputs()["scene"].findall(".//{*}Format")
    assert [(f.get("mimeType"), f.get("encoding")) for f in scene] == [
        ("image/tiff; application=geotiff", None),
        ("image/tiff; application=geotiff", "base64"),
        ("application/geo+json", None),
        ("text/csv", None),
    ]
    assert {f.get("maximumMegabytes") for f in scene} == {"1"}
    assert inputs()["any"].find(".//{*}Format").get("mimeType") == "application/octet-stream"  # type: ignore[union-attr]


def test_occurrences_are_told_and_may_be_unbounded() -> None:
    count, text = inputs()["count"], inputs()["text"]
    assert (count.get("minOccurs"), count.get("maxOccurs")) == ("1", "unbounded")
    assert (text.get("minOccurs"), text.get("maxOccurs")) == ("1", "1")


def test_an_object_is_inputs_within_an_input_and_outputs_within_an_output() -> None:
    point = inputs()["point"]
    assert [one.findtext(ows2("Identifier")) for one in point.findall(wps2("Input"))] == ["x", "tags", "note"]
    domain = next(one.domain for one in INPUTS if one.id == "point")
    assert isinstance(domain, ObjectDomain)
    found = described(process(outputs=(OutputDescription("place", domain, Text("P")),)))
    (place,) = found.findall(".//{*}Process/{*}Output")
    assert [one.findtext(ows2("Identifier")) for one in place.findall(wps2("Output"))] == [
        "x",
        "tags",
        "note",
    ]


# -- capabilities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("soap", [None, "1.1", "1.2"])
def test_capabilities_are_valid_and_list_every_process_and_language(soap: str | None) -> None:
    found, _ = capabilities(request=asked("GetCapabilities", soap))
    assert [one.findtext(ows2("Identifier")) for one in found.iter(wps2("ProcessSummary"))] == [
        RICH.description.id
    ]
    assert texts(found, "Language") == ["en", "pt"]
    assert texts(found, "ServiceTypeVersion") == ["2.0.0"]
    assert (found.get("service"), found.get("version")) == ("WPS", "2.0.0")


def test_both_editions_are_listed_where_both_are_spoken() -> None:
    outcome = ServerDescribed(OFFERED, DescribeServer(), "en", ("en",))
    assert set(texts(root(GENERAL.write(outcome, asked("GetCapabilities"), SITE)), "ServiceTypeVersion")) == {
        "1.0.0",
        "2.0.0",
    }


def test_operations_profiles_and_extension_are_those_of_which_some_process_can_make_use() -> None:
    for controls, more, profiles in [
        (JobControl.SYNC, [], ["synchronous-wps"]),
        (JobControl.ASYNC, [], ["asynchronous-wps"]),
        (JobControl.DISMISS, ["Dismiss", "Delete"], ["dismiss-extension", "urn:azenha:wps:job-control:1.0"]),
        (JobControl.PAUSE, ["Pause", "Resume", "Release"], ["urn:azenha:wps:job-control:1.0"]),
    ]:
        found, _ = capabilities(catalogue(process(job_control=frozenset({controls}))))
        assert [one.get("name") for one in found.iter(ows2("Operation"))] == OPERATIONS + more
        told = [one.rsplit("/", 1)[-1] for one in texts(found, "Profile")]
        assert told == ["basic-wps", "process-model-encoding", *profiles]
        listed = [one.get("name") for one in found.iter("{urn:azenha:wps:job-control:1.0}Operation")]
        assert listed == [name for name in more if name != "Dismiss"]


def test_execute_has_an_address_for_post_alone_and_the_others_for_both() -> None:
    found, _ = capabilities()
    for operation in found.iter(ows2("Operation")):
        gets = [one.get(HREF) for one in operation.iter(ows2("Get"))]
        assert gets == ([] if operation.get("name") == "Execute" else [f"{SITE.base}?"])
        assert [one.get(HREF) for one in operation.iter(ows2("Post"))] == [SITE.base]


def test_sections_are_those_asked_for_and_contents_whatever_is() -> None:
    for wanted, present in [
        (None, {"ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Languages", "Contents"}),
        (
            {"All"},
            {"ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Languages", "Contents"},
        ),
        ({"ServiceProvider", "Nonsense"}, {"ServiceProvider", "Contents"}),
        ({"Contents"}, {"Contents"}),
    ]:
        found, _ = capabilities(sections=None if wanted is None else frozenset(wanted))
        assert {etree.QName(one).localname for one in found} - {"Extension"} == present


def test_who_has_the_document_already_gets_a_short_one_and_its_state_changes_with_what_is_offered() -> None:
    first, _ = capabilities()
    state = first.get("updateSequence")
    short, _ = capabilities(known=state)
    assert short.get("updateSequence") == state
    assert short.find(ows2("ServiceIdentification")) is None
    other, _ = capabilities(catalogue(process(version="1.3.0")), known=state)
    assert other.get("updateSequence") != state
    assert other.find(ows2("ServiceIdentification")) is not None


def test_the_state_is_the_same_whatever_sections_are_asked_for() -> None:
    states = {capabilities(sections=s)[0].get("updateSequence") for s in (None, frozenset({"Contents"}))}
    assert len(states) == 1


def test_the_media_type_is_one_that_is_accepted_and_known() -> None:
    query = "service=WPS&request=GetCapabilities&acceptformats="
    for formats, type in [
        ("", "text/xml"),
        ("application/xml", "application/xml"),
        ("image/png", "text/xml"),
        ("image/png,application/xml,text/xml", "application/xml"),
    ]:
        _, reply = capabilities(request=get(query + formats))
        assert dict(reply.headers)["Content-Type"] == type


def test_what_is_offered_is_rendered_once_and_has_a_tag() -> None:
    _, first = capabilities()
    _, second = capabilities()
    assert first is second
    headers = dict(first.headers)
    assert headers["ETag"].strip('"')
    assert headers["Vary"] == "Accept-Language"


def test_five_hundred_processes_cost_little_once_they_were_rendered() -> None:
    offerings = tuple(Offering(process(id=f"p{n}"), "x.py") for n in range(500))
    outcome = ProcessesDescribed(offerings, "en")
    EDITION.write(outcome, asked("DescribeProcess"), SITE)
    began = time.perf_counter()
    reply = EDITION.write(outcome, asked("DescribeProcess"), SITE)
    # An order of magnitude above what is needed, and one below what rendering them costs.
    assert time.perf_counter() - began < 0.5
    assert content(reply).count(b"<wps:ProcessOffering ") == 500


def test_a_literal_is_offered_as_xml_by_default_and_as_text() -> None:
    domain = next(one.domain for one in INPUTS if one.id == "text")
    assert isinstance(domain, LiteralDomain)
    told = [f.get("mimeType") for f in inputs()["text"].findall(".//{*}Format")]
    assert told == ["text/xml", "text/plain"]
