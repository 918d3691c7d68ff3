"""Outputs as WMS, WFS, WCS and OGC API - Features, through a running server, by the clients that people use.

What is served is compared with the file that it was made of.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from live_server import SHORT, LiveServer
from lxml import etree

from schemas import valid

HERE = Path(__file__).resolve().parent
PROCESSES = HERE / "processes_to_publish.py"
DATA = HERE.parents[1].parent / "shared" / "data"
WMS, WFS, WCS = (f"application/x-ogc-{name}" for name in ("wms", "wfs", "wcs"))
FEATURES = "application/x-ogc-api-features"
GEOTIFF, GEOJSON, ZIP = "image/tiff; application=geotiff", "application/geo+json", "application/zip"

numpy = pytest.importorskip("numpy", reason="needs the extra azenha[examples]")
rasterio = pytest.importorskip("rasterio", reason="needs the extra azenha[examples]")
pyogrio = pytest.importorskip("pyogrio", reason="needs the extra azenha[examples]")
pytest.importorskip("owslib", reason="OWSLib is not installed (the group 'dev')")

pytestmark = [
    pytest.mark.skipif(
        not any(map(shutil.which, ("mapserv", "/usr/lib/cgi-bin/mapserv"))),
        reason="MapServer is not installed (.ci/install-parts.sh)",
    ),
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning"),  # rasterio's own
    pytest.mark.filterwarnings("ignore:Dataset has no geotransform"),  # a picture need not have one
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("services"), [PROCESSES], SHORT)
    server.start()
    yield server
    server.end()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    logging.getLogger("owslib").setLevel(logging.CRITICAL)


# -- data ------------------------------------------------------------------------------------------


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    return path


def zipped(shapefile: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in shapefile.parent.glob(f"{shapefile.stem}.*"):
            archive.write(part, part.name)
    return packed.getvalue()


def drawn(
    path: Path, bands: int = 3, kind: str = "uint8", epsg: int = 4326, nodata: float | None = None
) -> bytes:
    """A GeoTIFF of 40 × 20 pixels, no two alike in a row."""
    shape = (bands, 20, 40)
    pixels = (numpy.arange(bands * 800).reshape(shape) % 251).astype(kind)
    transform = rasterio.transform.from_origin(10, 52, 0.1, 0.1)
    options = {
        "width": 40,
        "height": 20,
        "count": bands,
        "dtype": kind,
        "crs": f"EPSG:{epsg}",
        "nodata": nodata,
    }
    with rasterio.open(path, "w", driver="GTiff", transform=transform, **options) as dataset:
        dataset.write(pixels)
    return path.read_bytes()


def points(**properties: Any) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {"number": n, **properties},
            "geometry": {"type": "Point", "coordinates": [10 + n, 50.5]},
        }
        for n in range(3)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


# -- asking ----------------------------------------------------------------------------------------


def asked(
    server: LiveServer, process: str, data: bytes, type: str, service: str
) -> Sequence[Mapping[str, str]]:
    """The links of the one output of a process."""
    reply = server.execute(
        process,
        {
            "inputs": {
                "data": {"value": base64.b64encode(data).decode(), "mediaType": type, "encoding": "base64"}
            },
            "outputs": {"result": {"format": {"mediaType": service}}},
            "response": "document",
        },
    )
    assert reply.status == 200, reply.text
    links: Sequence[Mapping[str, str]] = reply.json["result"]
    return links


def published(server: LiveServer, process: str, data: bytes, type: str, service: str = WMS) -> str:
    """The address of the output: below it are all its services, whichever was asked for."""
    capabilities, *_ = asked(server, process, data, type, service)
    place = urlsplit(capabilities["href"])
    return f"{place.scheme}://{place.netloc}{place.path.removesuffix('/ogcapi')}"


def get(server: LiveServer, address: str, **query: Any) -> bytes:
    reply = server.get(f"{address}?{urlencode(query)}")
    assert reply.status == 200, reply.text
    return reply.body


def pixels(data: bytes) -> Any:
    with rasterio.MemoryFile(data) as file, file.open() as dataset:
        return dataset.read()


@pytest.fixture(scope="module")
def scene(server: LiveServer) -> str:
    return published(server, "raster", shared("olinda/landsat7_etm.tif").read_bytes(), GEOTIFF)


@pytest.fixture(scope="module")
def elevation(server: LiveServer) -> str:
    return published(server, "raster", shared("olinda/dem.tif").read_bytes(), GEOTIFF, WCS)


@pytest.fixture(scope="module")
def tracts(server: LiveServer) -> str:
    return published(server, "features", zipped(shared("olinda/census.shp")), ZIP, WFS)


# -- WMS -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "name"), [("1.3.0", "EPSG:31985"), ("1.1.1", "EPSG:31985")])
def test_a_map_of_the_scene_has_its_pixels(scene: str, version: str, name: str) -> None:
    from owslib.wms import WebMapService

    with rasterio.open(shared("olinda/landsat7_etm.tif")) as dataset:
        bounds, size, truth = dataset.bounds, (dataset.width, dataset.height), dataset.read((1, 2, 3))
    client = WebMapService(scene, version=version)
    assert list(client.contents) == ["result"]
    layer = client["result"]
    assert name in layer.crsOptions
    picture = client.getmap(
        layers=["result"], styles=[""], srs=name, bbox=tuple(bounds), size=size, format="image/png"
    ).read()
    assert (pixels(picture)[:3] == truth).all()


def test_latitude_comes_first_in_1_3_0_and_longitude_in_1_1_1(server: LiveServer, tmp_path: Path) -> None:
    data = drawn(tmp_path / "a.tif")
    address = published(server, "raster", data, GEOTIFF)
    common = {"service": "WMS", "request": "GetMap", "layers": "result", "styles": "", "format": "image/png"}
    common |= {"width": 40, "height": 20}
    for more in (
        {"version": "1.3.0", "crs": "EPSG:4326", "bbox": "50,10,52,14"},
        {"version": "1.1.1", "srs": "EPSG:4326", "bbox": "10,50,14,52"},
    ):
        assert (pixels(get(server, address, **common, **more))[:3] == pixels(data)).all()


def test_what_is_no_data_is_transparent_and_the_rest_is_stretched(server: LiveServer, tmp_path: Path) -> None:
    data = drawn(tmp_path / "a.tif", bands=1, kind="float32", nodata=0)
    address = published(server, "raster", data, GEOTIFF)
    asked_for = {"service": "WMS", "version": "1.1.1", "request": "GetMap", "layers": "result", "styles": ""}
    asked_for |= {
        "srs": "EPSG:4326",
        "bbox": "10,50,14,52",
        "width": "40",
        "height": "20",
        "format": "image/png",
    }
    picture, truth = pixels(get(server, address, **asked_for, transparent="true")), pixels(data)[0]
    assert (picture[3][truth == 0] == 0).all()
    assert (picture[3][truth != 0] == 255).all()
    assert picture[0][truth == 250].min() > 250
    assert picture[0][truth == 1].max() < 5


def test_a_map_of_the_tracts_has_them_where_they_are(tracts: str) -> None:
    from owslib.wms import WebMapService

    client = WebMapService(tracts, version="1.3.0")
    west, south, east, north = client["result"].boundingBoxWGS84
    box = pyogrio.read_info(shared("olinda/census.shp"))["total_bounds"]
    assert (west, south, east, north) == pytest.approx(box, abs=1e-5)
    picture = pixels(
        client.getmap(
            layers=["result"],
            styles=[""],
            srs="EPSG:4326",
            bbox=(west, south, east, north),
            size=(200, 200),
            format="image/png",
            transparent=True,
        ).read()
    )
    assert 0.3 < (picture[3] > 0).mean() < 0.95


def test_attributes_are_told_at_a_place(server: LiveServer) -> None:
    address = published(server, "features", points(place="Olinda"), GEOJSON)
    told = get(
        server, address, service="WMS", version="1.1.1", request="GetFeatureInfo", layers="result", styles="",
        query_layers="result", srs="EPSG:4326", bbox="9,49.5,11,51.5", width=100, height=100, x=50, y=50,
        info_format="text/plain",
    )  # fmt: skip
    assert b"place = 'Olinda'" in told


# -- WFS -------------------------------------------------------------------------------------------


def test_the_tracts_are_all_there_with_their_attributes(tracts: str) -> None:
    from owslib.wfs import WebFeatureService

    client = WebFeatureService(tracts, version="2.0.0")
    (name,) = client.contents
    names = client.get_schema(name)["properties"]
    _, _, _, values = pyogrio.raw.read(
        shared("olinda/census.shp"), columns=["CD_GEOCODI", "V014"], read_geometry=False
    )
    truth = dict(zip(*(list(v) for v in values), strict=True))
    assert {"CD_GEOCODI": "string", "V014": "long"}.items() <= names.items()
    root = etree.fromstring(client.getfeature(typename=[name]).read())
    ms = "{http://mapserver.gis.umn.edu/mapserver}"
    found = {
        one.findtext(f"{ms}CD_GEOCODI"): int(one.findtext(f"{ms}V014") or -1)
        for one in root.iter(f"{ms}result")
    }
    assert len(found) == 470
    assert found == {key: int(value) for key, value in truth.items()}


def test_a_filter_that_is_posted_chooses_features(server: LiveServer, tracts: str) -> None:
    body = b"""<wfs:GetFeature service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0"
      xmlns:fes="http://www.opengis.net/fes/2.0"><wfs:Query typeNames="result"><fes:Filter>
      <fes:PropertyIsGreaterThan><fes:ValueReference>V014</fes:ValueReference><fes:Literal>1500</fes:Literal>
      </fes:PropertyIsGreaterThan></fes:Filter></wfs:Query></wfs:GetFeature>"""
    reply = server.ask("POST", tracts, body, {"Content-Type": "text/xml"})
    assert reply.status == 200, reply.text
    _, _, _, (people,) = pyogrio.raw.read(shared("olinda/census.shp"), columns=["V014"], read_geometry=False)
    members = etree.fromstring(reply.body).findall("{http://www.opengis.net/wfs/2.0}member")
    assert len(members) == int((people > 1500).sum()) > 0


def test_a_feature_is_asked_for_by_its_number_and_pages_follow_each_other(
    server: LiveServer, tracts: str
) -> None:
    common = {"service": "WFS", "version": "2.0.0", "request": "GetFeature", "outputformat": "geojson"}
    second = json.loads(get(server, tracts, **common, typenames="result", count=1, startindex=1))
    by_number = json.loads(get(server, tracts, **common, featureid="result.2"))
    assert len(second["features"]) == 1
    assert second["features"][0]["properties"] == by_number["features"][0]["properties"]


# -- WCS -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["olinda/landsat7_etm.tif", "olinda/dem.tif"])
def test_a_coverage_is_the_array_of_the_file(request: pytest.FixtureRequest, name: str) -> None:
    from owslib.wcs import WebCoverageService

    address = request.getfixturevalue("elevation" if "dem" in name else "scene")
    client = WebCoverageService(address, version="2.0.1")
    assert list(client.contents) == ["result"]
    got = client.getCoverage(identifier="result", format="image/tiff").read()
    with rasterio.MemoryFile(got) as file, file.open() as served, rasterio.open(shared(name)) as truth:
        assert (served.read() == truth.read()).all()
        assert served.dtypes == truth.dtypes
        assert served.crs.to_epsg() == truth.crs.to_epsg()
        assert tuple(served.bounds) == pytest.approx(tuple(truth.bounds), abs=1e-6)


def test_a_part_of_a_coverage_and_of_its_bands_is_that_part(server: LiveServer, tmp_path: Path) -> None:
    data = drawn(tmp_path / "a.tif", bands=4, epsg=32632)
    address = published(server, "raster", data, GEOTIFF, WCS)
    query = [("service", "WCS"), ("version", "2.0.1"), ("request", "GetCoverage"), ("coverageid", "result")]
    query += [
        ("format", "image/tiff"),
        ("subset", "x(11,12)"),
        ("subset", "y(51,51.5)"),
        ("rangesubset", "band2,band4"),
    ]
    reply = server.get(f"{address}?{urlencode(query)}")
    assert reply.status == 200, reply.text
    assert (pixels(reply.body) == pixels(data)[[1, 3], 5:10, 10:20]).all()


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "float32"])
def test_values_survive_in_every_type_that_32_bit_fractions_hold(
    server: LiveServer, tmp_path: Path, kind: str
) -> None:
    data = drawn(tmp_path / "a.tif", bands=1, kind=kind)
    address = published(server, "raster", data, GEOTIFF, WCS)
    got = get(server, address, service="WCS", version="2.0.1", request="GetCoverage", coverageid="result")
    assert (pixels(got) == pixels(data)).all()


def test_a_single_row_of_a_coverage_is_refused_in_the_words_of_wcs(
    server: LiveServer, tmp_path: Path
) -> None:
    address = published(server, "raster", drawn(tmp_path / "a.tif"), GEOTIFF, WCS)
    asked = {"service": "WCS", "version": "2.0.1", "request": "GetCoverage", "coverageid": "result"}
    reply = server.get(f"{address}?{urlencode({**asked, 'subset': 'y(51,51.1)'})}")
    assert reply.status == 400
    assert etree.QName(etree.fromstring(reply.body)).localname == "ExceptionReport"
    assert "can give 2 × 2 pixels and more" in reply.text


# -- OGC API - Features ----------------------------------------------------------------------------


def test_the_tracts_are_a_collection(server: LiveServer, tracts: str) -> None:
    landing = json.loads(get(server, f"{tracts}/ogcapi", f="json"))
    (data,) = (one["href"] for one in landing["links"] if one["rel"] == "data" and "json" in one["type"])
    (collection,) = server.get(data).json["collections"]
    items = server.get(f"{tracts}/ogcapi/collections/{collection['id']}/items?f=json&limit=1000").json
    assert (items["numberMatched"], len(items["features"])) == (470, 470)
    _, _, _, (people,) = pyogrio.raw.read(shared("olinda/census.shp"), columns=["V014"], read_geometry=False)
    assert sorted(f["properties"]["V014"] for f in items["features"]) == sorted(map(int, people))
    one = server.get(f"{tracts}/ogcapi/collections/result/items/3?f=json").json
    assert one["properties"] == items["features"][2]["properties"]


def test_whoever_follows_its_pages_gets_each_feature_once(server: LiveServer, tracts: str) -> None:
    address, found = f"{tracts}/ogcapi/collections/result/items?f=json&limit=100&bbox=-180,-90,180,90", []
    while address:
        page = server.get(address).json
        found += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        assert len(found) <= 470
    assert sorted(map(int, found)) == list(range(1, 471))


def test_features_with_heights_are_served_in_every_system_that_is_offered(server: LiveServer) -> None:
    data = json.loads(points())
    for feature in data["features"]:
        feature["geometry"]["coordinates"].append(100)
    address = published(server, "features", json.dumps(data).encode(), GEOJSON, WFS)
    wanted = {"service": "WFS", "version": "2.0.0", "request": "GetFeature", "typenames": "result"}
    for system, x in (("EPSG:4326", 10.0), ("EPSG:3857", 1113194.91)):
        got = json.loads(get(server, address, **wanted, outputformat="geojson", srsname=system))
        first, *rest = (feature["geometry"]["coordinates"] for feature in got["features"])
        assert (len(rest), first[0]) == (2, pytest.approx(x))


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "2.0.0"])
def test_in_every_system_that_is_offered_all_features_come(server: LiveServer, version: str) -> None:
    address = published(server, "features", points(), GEOJSON, WFS)
    wanted = {"service": "WFS", "version": version, "request": "GetFeature"}
    wanted["typenames" if version == "2.0.0" else "typename"] = "result"
    for system in ("EPSG:4326", "EPSG:3857"):
        root = etree.fromstring(get(server, address, **wanted, srsname=system))
        assert len(list(root.iter("{http://mapserver.gis.umn.edu/mapserver}result"))) == 3


def test_xml_that_asks_for_nothing_is_refused_in_words_and_not_by_a_page(
    server: LiveServer, tracts: str
) -> None:
    asked = b'<w:Evil xmlns:w="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0"/>'
    reply = server.ask("POST", tracts, asked, {"Content-Type": "text/xml"})
    assert reply.status == 400
    assert b"no request of WMS, WFS or WCS" in reply.body


def test_its_pages_are_there_for_people_and_hold_no_script_that_runs(server: LiveServer, tracts: str) -> None:
    reply = server.get(f"{tracts}/ogcapi?f=html")
    if reply.status == 500:
        pytest.skip("this machine's package of MapServer has no templates")
    assert reply.headers["content-type"].startswith("text/html")
    assert "sandbox" in reply.headers["content-security-policy"]


# -- what is asked, and what is told ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("process", "service", "ready"),
    [
        ("raster", WMS, "image/png"),
        ("raster", WCS, "image/tiff"),
        ("features", WMS, "image/png"),
        ("features", WFS, "text/xml"),
        ("features", FEATURES, "application/"),
    ],
)
def test_both_links_of_every_service_answer(
    server: LiveServer, tmp_path: Path, process: str, service: str, ready: str
) -> None:
    data, type = (drawn(tmp_path / "a.tif"), GEOTIFF) if process == "raster" else (points(), GEOJSON)
    first, second = asked(server, process, data, type, service)
    assert (first["rel"], first["type"]) == ("service", service)
    for link, wanted in ((first, "application/json" if service == FEATURES else "text/xml"), (second, ready)):
        reply = server.get(link["href"])
        assert reply.status == 200, reply.text
        assert reply.headers["content-type"].startswith(wanted)
        assert b"ExceptionReport" not in reply.body
        assert reply.headers["sunset"]


def test_several_values_are_layers_of_one_map(server: LiveServer, tmp_path: Path) -> None:
    value = {"value": base64.b64encode(drawn(tmp_path / "a.tif")).decode(), "mediaType": GEOTIFF}
    body = {
        "inputs": {"data": [value, value]},
        "outputs": {"result": {"format": {"mediaType": WMS}}},
        "response": "document",
    }
    links = server.execute("rasters", body).json["result"]
    assert [link["rel"] for link in links] == ["service", "item", "item"]
    told = server.get(links[0]["href"]).text
    assert "<Name>result_0</Name>" in told
    assert "<Name>result_1</Name>" in told


def test_a_job_links_its_services_and_so_does_its_page(server: LiveServer) -> None:
    outputs = {"result": {"format": {"mediaType": WFS}}}
    inputs = {"data": {"value": json.loads(points()), "mediaType": GEOJSON}}
    made = server.execute(
        "features", {"inputs": inputs, "outputs": outputs}, {"Prefer": "respond-async"}
    ).json
    links = {link["rel"]: link for link in server.ended(made["jobID"])["links"]}
    assert links["service"]["type"] == WFS
    assert "GetFeature" in links["preview"]["href"]
    for page in (f"/jobs/{made['jobID']}", f"/jobs/{made['jobID']}/results"):
        html = server.get(f"{page}?f=html").text
        assert links["service"]["href"].replace("&", "&amp;") in html
    results = server.get(f"/jobs/{made['jobID']}/results")
    assert results.status == 204
    assert "/services/" in results.headers["link"]
    asked_for = server.get(f"/jobs/{made['jobID']}/definition").json["outputs"]
    assert asked_for["result"]["format"]["mediaType"] == WFS


def test_only_what_can_be_published_says_so(server: LiveServer) -> None:
    def offered(process: str) -> list[str]:
        (output,) = server.get(f"/processes/{process}").json["outputs"].values()
        parameters = output.get("additionalParameters", {}).get("parameters", [])
        return [value for one in parameters if one["name"] == "services" for value in one["value"]]

    assert offered("raster") == [WMS, WCS]
    assert offered("features") == [WMS, WFS, FEATURES]
    assert offered("number") == []
    reply = server.execute("number", {"inputs": {}, "outputs": {"result": {"format": {"mediaType": WMS}}}})
    assert reply.status == 400


def test_data_that_cannot_be_published_is_a_failure_that_says_why(server: LiveServer) -> None:
    nowhere = json.loads(points())
    nowhere["features"][0]["geometry"] = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    body = {
        "inputs": {"data": {"value": nowhere, "mediaType": GEOJSON}},
        "outputs": {"result": {"format": {"mediaType": WFS}}},
    }
    reply = server.execute("features", body)
    assert (reply.status, reply.json["title"]) == (400, "An output cannot be published")
    why = "output 'result': cannot be published as WFS: it has several kinds of geometry (LineString, Point)"
    assert why in reply.json["detail"]


def test_what_is_not_served_of_the_data_is_in_the_job_s_log(server: LiveServer) -> None:
    data = json.loads(points())
    data["features"][1]["geometry"] = None
    body = {
        "inputs": {"data": {"value": data, "mediaType": GEOJSON}},
        "outputs": {"result": {"format": {"mediaType": FEATURES}}},
    }
    made = server.execute("features", body, {"Prefer": "respond-async"}).json
    server.ended(made["jobID"])
    told = server.get(f"/jobs/{made['jobID']}/log").text
    assert "output 'result': 1 of 3 features have no geometry, and are not served" in told


def test_the_job_s_end_is_the_service_s_end_told_in_its_own_words(server: LiveServer) -> None:
    outputs = {"result": {"format": {"mediaType": WFS}}}
    inputs = {"data": {"value": json.loads(points()), "mediaType": GEOJSON}}
    made = server.execute(
        "features", {"inputs": inputs, "outputs": outputs}, {"Prefer": "respond-async"}
    ).json
    server.ended(made["jobID"])
    address = f"/services/{made['jobID']}/result"
    assert server.get(f"{address}?service=WFS&request=GetCapabilities").status == 200
    assert server.ask("DELETE", f"/jobs/{made['jobID']}").status == 200
    for path, mark in (
        ("?service=WFS&request=GetCapabilities", "{http://www.opengis.net/ows/1.1}ExceptionReport"),
        ("?service=WMS&request=GetCapabilities", "{http://www.opengis.net/ogc}ServiceExceptionReport"),
    ):
        reply = server.get(address + path)
        assert reply.status == 404
        assert etree.fromstring(reply.body).tag == mark
    reply = server.get(f"{address}/ogcapi/collections")
    assert (reply.status, reply.json["code"]) == (404, "NoApplicableCode")


# -- WPS -------------------------------------------------------------------------------------------

WPS1 = """<wps:Execute service="WPS" version="1.0.0" xmlns:wps="http://www.opengis.net/wps/1.0.0"
 xmlns:ows="http://www.opengis.net/ows/1.1"><ows:Identifier>features</ows:Identifier>
 <wps:DataInputs><wps:Input><ows:Identifier>data</ows:Identifier><wps:Data>
 <wps:ComplexData mimeType="application/geo+json">{data}</wps:ComplexData></wps:Data></wps:Input></wps:DataInputs>
 <wps:ResponseForm>{form}</wps:ResponseForm></wps:Execute>"""
DOCUMENT = """<wps:ResponseDocument><wps:Output mimeType="{type}" asReference="true">
 <ows:Identifier>result</ows:Identifier></wps:Output></wps:ResponseDocument>"""
RAW = """<wps:RawDataOutput mimeType="{type}"><ows:Identifier>result</ows:Identifier></wps:RawDataOutput>"""
WPS2 = """<wps:Execute service="WPS" version="2.0.0" response="document" mode="sync"
 xmlns:wps="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0">
 <ows:Identifier>features</ows:Identifier>
 <wps:Input id="data"><wps:Data mimeType="application/geo+json">{data}</wps:Data></wps:Input>
 <wps:Output id="result" mimeType="{type}" transmission="reference"/></wps:Execute>"""
XLINK = "{http://www.w3.org/1999/xlink}href"


def posted(server: LiveServer, text: str) -> Any:
    return server.ask("POST", "/wps", text.encode(), {"Content-Type": "text/xml"})


@pytest.mark.parametrize("type", [WFS, "application/WFS"])
def test_wps_1_0_0_answers_with_references(server: LiveServer, type: str) -> None:
    reply = posted(server, WPS1.format(data=points().decode(), form=DOCUMENT.format(type=type)))
    assert reply.status == 200, reply.text
    valid(reply.body)
    references = list(etree.fromstring(reply.body).iter("{http://www.opengis.net/wps/1.0.0}Reference"))
    assert [one.get("mimeType") for one in references] == [WFS, "text/xml; subtype=gml/3.2.1"]
    for one in references:
        assert server.get(one.get("href")).status == 200


def test_wps_1_0_0_answers_a_raw_request_with_the_way_to_the_capabilities(server: LiveServer) -> None:
    reply = posted(server, WPS1.format(data=points().decode(), form=RAW.format(type=WFS)))
    assert reply.status == 302
    assert b"WFS_Capabilities" in server.get(reply.headers["location"]).body


def test_wps_2_0_answers_with_references(server: LiveServer) -> None:
    reply = posted(server, WPS2.format(data=points().decode(), type=WMS))
    assert reply.status == 200, reply.text
    valid(reply.body)
    references = list(etree.fromstring(reply.body).iter("{http://www.opengis.net/wps/2.0}Reference"))
    assert [one.get("mimeType") for one in references] == [WMS, "image/png"]
    for one in references:
        assert server.get(one.get(XLINK)).status == 200


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_wps_describes_services_as_formats(server: LiveServer, version: str) -> None:
    told = server.get(
        f"/wps?service=WPS&version={version}&request=DescribeProcess&identifier=features,number"
    ).text
    assert told.count(WFS) == 1


# -- what is hostile, and what goes wrong ----------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "map=/etc/passwd",
        "MAP=%2Fetc%2Fpasswd",
        "map_layer[result]_data=/etc/passwd",
        "map.layer[0].data=/etc/passwd",
        "map_web_imagepath=/tmp",
        "mode=map",
        "SLD=http://127.0.0.1:1/style.xml",
        "SLD_BODY=%3CStyledLayerDescriptor/%3E",
        "map=output",
    ],
)
def test_what_would_change_the_map_is_refused(server: LiveServer, tracts: str, query: str) -> None:
    reply = server.get(f"{tracts}?service=WMS&version=1.3.0&request=GetCapabilities&{query}")
    assert reply.status in (400, 501)
    assert "/etc" not in reply.text.replace(query, "")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/ogcapi/../../../x", "/output.map/ogcapi", "/ogcapi%2f..%2f..", "/x"]
)
def test_paths_lead_nowhere_else(server: LiveServer, tracts: str, path: str) -> None:
    reply = server.get(tracts + path + "?f=json")
    assert reply.status in (400, 404, 500)
    assert "root:" not in reply.text


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: LiveServer, tracts: str) -> None:
    place = urlsplit(tracts)
    head = f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: text/xml\r\n"
    told = server.raw(head.encode() + b"Content-Length: 1100000\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 413")
    assert b"services.body" in told


def test_hostile_names_in_data_are_data(server: LiveServer) -> None:
    name = 'a" END LAYER NAME "evil" <x> & \' \\ [b] %c%'
    data = json.loads(
        points(**{name: 'it\'s <b>"bold"</b> & so on', "geom": 1, "FID": 2, "1st": 3, "população": 4})
    )
    links = asked(server, "features", json.dumps(data).encode(), GEOJSON, WFS)
    root = etree.fromstring(server.get(links[1]["href"]).body)
    ms = "{http://mapserver.gis.umn.edu/mapserver}"
    first = next(root.iter(f"{ms}result"))
    values = {etree.QName(child).localname: child.text for child in first if isinstance(child.tag, str)}
    assert 'it\'s <b>"bold"</b> & so on' in values.values()
    assert {"geom_2", "FID_2", "_1st", "população", "number"} <= values.keys()
    told = server.get(links[0]["href"]).text
    assert "evil" not in told


def test_many_are_answered_at_the_same_time_and_each_rightly(server: LiveServer, tmp_path: Path) -> None:
    truth = [drawn(tmp_path / f"{n}.tif", bands=1 + n) for n in range(3)]
    addresses = [published(server, "raster", data, GEOTIFF, WCS) for data in truth]

    def one(n: int) -> bool:
        got = get(
            server,
            addresses[n % 3],
            service="WCS",
            version="2.0.1",
            request="GetCoverage",
            coverageid="result",
        )
        return bool((pixels(got) == pixels(truth[n % 3])).all())

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(one, range(24)))


def test_head_has_the_headers_and_no_body(server: LiveServer, tracts: str) -> None:
    reply = server.ask("HEAD", f"{tracts}?service=WFS&request=GetCapabilities")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-type"].startswith("text/xml")
