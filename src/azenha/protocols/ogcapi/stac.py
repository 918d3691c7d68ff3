"""The results of a job as a STAC Item (STAC 1.1): each file is an asset, and the item lies where they lie.

What is known of their content was read when the job ended; nothing is opened here. Extensions: projection 2.0,
file 2.1, raster 2.0, table 1.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from azenha.domain.errors import NoSuchResult
from azenha.domain.geodata import Band, Geodata
from azenha.domain.messages import Results
from azenha.domain.values import StoredFile
from azenha.protocols import json
from azenha.protocols.http import HttpReply, Site
from azenha.protocols.ogcapi.documents import Document, instant, job_address, output_address
from azenha.protocols.ogcapi.words import GEOJSON

_EXTENSIONS: Final = "https://stac-extensions.github.io"
PROJECTION: Final = f"{_EXTENSIONS}/projection/v2.0.0/schema.json"
FILE: Final = f"{_EXTENSIONS}/file/v2.1.0/schema.json"
RASTER: Final = f"{_EXTENSIONS}/raster/v2.0.0/schema.json"
TABLE: Final = f"{_EXTENSIONS}/table/v1.2.0/schema.json"
# The words for data types of STAC 1.1; numpy has others for complex ones.
_TYPES: Final = frozenset(
    {
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64"),
    }
)
_COMPLEX: Final = {"complex64": "cfloat32", "complex128": "cfloat64", "complex_int16": "cint16"}


def address(site: Site, job: str) -> str:
    return f"{job_address(site, job)}/stac"


def is_placed(outcome: Results) -> bool:
    """Whether anything is known of where the results lie."""
    return any(file.geodata for _, file, _ in _files(outcome))


def write(outcome: Results, site: Site) -> HttpReply:
    """
    Raises:
        NoSuchResult: none of its results is known to be a raster or features.
    """
    return HttpReply(200, (("Content-Type", GEOJSON),), (json.dump(item(outcome, site)),))


def item(outcome: Results, site: Site) -> Document:
    """As `write`."""
    job = outcome.job
    if not is_placed(outcome):
        raise NoSuchResult(
            job.id,
            f"of no result of job '{job.id}' it is known where it lies: none is a raster or features, or the server "
            "did not look (setting results.stac)",
        )
    known = [file.geodata for _, file, _ in _files(outcome) if file.geodata]
    bbox, geometry = _place(known)
    times = sorted({data["time"] for data in known if "time" in data})
    finished = instant(job.finished or job.created)
    properties: Document = {
        "datetime": times[0] if len(times) == 1 else finished,
        "created": finished,
        "updated": instant(job.updated),
        "title": f"Results of {job.process}",
    }
    if len(times) > 1:
        properties |= {"start_datetime": times[0], "end_datetime": times[-1]}
    if job.expires is not None:
        properties["expires"] = instant(job.expires)
    used = {FILE}
    assets = {
        name: _asset(file, output_address(site, job.id, *place), used)
        for name, file, place in _files(outcome)
    }
    found: Document = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": sorted(used),
        "id": job.id,
        "geometry": geometry,
        "properties": properties,
        "links": [
            {"rel": "self", "href": address(site, job.id), "type": GEOJSON},
            {"rel": "via", "href": job_address(site, job.id), "type": "application/json", "title": "Job"},
        ],
        "assets": assets,
    }
    return found if bbox is None else {**found, "bbox": bbox}


def _files(outcome: Results) -> Iterator[tuple[str, StoredFile, tuple[str, int | None]]]:
    """Name of the asset, the file, and which output it is, of a list which value."""
    for output in outcome.outputs:
        for index, value in enumerate(output.values):
            if isinstance(value, StoredFile):
                if output.array:
                    yield f"{output.id}/{index}", value, (output.id, index)
                else:
                    yield output.id, value, (output.id, None)


# -- place ----------------------------------------------------------------------------------------


def _place(known: Sequence[Geodata]) -> tuple[list[float] | None, Mapping[str, object] | None]:
    """Box and geometry of all; an item without a box has no geometry either."""
    placed = [data for data in known if "bbox" in data]
    if not placed:
        return None, None
    footprints = [data["footprint"] for data in placed]
    if all(one == footprints[0] for one in footprints):
        return placed[0]["bbox"], footprints[0]
    boxes = [data["bbox"] for data in placed]
    across = any(box[0] > box[2] for box in boxes)
    west = -180.0 if across else min(box[0] for box in boxes)
    east = 180.0 if across else max(box[2] for box in boxes)
    south, north = min(box[1] for box in boxes), max(box[3] for box in boxes)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return [west, south, east, north], {"type": "Polygon", "coordinates": [ring]}


# -- assets ---------------------------------------------------------------------------------------


def _asset(file: StoredFile, href: str, used: set[str]) -> Document:
    """`used`: extensions, to which those of this asset are added."""
    found: Document = {
        "href": href,
        "type": file.format.media_type,
        "title": file.name,
        "roles": ["data"],
        "file:size": file.size,
    }
    if file.sha256:
        found["file:checksum"] = f"1220{file.sha256}"  # a multihash: SHA2-256, 32 bytes
    data: Geodata = file.geodata or {}
    projected: Document = {}
    if "crs" in data:
        projected["proj:code"] = data["crs"]
    elif "wkt" in data:
        projected["proj:wkt2"] = data["wkt"]
    if projected or "shape" in data:
        projected |= {
            f"proj:{name}": value
            for name, value in (
                ("bbox", data.get("box")),
                ("shape", data.get("shape")),
                ("transform", data.get("transform")),
            )
            if value is not None
        }
        used.add(PROJECTION)
    if "bands" in data:
        found["bands"] = [_band(band, used) for band in data["bands"]]
    if "columns" in data:
        columns = [{"name": name, "type": type} for name, type in data["columns"]]
        found["table:columns"] = [{"name": "geometry", "type": data.get("geometry", "Unknown")}, *columns]
        found["table:row_count"] = data["features"]
        found["table:primary_geometry"] = "geometry"
        used.add(TABLE)
    return {**found, **projected}


def _band(band: Band, used: set[str]) -> Document:
    type = band["type"]
    found: Document = {
        "name": band["name"],
        "data_type": _COMPLEX.get(type, type if type in _TYPES else "other"),
    }
    for name in ("nodata", "unit"):
        if name in band:
            found[name] = band[name]
    nodata = found.get("nodata")
    if isinstance(nodata, float) and math.isfinite(nodata) and nodata == int(nodata):
        found["nodata"] = int(nodata)
    if "scale" in band:
        found |= {"raster:scale": band["scale"], "raster:offset": band["offset"]}
        used.add(RASTER)
    return found
