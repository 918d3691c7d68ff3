"""In which languages there are texts, and descriptions in one of them."""

from __future__ import annotations

import time
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.languages import in_language, languages, languages_of, lookup
from azenha.domain.process import (
    Catalogue,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
)

NUMBER = LiteralDomain(LiteralType.DOUBLE, units=("m", "km"))


def named(id: str, domain=NUMBER, **titles: str) -> InputDescription:
    return InputDescription(id, domain, Text(id), translations=texts(titles))


def texts(titles: dict[str, str]) -> MappingProxyType[str, Text]:
    return MappingProxyType({tag.replace("_", "-"): Text(title) for tag, title in titles.items()})


SLOPE = ProcessDescription(
    "slope",
    "1",
    Text("Slope", "How steep it is.", ("relief",)),
    (named("height", pt="altura"), named("at", ObjectDomain((named("x", pt="leste", de="Ost"), named("y"))))),
    (OutputDescription("angle", NUMBER, Text("angle"), translations=texts({"pt": "ângulo"})),),
    translations=MappingProxyType(
        {"pt": Text("Declive", "Quão íngreme.", ("relevo",)), "fr-CA": Text("Pente")}
    ),
)
PLAIN = ProcessDescription("plain", "1", Text("Plain"), (named("a"),))


def test_the_languages_of_a_catalogue_are_those_of_all_its_texts_the_default_first():
    catalogue = Catalogue({"slope": Offering(SLOPE, "a"), "plain": Offering(PLAIN, "b")})
    assert languages(catalogue) == ("en", "de", "fr-CA", "pt")
    assert languages(catalogue, "pt") == ("pt", "de", "fr-CA")
    assert languages(Catalogue({}), "cs") == ("cs",)


def test_tags_that_differ_in_case_alone_are_one_language():
    shouted = replace(PLAIN, translations=texts({"PT": "a", "EN": "b", "pt": "c"}))
    assert languages_of([shouted]) == ("en", "PT")


def test_every_text_that_is_translated_is_replaced_within_objects_and_outputs_too():
    found = in_language(SLOPE, "pt")
    assert found.text == Text("Declive", "Quão íngreme.", ("relevo",))
    assert found.inputs[0].text == Text("altura")
    assert isinstance(found.inputs[1].domain, ObjectDomain)
    assert [field.text.title for field in found.inputs[1].domain.fields] == ["leste", "y"]
    assert found.outputs[0].text == Text("ângulo")


def test_nothing_but_texts_changes():
    found = in_language(SLOPE, "pt")
    assert [i.id for i in found.inputs] == ["height", "at"]
    assert found.inputs[0].domain == NUMBER
    assert replace(found, text=SLOPE.text, inputs=SLOPE.inputs, outputs=SLOPE.outputs) == SLOPE


def test_what_is_not_translated_or_in_part_stays_as_its_author_wrote_it():
    found = in_language(SLOPE, "fr-CA")
    assert found.text == Text("Pente", "How steep it is.", ("relief",))
    assert found.inputs is not None
    assert found.inputs == SLOPE.inputs


@pytest.mark.parametrize("tag", ["pt-BR", "PT", "pt-Latn-BR-x-a"])
def test_a_narrower_language_finds_the_wider(tag):
    assert in_language(SLOPE, tag).text.title == "Declive"


def test_the_language_of_the_author_is_found_before_its_variants():
    british = replace(PLAIN, translations=texts({"en-GB": "Ordinary"}))
    assert in_language(british, "en").text.title == "Plain"
    assert in_language(british, "en-US").text.title == "Plain"
    assert in_language(british, "en-GB").text.title == "Ordinary"
    assert in_language(british, "en", default="pt").text.title == "Ordinary"


@pytest.mark.parametrize(("description", "tag"), [(PLAIN, "pt"), (SLOPE, "en"), (SLOPE, "zh")])
def test_where_nothing_is_translated_it_is_the_very_same_description(description, tag):
    assert in_language(description, tag) is description


@given(st.sampled_from(["en", "pt", "de", "fr", "xx"]), st.sampled_from(["en", "pt", "de", "fr-CA"]))
def test_what_is_in_a_language_already_stays_in_it(tag, default):
    once = in_language(SLOPE, tag, default)
    assert in_language(once, tag, default) == once


def test_no_language_is_found_among_none():
    assert lookup("*", ()) is None
    assert lookup("en", ()) is None


def test_a_tag_of_a_million_subtags_is_looked_up_as_fast_as_it_is_read() -> None:
    began = time.monotonic()
    assert lookup("pt-br" + "-a" * 1_000_000, ("en", "pt-BR")) == "pt-BR"
    assert time.monotonic() - began < 5, (
        "far more than it takes, and far less than a walk through all of them"
    )
