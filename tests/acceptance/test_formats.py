"""Data that is not what it was declared, through a real server: what the client is told, and what is in the log."""

from __future__ import annotations

import base64
import html
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_server import LiveServer, Reply

KML = '<kml xmlns="http://www.opengis.net/kml/2.2"/>'
STRICT = '''
from typing import Annotated
from azenha import Features, Raster, Validation, process

@process
def opened(scene: Annotated[Raster, Validation("strict", bands=3)]) -> int:
    """Bands."""
    return 3
'''


PACKED = base64.b64encode(KML.encode()).decode()
# What is as large as this goes to a file, and its job looks at it.
LARGE = base64.b64encode(KML.encode() + b" " * 200_000).decode()
TOLD = "input 'data': is declared image/tiff, and its content is KML"


def test_small_data_that_is_not_what_it_was_declared_is_refused_before_there_is_a_job(
    server: LiveServer,
) -> None:
    before = server.get("/jobs").json["jobs"]
    data = {"value": PACKED, "mediaType": "image/tiff"}
    for headers in ({}, {"Prefer": "respond-async"}):
        reply = server.execute("measure", None, headers, data=data)
        assert reply.status == 400
        assert TOLD in reply.json["detail"]
        assert reply.json["errors"][0]["locator"] == "data"
    assert server.get("/jobs").json["jobs"] == before
    named = {"value": KML, "mediaType": "application/vnd.google-earth.kml+xml"}
    assert server.execute("measure", data=named).json == len(KML)


def test_large_data_that_is_not_what_it_was_declared_fails_its_job_as_a_fault_of_the_client(
    server: LiveServer,
) -> None:
    data = {"value": LARGE, "mediaType": "image/tiff"}
    reply = server.execute("measure", data=data)
    assert reply.status == 400
    assert TOLD in reply.json["detail"]
    job = server.submit("measure", data=data)
    assert server.ended(job)["status"] == "failed"
    failed = server.get(f"/jobs/{job}/results")
    assert failed.status == 400
    assert TOLD in failed.json["detail"]


WPS1 = """<Execute service="WPS" version="1.0.0" xmlns="http://www.opengis.net/wps/1.0.0"
  xmlns:ows="http://www.opengis.net/ows/1.1"><ows:Identifier>{1}</ows:Identifier><DataInputs><Input>
  <ows:Identifier>data</ows:Identifier><Data><ComplexData mimeType="{2}" encoding="{3}">{0}</ComplexData>
  </Data></Input></DataInputs>{4}</Execute>"""
RAW1 = "<ResponseForm><RawDataOutput><ows:Identifier>result</ows:Identifier></RawDataOutput></ResponseForm>"
WPS2 = """<Execute service="WPS" version="2.0.0" response="{4}" mode="sync"
  xmlns="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0">
  <ows:Identifier>{1}</ows:Identifier><Input id="data"><Data mimeType="{2}" encoding="{3}">{0}</Data>
  </Input><Output id="result" transmission="value"/></Execute>"""
WAYS = {
    "1.0.0, document": (WPS1, ""),
    "1.0.0, raw": (WPS1, RAW1),
    "2.0, document": (WPS2, "document"),
    "2.0, raw": (WPS2, "raw"),
}


OF_JOBS = {
    "1.0": "InvalidParameterValue",
    "2.0": "WrongInputData",
}  # 14-065r2 has a code for what only its job saw


def told_by_wps(server: LiveServer, way: str, data: str, process: str, type: str, encoding: str) -> Reply:
    body, form = WAYS[way]
    content = body.format(data, process, type, encoding, form).encode()
    return server.ask("POST", "/wps", content, {"Content-Type": "text/xml"})


@pytest.mark.parametrize("way", WAYS)
def test_a_client_of_wps_is_refused_with_code_and_locator(way: str, server: LiveServer) -> None:
    reply = told_by_wps(server, way, PACKED, "measure", "image/tiff", "base64")
    assert reply.status == 400
    assert TOLD in html.unescape(reply.text)
    assert 'exceptionCode="InvalidParameterValue" locator="data"' in reply.text
    assert "ExecuteResponse" not in reply.text


@pytest.mark.parametrize("way", WAYS)
def test_a_client_of_wps_is_told_so_of_its_job_too(way: str, server: LiveServer) -> None:
    reply = told_by_wps(server, way, LARGE, "measure", "image/tiff", "base64")
    assert TOLD in html.unescape(reply.text)
    assert f'exceptionCode="{OF_JOBS[way[:3]]}" locator="data"' in reply.text
    # WPS 1.0.0 answers with the document of the job, which failed (05-007r7 §10.3.1).
    assert reply.status == (200 if way == "1.0.0, document" else 400)


