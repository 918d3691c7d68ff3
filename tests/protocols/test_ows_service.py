"""What a service tells of itself, in the words of OWS Common, valid in both editions."""

from __future__ import annotations

import pytest
from lxml import etree

from azenha.domain.process import Metadata
from azenha.protocols.http import Provider, Site
from azenha.protocols.ows import Edition
from azenha.protocols.ows_service import (
    Operation,
    identification,
    keywords,
    metadata,
    operations_metadata,
    provider,
)
from azenha.protocols.xml_write import XLINK, Tag, document
from schemas import schema

PLAIN = Site("http://example.org/wps")
TOLD = Site(
    "http://example.org/wps",
    "Ribeira & filhos",
    "Processes for rivers",
    keywords=("water", "soil"),
    fees="1 € a run",
    constraints="members only",
    provider=Provider("Ribeira", "http://ribeira.example/", "A. Silva", "a@ribeira.example"),
)


def written(tag: Tag, edition: Edition = Edition.V2_0) -> etree._Element:
    namespaces = {"ows": edition.value, "xlink": XLINK}
    return etree.fromstring(b"".join(p for p in document(tag, namespaces) if isinstance(p, bytes)))


def texts(element: etree._Element, name: str) -> list[str]:
    return [e.text or "" for e in element.iter(f"{{*}}{name}")]


@pytest.mark.parametrize("edition", Edition)
@pytest.mark.parametrize("site", [PLAIN, TOLD])
def test_every_section_is_valid_in_both_editions(site: Site, edition: Edition) -> None:
    operations = (Operation("GetCapabilities"), Operation("Execute", get=False))
    for section in (
        identification(site, ("1.0.0", "2.0.0"), ("http://example.org/conf",)),
        provider(site),
        operations_metadata(site, operations * 2),
    ):
        schema(edition.value).assertValid(written(section, edition))


def test_the_service_is_told_as_it_was_set() -> None:
    root = written(identification(TOLD, ("2.0.0",)))
    assert texts(root, "Title") == ["Ribeira & filhos"]
    assert texts(root, "Abstract") == ["Processes for rivers"]
    assert texts(root, "Keyword") == ["water", "soil"]
    assert texts(root, "ServiceType") == ["WPS"]
    assert texts(root, "ServiceTypeVersion") == ["2.0.0"]
    assert texts(root, "Fees") == ["1 € a run"]
    assert texts(root, "AccessConstraints") == ["members only"]


def test_what_is_not_set_is_not_told_but_that_nothing_is_charged() -> None:
    root = written(identification(PLAIN, ("2.0.0",)))
    assert texts(root, "Abstract") == texts(root, "Keywords") == []
    assert texts(root, "Fees") == texts(root, "AccessConstraints") == ["NONE"]


def test_the_provider_is_told_with_address_person_and_mail() -> None:
    root = written(provider(TOLD))
    assert texts(root, "ProviderName") == ["Ribeira"]
    assert texts(root, "IndividualName") == ["A. Silva"]
    assert texts(root, "ElectronicMailAddress") == ["a@ribeira.example"]
    assert root.find("{*}ProviderSite").get(f"{{{XLINK}}}href") == "http://ribeira.example/"


def test_an_operation_lists_the_bindings_that_it_has_and_no_other() -> None:
    root = written(
        operations_metadata(
            PLAIN,
            (
                Operation("A"),
                Operation("B", get=False, soap=False),
                Operation("C", post=False, soap=False),
            ),
        )
    )
    found = {
        operation.get("name"): (
            [get.get(f"{{{XLINK}}}href") for get in operation.iter("{*}Get")],
            [post.get(f"{{{XLINK}}}href") for post in operation.iter("{*}Post")],
            texts(operation, "Value"),
        )
        for operation in root
    }
    assert found == {
        "A": (["http://example.org/wps?"], ["http://example.org/wps"], ["XML", "SOAP"]),
        "B": ([], ["http://example.org/wps"], ["XML"]),
        "C": (["http://example.org/wps?"], [], []),
    }


def test_metadata_are_links_with_what_is_known_of_them() -> None:
    (one,) = metadata([Metadata("http://example.org/more", "More", "urn:role")])
    assert one.attributes == {
        "xlink:type": "simple",
        "xlink:href": "http://example.org/more",
        "xlink:role": "urn:role",
        "xlink:title": "More",
    }
    (bare,) = metadata([Metadata("http://example.org/more")])
    assert set(bare.attributes) == {"xlink:type", "xlink:href"}


def test_no_keywords_are_no_element() -> None:
    assert keywords(()) is None
