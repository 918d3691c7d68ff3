"""What the tests of WPS clients share: the data that they send, and how they read errors."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

HERE = Path(__file__).resolve().parent
PROCESSES = HERE / "processes_for_wps.py"
ADDRESSES = ("/wps", "/wps/1.0.0")  # of WPS 1.0.0: the general one, where clients name a version, and its own

GEOJSON = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": "Foz & Ribeira <Porto>"},
                "geometry": {"type": "Point", "coordinates": [-8.67, 41.15]},
            }
        ],
    }
)
XML = (
    '<a:place xmlns:a="urn:example:a" xmlns:b="urn:example:b" b:of="Porto">'
    "<a:name>Foz &amp; more</a:name></a:place>"
)


def archive() -> bytes:
    """A zip: bytes that no text can hold, the same each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("said.txt", (2020, 1, 1, 0, 0, 0)), "line\n" * 1000)
    return packed.getvalue()


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def canonical(xml: str | bytes) -> bytes:
    """The same for documents that say the same with other prefixes in scope and other quotes."""
    root = etree.fromstring(xml.encode() if isinstance(xml, str) else xml)
    return bytes(etree.tostring(root, method="c14n", exclusive=True))


@dataclass(frozen=True)
class Told:
    """The first exception of a report."""

    code: str | None
    locator: str | None
    text: str


def report(error: BaseException) -> Told:
    """What an OWSLib ServiceException tells: its text is the whole body of the answer."""
    root = etree.fromstring(str(error).encode())
    assert root.tag == "{http://www.opengis.net/ows/1.1}ExceptionReport"
    first = root[0]
    return Told(first.get("exceptionCode"), first.get("locator"), first.findtext("{*}ExceptionText") or "")
