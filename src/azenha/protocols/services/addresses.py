"""Where an output that is published can be asked, and by which requests: what every dialect tells of it.

Owns the address `/services/{job}/{output}`; what lies below is the publisher's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from azenha.domain.messages import OutputValue
from azenha.domain.published import MEDIA_TYPES, Box4, Published, Raster, Service
from azenha.domain.values import StoredFile
from azenha.protocols.http import Site

MOUNT: Final = "/services"
PICTURE: Final = "image/png"
_LONGER_SIDE: Final = 800  # pixels of a map
_AT_MOST: Final = 10  # features of the ready link, which is there to be looked at
_GML: Final = "text/xml; subtype=gml/3.2.1"
_DEGREES: Final = 360.0


@dataclass(frozen=True, slots=True)
class ServiceLink:
    """One address. `rel`: `service` of the first thing that a client asks for; `item` of the data itself."""

    href: str
    type: str
    title: str
    rel: str = "item"


def address(site: Site, job: str, output: str) -> str:
    return f"{site.root or site.base}{MOUNT}/{quote(job, safe='')}/{quote(output, safe='')}"


def links(output: OutputValue, job: str, site: Site) -> tuple[ServiceLink, ...]:
    """Of an output that was asked for as a service: its capabilities, then for each value a request that is ready."""
    service = output.request.service
    layers = _layers(output)
    if service is None or not layers:
        return ()
    base = address(site, job, output.id)
    type = MEDIA_TYPES[service]
    if service is Service.FEATURES:
        first = ServiceLink(f"{base}/ogcapi?f=json", type, "OGC API - Features", "service")
    else:
        query = urlencode(
            {"service": service.upper(), "version": _VERSIONS[service], "request": "GetCapabilities"}
        )
        first = ServiceLink(f"{base}?{query}", type, f"{service.upper()} capabilities", "service")
    return (first, *(_ready(service, base, name, facts) for name, facts in layers))


_VERSIONS: Final = {Service.WMS: "1.3.0", Service.WFS: "2.0.0", Service.WCS: "2.0.1"}


def _layers(output: OutputValue) -> Sequence[tuple[str, Published]]:
    found = [v.published for v in output.values if isinstance(v, StoredFile) and v.published is not None]
    several = len(found) > 1
    return [(f"{output.id}_{n}" if several else output.id, facts) for n, facts in enumerate(found)]


def _ready(service: Service, base: str, layer: str, facts: Published) -> ServiceLink:
    match service:
        case Service.WMS:
            query, type = _map(layer, facts), PICTURE
            title = f"GetMap: {layer}"
        case Service.WFS:
            query = {"request": "GetFeature", "typenames": layer, "count": str(_AT_MOST)}
            type, title = _GML, f"GetFeature: {layer}, the first {_AT_MOST}"
        case Service.WCS:
            query = {"request": "GetCoverage", "coverageid": layer, "format": "image/tiff"}
            type, title = "image/tiff", f"GetCoverage: {layer}"
        case Service.FEATURES:
            path = f"{base}/ogcapi/collections/{quote(layer, safe='')}/items"
            return ServiceLink(
                f"{path}?f=json&limit={_AT_MOST}",
                "application/geo+json",
                f"Items: {layer}, the first {_AT_MOST}",
            )
    named = {"service": service.upper(), "version": _VERSIONS[service], **query}
    return ServiceLink(f"{base}?{urlencode(named, safe=',:/')}", type, title)


def _map(layer: str, facts: Published) -> dict[str, str]:
    """A map of all of it in EPSG:4326, whose latitude comes first in WMS 1.3.0."""
    west, south, east, north = _roomy(facts.world)
    width, height = _size(facts, (west, south, east, north))
    return {
        "request": "GetMap",
        "layers": layer,
        "styles": "",
        "crs": "EPSG:4326",
        "bbox": ",".join(f"{n:.9g}" for n in (south, west, north, east)),
        "width": str(width),
        "height": str(height),
        "format": PICTURE,
    }


def _roomy(box: Box4) -> Box4:
    """With an extent in both directions, and not over the antimeridian, which maps in EPSG:4326 end at.

    Room beyond a pole would leave the map empty: MapServer cannot say where that is in a polar projection.
    """
    west, south, east, north = box
    if east < west:
        west, east = -_DEGREES / 2, _DEGREES / 2
    room = max(east - west, north - south, 0.001) * 0.01
    return (
        max(west - room, min(west, -_DEGREES / 2)),
        max(south - room, min(south, -_DEGREES / 4)),
        min(east + room, max(east, _DEGREES / 2)),
        min(north + room, max(north, _DEGREES / 4)),
    )


def _size(facts: Published, box: Box4) -> tuple[int, int]:
    """Pixels that are about square on the ground."""
    west, south, east, north = box
    squeezed = max(0.05, math.cos(math.radians((south + north) / 2)))
    wide, high = (east - west) * squeezed, north - south
    longer = _LONGER_SIDE
    if isinstance(facts.content, Raster):
        longer = max(64, min(longer, max(facts.content.width, facts.content.height)))
    scale = longer / max(wide, high)
    return max(16, round(wide * scale)), max(16, round(high * scale))
