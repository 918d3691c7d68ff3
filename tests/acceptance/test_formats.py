"""Data that is not what it was declared, through a real server: what the client is told, and what is in the log."""

from __future__ import annotations

import base64
import html
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_server import LiveServer

KML = '<kml xmlns="http://www.opengis.net/kml/2.2"/>'
STRICT = '''
from typing import Annotated
from azenha import Features, Raster, Validation, process

@process
def opened(scene: Annotated[Raster, Validation("strict", bands=3)]) -> int:
    """Bands."""
    return 3
'''


def test_a_client_is_told_input_declared_type_detected_type_and_reason(server: LiveServer) -> None:
    packed = base64.b64encode(KML.encode()).decode()
    reply = server.execute("measure", data={"value": packed, "mediaType": "image/tiff"})
    assert reply.status == 400
    assert "input 'data': is declared image/tiff, and its content is KML" in reply.json["detail"]
    job = server.submit("measure", data={"value": packed, "mediaType": "image/tiff"})
    assert server.ended(job)["status"] == "failed"
    assert "its content is KML" in server.get(f"/jobs/{job}/results").json["detail"]
    named = {"value": KML, "mediaType": "application/vnd.google-earth.kml+xml"}
    assert server.execute("measure", data=named).json == len(KML)


WPS1 = """<Execute service="WPS" version="1.0.0" xmlns="http://www.opengis.net/wps/1.0.0"
  xmlns:ows="http://www.opengis.net/ows/1.1"><ows:Identifier>measure</ows:Identifier><DataInputs><Input>
  <ows:Identifier>data</ows:Identifier><Data><ComplexData mimeType="image/tiff" encoding="base64">{0}</ComplexData>
  </Data></Input></DataInputs></Execute>"""
WPS2 = """<Execute service="WPS" version="2.0.0" response="document" mode="sync"
  xmlns="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0">
  <ows:Identifier>measure</ows:Identifier><Input id="data"><Data mimeType="image/tiff" encoding="base64">{0}</Data>
  </Input><Output id="result" transmission="value"/></Execute>"""


@pytest.mark.parametrize("body", [WPS1, WPS2], ids=["WPS 1.0.0", "WPS 2.0"])
def test_a_client_of_wps_is_told_the_same(body: str, server: LiveServer) -> None:
    packed = base64.b64encode(KML.encode()).decode()
    reply = server.ask("POST", "/wps", body.format(packed).encode(), {"Content-Type": "text/xml"})
    assert "input 'data': is declared image/tiff, and its content is KML" in html.unescape(reply.text)


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
    assert "pip install rasterio" in server.log.read_text() + server.get("/processes").text


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
