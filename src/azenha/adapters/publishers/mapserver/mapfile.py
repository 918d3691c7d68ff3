"""The MAP file of one output, and the configuration of the `mapserv` that reads it. Pure: facts in, text out.

Nothing in the text comes from data as it is: `string` lets no text end its string, and names were made fit before
(see engine/publishing/names.py), which is looked at here again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from azenha.domain.published import Box4, Features, Published, Raster, Service, why_no_coverage

LARGEST: Final = 4096  # pixels of each side of a map
_LONGEST: Final = 200  # characters of a title
_ADDRESS: Final = 4000  # the same of an address
# Whoever asks a WMS for the layer of this name is drawn all of them: it is what no layer can be called.
_WHOLE: Final = "all-layers"
_NAME: Final = re.compile(r"[^\W\d]\w*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_PAIR: Final = re.compile(r"[A-Za-z_0-9]+(=[A-Za-z0-9_.,+-]+)?")
_SYSTEMS: Final = (4326, 3857)  # that every client knows
_RASTERS: Final = (Service.WMS, Service.WCS)
_FEATURES: Final = (Service.WMS, Service.WFS, Service.FEATURES)
# Of what MapServer can write as it is; what is not here is written as 32-bit fractions.
_MODES: Final[Mapping[str, str]] = {"uint8": "BYTE", "int16": "INT16"}
_STYLES: Final[Mapping[str, tuple[str, ...]]] = {
    "Point": (
        "STYLE",
        '  SYMBOL "dot"',
        "  SIZE 8",
        "  COLOR 31 120 180",
        "  OUTLINECOLOR 255 255 255",
        "END",
    ),
    "LineString": ("STYLE", "  WIDTH 2", "  COLOR 31 120 180", "END"),
    "Polygon": ("STYLE", "  COLOR 166 206 227", "  OUTLINECOLOR 31 120 180", "END"),
}
_TYPES: Final[Mapping[str, str]] = {"Point": "POINT", "LineString": "LINE", "Polygon": "POLYGON"}


@dataclass(frozen=True, slots=True)
class Layer:
    """One value: its name, what a person calls it, the file that is served, and the facts of it."""

    name: str
    title: str
    data: Path
    facts: Published


def services(layers: Sequence[Layer]) -> tuple[Service, ...]:
    """What the layers, all of one kind, are served as."""
    if not isinstance(layers[0].facts.content, Raster):
        return _FEATURES
    return _RASTERS if all(why_no_coverage(layer.facts) is None for layer in layers) else (Service.WMS,)


def string(text: str, longest: int = _LONGEST) -> str:
    """A text as a string of a MAP file, which is between quotation marks and has no sure way to write one inside."""
    plain = _CONTROL.sub(" ", text).replace('"', "'").replace("\\", "/")
    return f'"{plain[:longest]}"'


def path(place: Path) -> str:
    """A path as a string.

    Raises:
        ValueError: it cannot be written: the folder of the server has a quotation mark or the like in it.
    """
    text = str(place)
    if re.search(r'["\'\\%\[\]\x00-\x1f]', text):
        raise ValueError(f"a MAP file cannot name {text!r}; choose another folder for `data`")
    return f'"{text}"'


def name(text: str) -> str:
    """A name of a layer or an attribute.

    Raises:
        ValueError: it is none.
    """
    if not _NAME.fullmatch(text):
        raise ValueError(f"not a name: {text!r}")
    return f'"{text}"'


def configuration(key: str, map: Path, templates: Path | None) -> str:
    """Of one `mapserv`: it may open this one MAP file, and no other by whatever path.

    Args:
        key: by which addresses of OGC API name the MAP file.
    """
    if templates is not None:
        path(templates)
    pages = [f'    "OGCAPI_HTML_TEMPLATE_DIRECTORY" "{templates!s}/"'] if templates else []
    lines = [
        "CONFIG",
        "  ENV",
        '    "MS_MAP_NO_PATH" "1"',
        '    "MS_MAP_PATTERN" "^$"',
        '    "MS_MODE_BROWSE" "0"',
        *pages,
        "  END",
        "  MAPS",
        f"    {name(key)} {path(map)}",
        "  END",
        "END",
    ]
    return "\n".join(lines) + "\n"


def mapfile(
    layers: Sequence[Layer],
    title: str,
    abstract: str,
    folder: Path,
    address: str,
    coverages: Collection[str] = (),
) -> str:
    """
    Args:
        layers: at least one, all rasters or all features.
        coverages: casefolded names that the request has, of which one may be a layer's: a coverage is given in the
            one type that the map has.
        folder: that `mapserv` may write to.
        address: of the services as the client sees them: ours, and not a text of a client's.
    Raises:
        ValueError: a name or a path cannot be written.
    """
    asked = [layer for layer in layers if layer.name.casefold() in coverages] or layers
    formats = _formats([layer.facts.content for layer in asked])
    return "\n".join(_indented(_map(layers, title, abstract, folder, address, formats))) + "\n"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    depth = 0
    for line in lines:
        words = line.split()
        if words == ["END"]:
            depth -= 1
        yield "  " * depth + line.strip()
        if words[0] in _BLOCKS and words[-1] != "END":
            depth += 1


_BLOCKS: Final = (
    *("MAP", "WEB", "METADATA", "VALIDATION", "PROJECTION", "OUTPUTFORMAT", "LAYER"),
    *("CLASS", "STYLE", "SYMBOL", "POINTS"),
)


def _map(
    layers: Sequence[Layer], title: str, abstract: str, folder: Path, address: str, formats: Iterable[str]
) -> Iterator[str]:
    first = layers[0].facts
    yield "MAP"
    yield f'NAME "{_WHOLE}"'
    yield "STATUS ON"
    yield "SIZE 512 512"
    yield f"MAXSIZE {LARGEST}"
    yield "EXTENT " + _box(roomy(first.bounds))
    yield f"UNITS {'DD' if _in_degrees(first) else 'METERS'}"
    yield "IMAGECOLOR 255 255 255"
    yield 'CONFIG "PROJ_NETWORK" "OFF"'
    yield 'CONFIG "MS_ERRORFILE" "stderr"'
    yield from _projection(first)
    yield "WEB"
    yield f"IMAGEPATH {path(folder)}"
    yield f"TEMPPATH {path(folder)}"
    yield from _immutable()
    yield from _metadata(_of_map(layers, title, abstract, address))
    yield "END"
    yield from formats
    for layer in layers:
        yield from _layer(layer)
    yield "END"


def _of_map(layers: Sequence[Layer], title: str, abstract: str, address: str) -> Iterator[tuple[str, str]]:
    systems = string(" ".join(f"EPSG:{number}" for number in _numbers(layers[0].facts)))
    yield "ows_title", string(title)
    yield "ows_abstract", string(abstract)
    yield "ows_onlineresource", string(f"{address}?", _ADDRESS)
    yield "ows_srs", systems
    yield "ows_sld_enabled", '"false"'
    yield "ows_enable_request", '"!*"'
    for service in services(layers):
        yield _ENABLED[service], '"*"'
    if Service.FEATURES in services(layers):
        yield "oga_onlineresource", string(f"{address}/ogcapi", _ADDRESS)
        # No wfs_features_cache_count, whatever its number: MapServer 8.0.0 then transforms coordinates twice.
        yield "wfs_getfeature_formatlist", '"geojson"'
    if Service.WMS in services(layers):
        yield "wms_rootlayer_name", '""'  # the layer above the others is none that can be asked for
        yield "wms_getmap_formatlist", '"image/png,image/jpeg"'
        yield "wms_feature_info_mime_type", '"text/plain"'
        yield "wms_getfeatureinfo_formatlist", '"text/plain,application/vnd.ogc.gml"'
        yield "wms_bbox_extended", '"true"'


_ENABLED: Final[Mapping[Service, str]] = {
    Service.WMS: "wms_enable_request",
    Service.WFS: "wfs_enable_request",
    Service.WCS: "wcs_enable_request",
    Service.FEATURES: "oga_enable_request",
}


def _formats(contents: Sequence[Raster | Features]) -> Iterator[str]:
    yield "OUTPUTFORMAT"
    yield 'NAME "png"'
    yield 'DRIVER "AGG/PNG"'
    yield 'MIMETYPE "image/png"'
    yield "IMAGEMODE RGBA"
    yield "TRANSPARENT ON"
    yield "END"
    rasters = [content for content in contents if isinstance(content, Raster)]
    if rasters:
        kinds, missing = {one.type for one in rasters}, {one.nodata for one in rasters}
        # Where the request does not tell of which it is, what no value of either is changed by.
        kind, nodata = kinds.pop() if len(kinds) == 1 else "", missing.pop() if len(missing) == 1 else None
        yield "OUTPUTFORMAT"
        yield 'NAME "GEOTIFF"'
        yield 'DRIVER "GDAL/GTiff"'
        yield 'MIMETYPE "image/tiff"'
        yield f"IMAGEMODE {_MODES.get(kind, 'FLOAT32')}"
        yield 'EXTENSION "tif"'
        yield 'FORMATOPTION "COMPRESS=DEFLATE"'
        if nodata is not None:
            yield f'FORMATOPTION "NULLVALUE={_number(nodata)}"'
        yield "END"
        return
    yield "OUTPUTFORMAT"
    yield 'NAME "geojson"'
    yield 'DRIVER "OGR/GEOJSON"'
    yield 'MIMETYPE "application/json; subtype=geojson"'
    yield 'FORMATOPTION "STORAGE=stream"'
    yield 'FORMATOPTION "FORM=SIMPLE"'
    yield 'FORMATOPTION "LCO:COORDINATE_PRECISION=9"'
    yield "END"
    yield "SYMBOL"
    yield 'NAME "dot"'
    yield "TYPE ELLIPSE"
    yield "FILLED TRUE"
    yield "POINTS"
    yield "1 1"
    yield "END"
    yield "END"


def _layer(layer: Layer) -> Iterator[str]:
    content = layer.facts.content
    yield "LAYER"
    yield f"NAME {name(layer.name)}"
    yield "STATUS ON"
    yield f"EXTENT {_box(roomy(layer.facts.bounds))}"
    yield from _immutable()
    yield from _projection(layer.facts)
    if isinstance(content, Raster):
        yield "TYPE RASTER"
        yield f"DATA {path(layer.data)}"
        yield from _drawing(content)
        yield from _metadata([*_of_layer(layer), *_of_raster()])
    else:
        yield f"TYPE {_TYPES[content.geometry]}"
        yield "CONNECTIONTYPE OGR"
        yield f"CONNECTION {path(layer.data)}"
        yield 'DATA "features"'
        yield 'TEMPLATE "none"'  # may be asked for attributes
        yield from _metadata([*_of_layer(layer), *_of_features(content)])
        yield "CLASS"
        yield from _STYLES[content.geometry]
        yield "END"
    yield "END"


def _of_layer(layer: Layer) -> Iterator[tuple[str, str]]:
    yield "ows_title", string(layer.title)
    yield "ows_abstract", string(layer.title)
    yield "ows_extent", string(_box(roomy(layer.facts.bounds)))
    yield "ows_srs", string(" ".join(f"EPSG:{number}" for number in _numbers(layer.facts)))


def _of_raster() -> Iterator[tuple[str, str]]:
    yield "wcs_formats", '"GEOTIFF"'
    yield "wcs_native_format", '"image/tiff"'


def _of_features(content: Features) -> Iterator[tuple[str, str]]:
    yield "gml_featureid", '"feature_id"'
    yield "gml_include_items", string_of_names(a.name for a in content.attributes)
    yield "ows_include_items", string_of_names(a.name for a in content.attributes)
    yield "gml_geometries", '"geom"'
    yield "gml_geom_type", f'"{_GML[content.geometry]}"'
    yield "wfs_use_default_extent_for_getfeature", '"false"'
    for attribute in content.attributes:
        yield f"gml_{attribute.name}_type", f'"{_known_type(attribute.type)}"'


_GML: Final[Mapping[str, str]] = {
    "Point": "multipoint",
    "LineString": "multiline",
    "Polygon": "multipolygon",
}


def _known_type(type: str) -> str:
    return type if type in ("Integer", "Long", "Real", "Boolean", "Date", "DateTime") else "Character"


def string_of_names(names: Iterable[str]) -> str:
    return '"' + ",".join(name(one).strip('"') for one in names) + '"'


def _drawing(content: Raster) -> Iterator[str]:
    """How pixels become colours: 8 bits as they are, all else stretched from the least value to the greatest."""
    bands = (1, 2, 3) if len(content.ranges) >= 3 else (1,)
    yield f'PROCESSING "BANDS={",".join(map(str, bands))}"'
    if content.nodata is not None:
        yield f'PROCESSING "NODATA={_number(content.nodata)}"'
    if content.palette or content.type == "uint8":
        return
    for at, band in enumerate(bands):
        low, high = content.ranges[band - 1]
        high = high if high > low else low + 1
        # MapServer stretches what is no data as well, and whatever has its colour is drawn as that.
        room = 0.0 if content.nodata is None else (high - low) / 200
        which = f"SCALE_{at + 1}" if len(bands) > 1 else "SCALE"
        yield f'PROCESSING "{which}={_number(low - room)},{_number(high + room)}"'


def _metadata(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Values are strings already."""
    yield "METADATA"
    for key, value in pairs:
        yield f'"{key}" {value}'
    yield "END"


