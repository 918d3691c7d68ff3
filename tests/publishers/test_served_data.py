"""What MapServer itself makes of copies: values, types and places are those of the data."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from publishing import JOB, request

from azenha.adapters.publishers.mapserver.program import found
from azenha.adapters.publishers.mapserver.publisher import MapServer
from azenha.authoring.calling import LocalFile
from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import BadRequest
from azenha.domain.messages import Asked, OutputRequest, OutputValue
from azenha.domain.process import Format
from azenha.domain.published import Service
from azenha.domain.values import StoredFile
from azenha.engine.publishing.copying import publish
from azenha.protocols.http import Site
from azenha.protocols.services.addresses import links
from azenha.settings import Publishing
from azenha.usecases.ports import ServiceRequest

numpy = pytest.importorskip("numpy", reason="needs the extra azenha[examples]")
rasterio = pytest.importorskip("rasterio", reason="needs the extra azenha[formats]")
pytest.importorskip("pyogrio", reason="needs the extra azenha[formats]")

MAPSERV = found(None)
pytestmark = [
    pytest.mark.skipif(MAPSERV is None, reason="MapServer is not installed (.ci/install-parts.sh)"),
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning"),  # rasterio's own
    pytest.mark.filterwarnings("ignore:Dataset has no geotransform"),  # a picture need not have one
]

Ask = Callable[[ServiceRequest], bytes]
TYPES = {
    ".tif": "image/tiff",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
}
GET_COVERAGE = {"service": "WCS", "version": "2.0.1", "request": "GetCoverage", "format": "image/tiff"}


def raster(path: Path, pixels: Any, west: float = 10, north: float = 52, **more: Any) -> Path:
    bands, height, width = pixels.shape
    options = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.1, 0, west, 0, -0.1, north)} | more
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=bands, dtype=pixels.dtype, **options
    ) as dataset:
        dataset.write(pixels)
    return path


def features(path: Path, *found: tuple[Mapping[str, Any], Mapping[str, Any] | None]) -> Path:
    all = [{"type": "Feature", "properties": told, "geometry": shape} for told, shape in found]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": all}))
    return path


def output(folder: Path, *paths: Path, service: Service = Service.WMS) -> OutputValue:
    """An output of these files, asked for as a service."""
    type = Format(TYPES[paths[0].suffix])
    wanted = OutputRequest(service=service)
    produced = {"map": tuple(LocalFile(path, type) for path in paths)}
    asked = StoredRequest("p", "1", {}, {"map": wanted}, Asked("ogcapi", "1.0"))
    facts = publish(produced, asked, folder / "r", 10**9, print)["map"]
    files = tuple(
        StoredFile("map/a", p.name, 1, type, published=f) for p, f in zip(paths, facts, strict=True)
    )
    return OutputValue("map", files, len(files) != 1, wanted)


def asking(folder: Path, output: OutputValue) -> Ask:
    assert MAPSERV is not None
    server = MapServer(MAPSERV, None, folder / "running", Publishing())

    async def whole(wanted: ServiceRequest) -> bytes:
        answer = await server.answer(JOB, output, folder / "r", wanted)
        return b"".join([piece async for piece in answer.content])

    return lambda wanted: asyncio.run(whole(wanted))


def served(folder: Path, *paths: Path, service: Service = Service.WMS) -> Ask:
    return asking(folder, output(folder, *paths, service=service))


def query(**told: Any) -> ServiceRequest:
    return request(urlencode(told))


def opened(data: bytes) -> tuple[str, float | None, Any]:
    """Type, what is no data, and pixels."""
    with rasterio.MemoryFile(data) as file, file.open() as dataset:
        return dataset.dtypes[0], dataset.nodata, dataset.read()


def picture(ask: Ask, layers: str, box: str, width: int, height: int, crs: str = "EPSG:4326") -> Any:
    asked = {"service": "WMS", "version": "1.3.0", "request": "GetMap", "styles": "", "crs": crs}
    size = {"width": width, "height": height, "format": "image/png", "transparent": "true"}
    return opened(ask(query(**asked, **size, layers=layers, bbox=box)))[2]


PIXELS = (numpy.arange(8 * 10).reshape(1, 8, 10) + 50).astype("uint8")


def test_the_first_of_several_layers_is_drawn_alone_where_it_alone_is_asked_for(tmp_path: Path) -> None:
    west, east = raster(tmp_path / "a.tif", PIXELS), raster(tmp_path / "b.tif", PIXELS, west=11)
    ask = served(tmp_path, west, east)
    box = "51.2,10,52,12"
    for layers, halves in (("map_0", [True, False]), ("map_1", [False, True]), ("map_0,map_1", [True, True])):
        visible = picture(ask, layers, box, 20, 8)[3] > 0
        parts = numpy.split(visible, 2, axis=1)
        assert [bool(part.all()) for part in parts] == [bool(part.any()) for part in parts] == halves


def test_each_coverage_of_a_list_has_its_own_type_and_no_data_however_it_is_asked_for(tmp_path: Path) -> None:
    kinds = [("uint8", 255), ("float32", None), ("int16", -32768)]
    truth = [(PIXELS / 3).astype(kind) for kind, _ in kinds]
    files = [
        raster(tmp_path / f"{kind}.tif", pixels, nodata=nodata)
        for (kind, nodata), pixels in zip(kinds, truth, strict=True)
    ]
    ask = served(tmp_path, *files, service=Service.WCS)
    place = {"bbox": "10,51.2,11,52", "width": 10, "height": 8}
    for number, ((kind, nodata), pixels) in enumerate(zip(kinds, truth, strict=True)):
        name = f"map_{number}"
        of_1_0 = {"version": "1.0.0", "coverage": name, "crs": "EPSG:4326", "format": "GEOTIFF"}
        body = f"""<w:GetCoverage xmlns:w="http://www.opengis.net/wcs/2.0" service="WCS" version="2.0.1">
          <w:CoverageId>{name}</w:CoverageId><w:format>image/tiff</w:format></w:GetCoverage>"""
        for asked in (
            query(**GET_COVERAGE, coverageid=name),
            query(**GET_COVERAGE | of_1_0 | place),
            request("", "", "POST", body.encode(), content_type="text/xml"),
        ):
            told, missing, got = opened(ask(asked))
            assert (told, missing) == (kind, nodata)
            assert (got == pixels).all()


def test_a_missing_one_of_true_and_false_is_neither(tmp_path: Path) -> None:
    where = {"type": "Point", "coordinates": [1, 2]}
    told = [{"all": True, "some": True}, {"all": False, "some": False}, {"all": True, "some": None}]
    ask = served(tmp_path, features(tmp_path / "a.geojson", *((one, where) for one in told)))
    items = json.loads(ask(request("f=json", "/ogcapi/collections/map/items")))["features"]
    assert [one["properties"]["all"] for one in items] == [True, False, True]
    assert [one["properties"]["some"] for one in items] == [1, 0, ""]


def test_features_beside_those_without_geometry_are_served_by_every_service(tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    shapes = (square, None, {"type": "Polygon", "coordinates": []}, square)
    ask = served(
        tmp_path, features(tmp_path / "a.geojson", *(({"n": n}, one) for n, one in enumerate(shapes)))
    )
    wanted = {"service": "WFS", "version": "2.0.0", "request": "GetFeature", "typenames": "map"}
    for asked in (
        request("f=json", "/ogcapi/collections/map/items"),
        query(**wanted, outputformat="geojson"),
    ):
        got = json.loads(ask(asked))
        assert got["numberMatched"] == 2
        assert [one["properties"]["n"] for one in got["features"]] == [0, 3]
    assert ask(query(**wanted)).count(b"<wfs:member>") == 2


@pytest.mark.parametrize(
    ("crs", "west", "north", "size"),
    [(3031, -4e6, 4e6, 1e5), (3031, -4e6, 5e6, 1e5), (3413, -4e6, 4e6, 1e5), (4326, -180, 90, 4.5)],
    ids=["south", "south beside the pole", "north", "all in degrees"],
)
def test_the_ready_map_of_what_lies_around_a_pole_shows_it(
    tmp_path: Path, crs: int, west: float, north: float, size: float
) -> None:
    pixels = numpy.full((1, 40 if crs == 4326 else 80, 80), 9, "uint8")
    place = {"crs": f"EPSG:{crs}", "transform": rasterio.Affine(size, 0, west, 0, -size, north)}
    made = output(tmp_path, raster(tmp_path / "a.tif", pixels, **place))
    _, ready = links(made, "7e1f", Site("http://127.0.0.1:8080"))
    drawn = opened(asking(tmp_path, made)(request(urlsplit(ready.href).query)))[2]
    visible = drawn[3] > 0
    assert visible.mean() > 0.6
    assert (drawn[:3, visible] == 9).all()


@pytest.mark.parametrize("format", ["image/tiff", "image/png"])
@pytest.mark.parametrize("parts", [{}, {"mediatype": "multipart/related"}], ids=["alone", "in parts"])
@pytest.mark.parametrize("size", ["x(1),y(1)", "x(5),y(1)", "x(1),y(5)", "x(2),y(2)"])
def test_a_row_or_column_of_a_coverage_is_refused_for_it_would_have_other_values(
    tmp_path: Path, format: str, parts: Mapping[str, str], size: str
) -> None:
    ask = served(
        tmp_path, raster(tmp_path / "a.tif", numpy.full((1, 8, 10), 9, "uint8")), service=Service.WCS
    )
    asked = query(**GET_COVERAGE | {"coverageid": "map", "scalesize": size, "format": format} | parts)
    if size == "x(2),y(2)":
        got = ask(asked)
        assert parts or (opened(got)[2][0] == 9).all()
    else:
        with pytest.raises(BadRequest, match="can give 2 × 2 pixels and more"):
            ask(asked)


def test_a_part_of_two_rows_is_those_rows_and_one_is_refused(tmp_path: Path) -> None:
    ask = served(tmp_path, raster(tmp_path / "a.tif", PIXELS), service=Service.WCS)
    part = GET_COVERAGE | {"coverageid": "map"}
    assert (opened(ask(query(**part, subset="y(51.6,51.8)")))[2] == PIXELS[:, 2:4]).all()
    with pytest.raises(BadRequest, match="one pixel wide or high"):
        ask(query(**part, subset="y(51.7,51.8)"))


def test_what_is_one_row_is_a_map_and_no_coverage(tmp_path: Path) -> None:
    ask = served(tmp_path, raster(tmp_path / "a.tif", PIXELS[:, :1]))
    assert (picture(ask, "map", "51.9,10,52,11", 100, 10)[0].mean(axis=0)[5::10] == PIXELS[0, 0]).all()
    assert b"CoverageSummary" not in ask(query(service="WCS", version="2.0.1", request="GetCapabilities"))


@pytest.mark.parametrize("north", [4e6, 5e6], ids=["around the pole", "beside it"])
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_wms_tells_the_extent_of_what_lies_around_the_south_pole(
    tmp_path: Path, version: str, north: float
) -> None:
    from owslib.wms import WebMapService

    place = {"crs": "EPSG:3031", "transform": rasterio.Affine(1e5, 0, -4e6, 0, -1e5, north)}
    made = output(tmp_path, raster(tmp_path / "a.tif", numpy.full((1, 80, 80), 9, "uint8"), **place))
    (file,) = made.values
    assert isinstance(file, StoredFile)
    assert file.published is not None
    told = asking(tmp_path, made)(query(service="WMS", version=version, request="GetCapabilities"))
    layer = WebMapService("http://127.0.0.1", xml=told, version=version)["map"]
    assert layer.boundingBoxWGS84 == pytest.approx((-180, -90, 180, file.published.world[3]), abs=1e-5)
    assert -45 < layer.boundingBoxWGS84[3] < -30
    assert re.search(rb'(northBoundLatitude>|max[xy]=")-90', told) is None
    if version == "1.3.0":
        boxes = {system: box for *box, system in layer.crs_list}
        assert boxes["EPSG:3031"] == [-4e6, north - 8e6, 4e6, north]
        assert boxes["EPSG:4326"] == pytest.approx([-180, -90, 180, file.published.world[3]], abs=1e-5)


def test_wfs_and_collections_tell_the_extent_of_what_lies_around_the_south_pole(tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas", reason="needs the extra azenha[examples]")
    from owslib.wfs import WebFeatureService

    points = geopandas.GeoSeries.from_xy([-2e6, 2e6, 0], [-2e6, 2e6, 0], crs="EPSG:3031")
    points.to_file(tmp_path / "a.gpkg")
    made = output(tmp_path, tmp_path / "a.gpkg")
    ask = asking(tmp_path, made)
    truth = pytest.approx([-180, -90, 180, -64.386164], abs=1e-5)
    (collection,) = json.loads(ask(request("f=json", "/ogcapi/collections")))["collections"]
    assert collection["extent"]["spatial"]["bbox"] == [truth]
    assert json.loads(ask(request("f=json", "/ogcapi/collections/map")))["extent"]["spatial"]["bbox"] == [
        truth
    ]
    told = ask(query(service="WFS", version="2.0.0", request="GetCapabilities"))
    layer = WebFeatureService("http://127.0.0.1", xml=told, version="2.0.0")["ms:map"]
    assert list(layer.boundingBoxWGS84) == truth
    posted = b"""<GetCapabilities service="WFS" xmlns="http://www.opengis.net/wfs/2.0"/>"""
    told = ask(request("", "", "POST", posted, content_type="text/xml"))
    assert b"180.000000 -64.386164" in told
