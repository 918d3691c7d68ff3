"""What clients are told of the examples."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from azenha.authoring.signature import definition_of
from azenha.domain.process import BoxDomain, ComplexDomain, LiteralDomain, ObjectDomain, ProcessDescription

# id: module, required inputs, inputs that may be left out, outputs
PROCESSES = {
    "echo": (
        "basic",
        ["text"],
        [
            "number",
            "integer",
            "decimal",
            "flag",
            "day",
            "moment",
            "duration",
            "choice",
            "numbers",
            "box",
            "place",
            "document",
        ],
        [
            "text",
            "number",
            "integer",
            "decimal",
            "flag",
            "day",
            "moment",
            "duration",
            "choice",
            "numbers",
            "box",
            "place",
            "document",
        ],
    ),
    "slow": ("basic", [], ["seconds", "steps"], ["result"]),
    "fail": ("basic", [], ["how"], ["result"]),
    "ndvi": ("raster", ["scene"], ["red", "nir"], ["result"]),
    "spectral-index": ("raster", ["scene", "index", "bands"], ["constants", "scale"], ["result"]),
    "terrain": (
        "terrain",
        [],
        ["dem", "band", "azimuth", "altitude", "z_factor"],
        ["slope", "hillshade", "picture"],
    ),
    "zonal-statistics": ("vector", ["raster", "zones"], ["band", "statistics", "prefix"], ["result"]),
    "buffer": ("vector", ["features", "distance"], ["segments"], ["result"]),
    "dissolve": ("vector", ["features"], ["by"], ["result"]),
}
NEEDS = {
    "basic": [],
    "raster": ["rasterio", "spyndex"],
    "terrain": ["rasterio", "pyproj"],
    "vector": ["geopandas", "pyogrio", "rasterio"],
}


def described(id: str) -> ProcessDescription:
    module = PROCESSES[id][0]
    for library in NEEDS[module]:
        pytest.importorskip(library, reason="needs azenha[examples]")
    found = vars(importlib.import_module(f"azenha.examples.{module}")).values()
    definitions = [d for d in map(definition_of, found) if d is not None]
    return next(d.description for d in definitions if d.description.id == id)


@pytest.mark.parametrize("id", PROCESSES)
def test_inputs_and_outputs_are_those_of_the_signature(id: str) -> None:
    _, required, optional, outputs = PROCESSES[id]
    description = described(id)
    assert [i.id for i in description.inputs if i.min_occurs] == required
    assert [i.id for i in description.inputs if not i.min_occurs] == optional
    assert [o.id for o in description.outputs] == outputs


@pytest.mark.parametrize("id", PROCESSES)
def test_everything_is_explained(id: str) -> None:
    description = described(id)
    assert description.version == "1.0.0"
    assert description.text.title
    assert description.text.abstract
    assert [i.id for i in description.inputs if not i.text.abstract] == []


def test_numbers_with_a_unit_tell_it_and_rasters_what_they_are() -> None:
    inputs = {i.id: i for i in described("terrain").inputs}
    assert inputs["dem"].text.title == "Elevation model"
    for id in ("azimuth", "altitude"):
        domain = inputs[id].domain
        assert isinstance(domain, LiteralDomain)
        assert domain.units == ("deg",)


def test_echo_has_an_input_of_every_kind() -> None:
    kinds = {type(i.domain) for i in described("echo").inputs}
    assert kinds == {LiteralDomain, BoxDomain, ComplexDomain, ObjectDomain}
    types = {i.domain.type for i in described("echo").inputs if isinstance(i.domain, LiteralDomain)}
    assert len(types) == 8


def test_options_are_what_each_process_can_bear() -> None:
    assert described("echo").reuse == 100
    assert described("slow").retries == 2
    limits = described("fail").limits
    assert (limits.time, limits.memory) == (10.0, 256 << 20)
    assert all(described(id).reuse == 1 for id in ("slow", "fail", "ndvi", "terrain"))


def test_the_named_indices_are_allowed_values() -> None:
    index = described("spectral-index").input("index")
    assert index is not None
    assert isinstance(index.domain, LiteralDomain)
    assert {"NDVI", "EVI", "SAVI", "NBR", "NDWI"} <= set(index.domain.allowed)


def test_the_picture_is_announced_as_png() -> None:
    picture = described("terrain").output("picture")
    assert picture is not None
    assert isinstance(picture.domain, ComplexDomain)
    assert [f.media_type for f in picture.domain.formats] == ["image/png"]


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("basic", ["numpy", "rasterio", "geopandas"]),
        ("raster", ["geopandas", "pyogrio", "matplotlib"]),
        ("terrain", ["geopandas", "pandas", "spyndex", "matplotlib"]),
        ("vector", ["spyndex", "matplotlib"]),
    ],
)
def test_a_module_loads_only_what_its_own_processes_use(module: str, spared: list[str]) -> None:
    for library in NEEDS[module]:
        pytest.importorskip(library, reason="needs azenha[examples]")
    code = f"import sys, azenha.examples.{module}; print([n for n in {spared!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