NO_GEOJSON = '{"type": "FeatureCollection"}'
OPENED = '''
from typing import Annotated
from azenha import Features, Validation, process

@process
def number(data: Annotated[Features, Validation("none")]) -> int:
    """How many."""
    return len(data.geopandas())

@process
def looked_at(data: Features) -> int:
    """How many."""
    return len(data.geopandas())
'''


@pytest.mark.parametrize(
    ("process", "reason"),
    [
        ("looked_at", "its content is no good GeoJSON: its features is missing; wanted is an array"),
        ("number", "application/geo+json, and cannot be read as that"),
    ],
)
def test_geojson_of_wrong_shape_is_a_fault_of_the_client_in_every_dialect(
    process: str, reason: str, start: Callable[..., LiveServer], tmp_path: Path
) -> None:
    pytest.importorskip("geopandas")
    target = tmp_path / "opened.py"
    target.write_text(OPENED)
    server = start(target)
    reply = server.execute(process, data={"value": json.loads(NO_GEOJSON)})
    assert reply.status == 400
    assert "input 'data': " in reply.json["detail"]
    assert reason in reply.json["detail"]
    for way in WAYS:
        found = told_by_wps(server, way, html.escape(NO_GEOJSON), process, "application/geo+json", "utf-8")
        assert reason in html.unescape(found.text)
        code = "InvalidParameterValue" if process == "looked_at" else OF_JOBS[way[:3]]
        assert f'exceptionCode="{code}" locator="data"' in found.text
        assert found.status in ((200, 400) if way == "1.0.0, document" else (400,))


def test_a_process_whose_check_lacks_a_library_is_listed_with_the_remedy(
    start: Callable[..., LiveServer], tmp_path: Path
) -> None:
    target = tmp_path / "strictly.py"
    target.write_text(STRICT)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'rasterio' else find(name, *a)\n"
    )
    paths = [str(hidden), *(p for p in sys.path if p)]
    server = start(target, environ={"PYTHONPATH": ":".join(paths)})
    assert [p["id"] for p in server.get("/processes").json["processes"]] == []
    assert server.execute("opened", scene={"value": "", "mediaType": "image/tiff"}).status == 404
    remedy = "process 'opened': its input 'scene' is to be checked strict, which needs rasterio: pip install rasterio"
    assert remedy in " ".join(server.log.read_text().split())  # said when it starts, before anybody asks
    checked = subprocess.run(
        [sys.executable, "-m", "azenha", "check", str(target)],
        env=os.environ | {"PYTHONPATH": ":".join(paths)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 1
    assert remedy in " ".join(checked.stdout.split())


@pytest.mark.parametrize("level", ["strict", "none"])
def test_the_servers_own_level_is_a_setting(level: str, start: Callable[..., LiveServer]) -> None:
    server = start(formats={"validation": level})
    bad = {"value": base64.b64encode(b"II*\0 and nothing else").decode(), "mediaType": "image/tiff"}
    reply = server.execute("measure", data=bad)
    if level == "none":
        assert reply.json == 21
    else:
        pytest.importorskip("rasterio")
        assert reply.status == 400
        assert "it is not valid (strict): it cannot be opened" in reply.json["detail"]


FAR = '''
from azenha import Raster, Url, process

@process
def far(data: str = "x") -> Raster:
    """Data that stays where it is."""
    return Url("https://data.example/a%20scene.tif?x=1&y=2")
'''
AT = "https://data.example/a%20scene.tif?x=1&y=2"


def test_an_output_that_lies_elsewhere_is_told_by_its_address_in_every_dialect(
    start: Callable[..., LiveServer], tmp_path: Path
) -> None:
    target = tmp_path / "far.py"
    target.write_text(FAR)
    server = start(target)
    document = server.execute("far", {"inputs": {}, "response": "document"})
    assert document.status == 200
    assert document.json["result"]["href"] == AT
    raw = server.execute("far", {"inputs": {}})
    assert AT in raw.headers.get("link", "") + raw.headers.get("location", "")
    job = server.submit("far")
    assert server.ended(job)["status"] == "successful"
    assert AT in (one := server.get(f"/jobs/{job}/results")).text + str(one.headers)
    query = "/wps?service=WPS&version=1.0.0&request=Execute&identifier=far"
    for found in (server.get(query), told_by_wps(server, "2.0, document", "x", "far", "text/plain", "utf-8")):
        assert found.status == 200
        assert AT in html.unescape(found.text)
        assert "Reference" in found.text
    raw1 = server.get(f"{query}&RawDataOutput=result")
    assert (raw1.status, raw1.headers["location"]) == (302, AT)
