"""A box goes round: as a client writes it, through a process, and back to the client, in every dialect the same.

The client here knows by its own table which axis a system has first, and writes the system in any of its ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from ogcapi_outcomes import SUCCEEDED
from test_wps1_replies import content

from azenha import BBox, Context, Crs, process
from azenha.authoring.calling import call
from azenha.authoring.signature import definition_of
from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits
from azenha.domain.crs import crs_name
from azenha.domain.messages import Execute, OutputRequest, OutputValue, ResponseForm, Results, StoredRequest
from azenha.domain.messages import JobRecord as Record
from azenha.domain.process import Catalogue, Offering
from azenha.domain.values import Box
from azenha.protocols.http import Dialect, HttpRequest, Limits, Site
from azenha.protocols.ogcapi.dialect import OgcApi
from azenha.protocols.wps_dialect import wps
from azenha.settings import Wps as WpsSettings

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
# By one of its names: whether latitude or northing comes first, whether it is one of degrees, its other names.
SYSTEMS = {
    "CRS84": (False, True, ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84", "[OGC:CRS84]", "CRS:84",
                            "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "urn:ogc:def:crs:OGC:2:84")),
    "CRS84h": (False, True, ("http://www.opengis.net/def/crs/OGC/0/CRS84h", "urn:ogc:def:crs:OGC::CRS84h")),
    "EPSG:4326": (True, True, ("urn:ogc:def:crs:EPSG::4326", "urn:ogc:def:crs:EPSG:6.6:4326", "epsg:4326",
                               "[EPSG:4326]", "http://www.opengis.net/def/crs/EPSG/0/4326",
                               "https://www.opengis.net/def/crs/EPSG/9.9.1/4326")),
    "EPSG:4979": (True, True, ("urn:ogc:def:crs:EPSG::4979",)),
    "EPSG:3857": (False, False, ("urn:ogc:def:crs:EPSG::3857", "[EPSG:3857]")),
    "EPSG:3035": (True, False, ("http://www.opengis.net/def/crs/EPSG/0/3035",)),
    "EPSG:4326+5773": (True, True, ("urn:ogc:def:crs,crs:EPSG::4326,crs:EPSG::5773",
                                    f"http://www.opengis.net/def/crs-compound?1={EPSG}4326&2={EPSG}5773")),
}  # fmt: skip
ANY_SYSTEM = Crs(*SYSTEMS, dimensions=(2, 3))
WPS1, WPS2 = "http://www.opengis.net/wps/1.0.0", "http://www.opengis.net/wps/2.0"
OWS1, OWS2 = "http://www.opengis.net/ows/1.1", "http://www.opengis.net/ows/2.0"


@process(version="1.0.0")
def same(box: Annotated[BBox, ANY_SYSTEM]) -> Annotated[BBox, ANY_SYSTEM]:
    """Gives a box back, made anew of its parts."""
    return BBox(box.minx, box.miny, box.maxx, box.maxy, box.crs, box.minz, box.maxz)


DEFINITION = definition_of(same)
assert DEFINITION is not None
DESCRIPTION = DEFINITION.description
OFFERING = Offering(DESCRIPTION, "boxes.py")
(OUTPUT,) = DESCRIPTION.outputs
DIALECTS: dict[str, Dialect] = {
    one.mount: one for one in (OgcApi(), *wps(Limits(), WpsSettings(kvp_execute=True)))
}

# -- a client ----------------------------------------------------------------------------------------


@st.composite
def boxes(draw: Any) -> tuple[Box, str]:
    """A box, easting first, and its system as the client calls it."""
    name = draw(st.sampled_from(sorted(SYSTEMS)))
    _, degrees, others = SYSTEMS[name]
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    if degrees:
        x = (draw(st.floats(-180, 180)), draw(st.floats(-180, 180)))  # the antimeridian between them too
        y = sorted((draw(st.floats(-90, 90)), draw(st.floats(-90, 90))))
    else:
        x, y = sorted((draw(numbers), draw(numbers))), sorted((draw(numbers), draw(numbers)))
    z = [sorted((draw(numbers), draw(numbers)))] if draw(st.booleans()) else []
    lower, upper = zip(x, y, *z, strict=True)
    return Box(lower, upper, crs_name(name)), draw(st.sampled_from((name, *others)))


def turned(corner: tuple[float, ...], crs: str) -> tuple[float, ...]:
    first = next(swapped for name, (swapped, _, _) in SYSTEMS.items() if crs_name(name) == crs_name(crs))
    return (corner[1], corner[0], *corner[2:]) if first else corner


def seen(numbers: list[float], crs: str) -> Box:
    """What the client takes a reply for."""
    half = len(numbers) // 2
    return Box(turned(tuple(numbers[:half]), crs), turned(tuple(numbers[half:]), crs), crs_name(crs))


def corners(box: Box) -> tuple[str, str]:
    return tuple(" ".join(map(repr, turned(corner, box.crs))) for corner in (box.minimum, box.maximum))  # type: ignore[return-value]


def listed(box: Box) -> str:
    return ",".join(corners(box)).replace(" ", ",")


def attribute(text: str) -> str:
    return text.replace("&", "&amp;")


def get(query: str) -> HttpRequest:
    return HttpRequest("GET", "/", query)


def post(body: str, path: str = "/", kind: str = "text/xml") -> HttpRequest:
    data = body.encode()
    return HttpRequest("POST", path, "", {"content-type": kind}, data, data)


def wps1_xml(box: Box, crs: str) -> HttpRequest:
    lower, upper = corners(box)
    return post(
        f'<w:Execute service="WPS" version="1.0.0" xmlns:w="{WPS1}" xmlns:o="{OWS1}">'
        "<o:Identifier>same</o:Identifier><w:DataInputs><w:Input><o:Identifier>box</o:Identifier><w:Data>"
        f'<w:BoundingBoxData crs="{attribute(crs)}" dimensions="{len(box.minimum)}">'
        f"<o:LowerCorner>{lower}</o:LowerCorner><o:UpperCorner>{upper}</o:UpperCorner>"
        "</w:BoundingBoxData></w:Data></w:Input></w:DataInputs></w:Execute>"
    )


def wps_kvp(version: str) -> Callable[[Box, str], HttpRequest]:
    def render(box: Box, crs: str) -> HttpRequest:
        value = quote(quote(f"{listed(box)},{crs},{len(box.minimum)}", safe=""), safe="%")
        return get(f"service=WPS&version={version}&request=Execute&identifier=same&DataInputs=box={value}")

    return render


def wps2_xml(box: Box, crs: str) -> HttpRequest:
    lower, upper = corners(box)
    name, attributes = "BoundingBox", f'crs="{attribute(crs)}" dimensions="{len(box.minimum)}"'
    if box.crs == crs_name("CRS84") and len(box.minimum) == 2:
        name, attributes = "WGS84BoundingBox", ""
    return post(
        f'<w:Execute service="WPS" version="2.0.0" response="document" mode="sync" xmlns:w="{WPS2}" '
        f'xmlns:o="{OWS2}"><o:Identifier>same</o:Identifier><w:Input id="box"><w:Data><o:{name} {attributes}>'
        f"<o:LowerCorner>{lower}</o:LowerCorner><o:UpperCorner>{upper}</o:UpperCorner></o:{name}></w:Data></w:Input>"
        f'<w:Output id="{OUTPUT.id}"/></w:Execute>'
    )


def wps2_text(box: Box, crs: str) -> HttpRequest:
    value = attribute(f"{listed(box)},{crs}")
    return post(
        f'<w:Execute service="WPS" version="2.0.0" response="document" mode="sync" xmlns:w="{WPS2}" '
        f'xmlns:o="{OWS2}"><o:Identifier>same</o:Identifier><w:Input id="box"><w:Data>{value}</w:Data></w:Input>'
        f'<w:Output id="{OUTPUT.id}"/></w:Execute>'
    )


def api_json(box: Box, crs: str) -> HttpRequest:
    numbers = [*turned(box.minimum, box.crs), *turned(box.maximum, box.crs)]
    body = {"inputs": {"box": {"bbox": numbers, "crs": crs}}}
    return post(json.dumps(body), "/processes/same/execution", "application/json")


def api_query(box: Box, crs: str) -> HttpRequest:
    query = f"box={quote(listed(box))}&box%5Bcrs%5D={quote(crs, safe='')}"
    return HttpRequest("GET", "/processes/same/execution", query)


WAYS: dict[str, tuple[str, Callable[[Box, str], HttpRequest]]] = {
    "OGC API, JSON": ("", api_json),
    "OGC API, by URL": ("", api_query),
    "WPS 1.0.0, XML": ("/wps/1.0.0", wps1_xml),
    "WPS 1.0.0, KVP": ("/wps/1.0.0", wps_kvp("1.0.0")),
    "WPS 2.0, XML": ("/wps/2.0.0", wps2_xml),
    "WPS 2.0, text": ("/wps/2.0.0", wps2_text),
    "WPS 2.0, KVP": ("/wps/2.0.0", wps_kvp("2.0.0")),
}


# -- and its server ----------------------------------------------------------------------------------


def ran(mount: str, request: HttpRequest, folder: Path) -> tuple[Execute, Box]:
    command = DIALECTS[mount].read(request)
    assert isinstance(command, Execute)
    inputs = bind(DESCRIPTION, command.inputs, limits=BindingLimits(1000))
    produced = call(DEFINITION, inputs, folder, Context.for_tests(folder / "work"))
    (value,) = produced[OUTPUT.id]
    assert isinstance(value, Box)
    return command, value


def replied(mount: str, request: HttpRequest, command: Execute, value: Box, form: ResponseForm) -> bytes:
    made = OutputValue(OUTPUT.id, (value,), False, OutputRequest(), OUTPUT.domain)
    asked = command.asked if mount == "" else command.asked.__class__("wps", mount[-5:], response=form)
    outcome: Any = Results(SUCCEEDED, (made,), asked, "/d")
    if mount == "/wps/1.0.0" and form is ResponseForm.DOCUMENT:
        stored = StoredRequest("same", "1.0.0", {}, None, asked)
        outcome = Record(SUCCEEDED, stored, OFFERING, (made,), "/d", "/d", None)
    reply = DIALECTS[mount].write(outcome, request, Site("http://server.example", "s", "d"))
    assert reply.status == 200
    return content(reply)


def read_back(mount: str, body: bytes, form: ResponseForm) -> Box:
    if mount == "":
        found = json.loads(body)
        found = found.get(OUTPUT.id, found)
        return seen(found["bbox"], found["crs"])
    if form is ResponseForm.RAW and not body.lstrip().startswith(b"<"):
        *numbers, crs = body.decode().split(",", 6 if body.count(b",") > 5 and is_number(body, 5) else 4)
        return seen([float(n) for n in numbers], crs)
    root = etree.fromstring(body)
    (box,) = [one for one in root.iter() if str(one.tag).endswith(("}BoundingBox", "}BoundingBoxData"))]
    numbers = [float(n) for corner in box for n in (corner.text or "").split()]
    assert box.get("dimensions") == str(len(numbers) // 2)
    return seen(numbers, box.get("crs") or "")


def is_number(body: bytes, at: int) -> bool:
    try:
        float(body.split(b",")[at])
    except ValueError:
        return False
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("job")
    (made / "work").mkdir()
    return made


@pytest.mark.parametrize("form", [ResponseForm.DOCUMENT, ResponseForm.RAW], ids=["document", "raw"])
@pytest.mark.parametrize("way", WAYS)
@given(sample=boxes())
def test_a_box_comes_back_exactly_however_its_system_was_written(
    way: str, form: ResponseForm, sample: tuple[Box, str], folder: Path
) -> None:
    box, crs = sample
    mount, render = WAYS[way]
    request = render(box, crs)
    command, value = ran(mount, request, folder)
    assert value == box
    assert read_back(mount, replied(mount, request, command, value, form), form) == box


def test_the_process_is_served_with_all_its_systems() -> None:
    assert Catalogue({"same": OFFERING}).ids == ("same",)
    names = [crs.name for crs in OUTPUT.domain.crss]  # type: ignore[union-attr]
    assert names == [crs_name(name) for name in SYSTEMS]
