"""MAP files: whatever data is called, it stays inside its string and adds nothing to the map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publishing import ADDRESS, PIXELS, TRACTS, shape, tokens

from azenha.adapters.publishers.mapserver.mapfile import Layer, configuration, mapfile, string
from azenha.domain.published import Attribute, Features, Published
from azenha.engine.publishing.names import element_names

HOSTILE = [
    'a" END END END',
    "a' END",
    '"',
    '\\"',
    'x\nEND\nLAYER NAME "evil"',
    'a"\r\nCONNECTIONTYPE OGR CONNECTION "/etc/passwd"',
    "a\0b",
    "# comment",
    "/* comment */",
    "[attribute]",
    "%layer%",
    "{a,b}",
    "(1 = 1)",
    "`now`",
    "\u2028END",
    "INCLUDE '/etc/passwd'",
    "é 地図 \U0001f5fa",
]
TEXTS = st.text() | st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE)).map(" ".join)


def written(title: str, attributes: tuple[Attribute, ...] = (), facts: Published = TRACTS) -> str:
    if isinstance(facts.content, Features):
        facts = replace(facts, content=replace(facts.content, attributes=attributes))
    layer = Layer("map", title, Path("/data/results/7e1f/1") / facts.key, facts)
    return mapfile([layer], title, title, Path("/data/services/x"), ADDRESS)


@given(TEXTS)
def test_a_text_is_one_string_and_nothing_beside_it(text: str) -> None:
    shown = string(text)
    assert tokens(shown) == [shown]
    assert "\\" not in shown
    assert all(c.isprintable() or c == " " or ord(c) > 0x9F for c in shown)
    shown.encode()


@given(TEXTS)
def test_a_title_changes_no_directive_of_the_map(title: str) -> None:
    assert shape(written(title)) == shape(written("Title"))
    assert shape(written(title, facts=PIXELS)) == shape(written("Title", facts=PIXELS))


@given(st.lists(TEXTS, max_size=6))
def test_names_of_attributes_become_names_of_elements_no_two_alike_and_change_no_directive(
    names: list[str],
) -> None:
    fit = element_names(names)
    assert len({name.casefold() for name in fit} | {"fid", "geom", "feature_id"}) == len(names) + 3
    for name in fit:
        assert name.isidentifier() or all(c.isalnum() or c == "_" for c in name)
        assert name[0].isalpha() or name[0] == "_"
    attributes = tuple(Attribute(n, t, "Character") for n, t in zip(fit, names, strict=True))
    plain = tuple(Attribute(f"a{n}", "t", "Character") for n in range(len(names)))
    assert shape(written("T", attributes)) == shape(written("T", plain))


@pytest.mark.parametrize("name", ['a" END', "a b", "", "1a", "a,b", "a-b", "[a]"])
def test_a_name_that_is_none_is_never_written_whoever_let_it_through(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        written("T", (Attribute(name, "t", "Character"),))


def test_a_type_that_is_not_known_is_text() -> None:
    assert '"gml_a_type" "Character"' in written("T", (Attribute("a", "t", '" END'),))


@pytest.mark.parametrize("pair", ['proj=utm" END', "nadgrids=/etc/passwd", "proj=utm END", ""])
def test_a_parameter_of_a_projection_is_a_plain_word_or_number(pair: str) -> None:
    with pytest.raises(ValueError, match="not a parameter of PROJ"):
        written("T", facts=replace(TRACTS, crs=None, projection=(pair,)))


@pytest.mark.parametrize("place", ['/da"ta', "/da\\ta", "/da\nta", "/d[a]ta", "/100%", "/da'ta"])
def test_a_folder_that_a_map_file_cannot_name_is_refused(place: str) -> None:
    layer = Layer("map", "T", Path(place) / TRACTS.key, TRACTS)
    with pytest.raises(ValueError, match="cannot name"):
        mapfile([layer], "T", "T", Path("/x"), ADDRESS)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not a number"):
        written("T", facts=replace(TRACTS, bounds=(number, 0, 1, 1)))


def test_nothing_of_the_map_can_be_changed_by_a_request() -> None:
    for facts, blocks in ((PIXELS, 2), (TRACTS, 2)):
        text = written("T", facts=facts)
        assert text.count('"immutable" "true"') == blocks
        assert '"ows_sld_enabled" "false"' in text


def test_what_is_not_of_its_kind_is_not_enabled() -> None:
    assert '"wfs_enable_request"' not in written("T", facts=PIXELS)
    assert '"wcs_enable_request"' not in written("T", facts=TRACTS)
    assert '"ows_enable_request" "!*"' in written("T")


def test_a_raster_in_a_system_without_a_number_is_no_coverage() -> None:
    text = written("T", facts=replace(PIXELS, crs=None, projection=("proj=laea", "ellps=GRS80")))
    assert '"wms_enable_request"' in text
    assert '"wcs_enable_request"' not in text
    assert tokens(text).count('"proj=laea"') == 2


def test_the_configuration_lets_one_map_file_be_opened_by_a_key() -> None:
    text = configuration("map", Path("/data/x/output.map"), None)
    assert '"MS_MAP_NO_PATH" "1"' in text
    assert '"MS_MAP_PATTERN" "^$"' in text
    assert tokens(text)[-4:] == ['"map"', '"/data/x/output.map"', "END", "END"]


def test_several_values_are_several_layers() -> None:
    layers = [Layer(f"map_{n}", f"{n}.tif", Path(f"/d/{n}.tif"), PIXELS) for n in range(2)]
    assert tokens(mapfile(layers, "T", "T", Path("/x"), ADDRESS)).count("LAYER") == 2


def test_a_point_alone_has_an_extent_all_the_same() -> None:
    text = written("T", facts=replace(TRACTS, bounds=(1, 2, 1, 2)))
    west, south, east, north = map(float, text.split("EXTENT ")[1].splitlines()[0].split())
    assert west < 1 < east
    assert south < 2 < north