def _immutable() -> Iterator[str]:
    """Parameters of a request change nothing of the map (`map_layer=…`)."""
    yield "VALIDATION"
    yield '"immutable" "true"'
    yield "END"


def _projection(facts: Published) -> Iterator[str]:
    yield "PROJECTION"
    if facts.crs is not None:
        yield f'"init=epsg:{int(facts.crs)}"'
    for pair in facts.projection if facts.crs is None else ():
        if not _PAIR.fullmatch(pair):
            raise ValueError(f"not a parameter of PROJ: {pair!r}")
        yield f'"{pair}"'
    yield "END"


def _numbers(facts: Published) -> tuple[int, ...]:
    own = () if facts.crs is None else (int(facts.crs),)
    return (*own, *(number for number in _SYSTEMS if number not in own))


def _in_degrees(facts: Published) -> bool:
    return all(abs(a - b) < 1e-3 for a, b in zip(facts.bounds, facts.world, strict=True))


def roomy(box: Box4) -> Box4:
    """The same with an extent in both directions: one that has none is no extent to MapServer."""
    west, south, east, north = box
    room = max(abs(east - west), abs(north - south), 1e-3) * 0.01
    x, y = (0.0 if east > west else room), (0.0 if north > south else room)
    return west - x, south - y, east + x, north + y


def _box(box: Box4) -> str:
    return " ".join(map(_number, box))


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"not a number that a MAP file takes: {value!r}")
    return f"{value:.15g}"
