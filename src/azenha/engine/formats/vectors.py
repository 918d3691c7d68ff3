"""Features: opened with pyogrio, taken only from the drivers that their format allows, read where that is asked."""

from __future__ import annotations

import collections
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from azenha.authoring import kmz
from azenha.authoring.archives import Unsafe, contents, inspect, names_in
from azenha.domain.media import Travel
from azenha.engine.formats.documents import open_xml
from azenha.engine.formats.features import incomplete
from azenha.engine.formats.geocsv import open_csv
from azenha.engine.formats.geometries import UNKNOWN, as_asked, flat, kinds_of
from azenha.engine.formats.geoparquet import open_geoparquet
from azenha.engine.formats.gml import foreign
from azenha.engine.formats.opening import NotValid, Opening, counted

# Drivers that only point to data elsewhere, or run what a file says. GDAL leaves them out where it is told so before
# it is loaded: bootstrap/children.py does that, in the environment of all children.
UNWANTED: Final = (
    "ADBC AmigoCloud Carto CSW EEDA Elasticsearch GDALG GPSBabel HTTP NGW OAPIF OGCAPI OGR_VRT PLSCENES WFS"
)
_OPTIONS: Final = {
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing",
}
_GML: Final = {"DOWNLOAD_SCHEMA": "NO", "WRITE_GFS": "NO"}
_AT_ONCE: Final = 50_000  # features
_MOST_LAYERS: Final = 100


def open_vector(opening: Opening) -> str:
    """Open all layers of a file.

    Raises:
        NotValid: no driver of its format opens it, it lacks what was asked, or it cannot be read.
    """
    if opening.format.id == "geoparquet":
        return open_geoparquet(opening)
    if opening.format.id == "csv":
        return open_csv(opening)
    if not opening.format.drivers:
        raise NotValid("there are no features in it")
    prepared(opening)
    if opening.format.id == "geojson" and (flaw := incomplete(opening.path)):
        raise NotValid(flaw)
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    targets, options = targets_of(opening)
    try:
        with careful(pyogrio), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _layers(pyogrio, targets, options, opening)
    except (
        DataSourceError,
        DataLayerError,
        pyogrio.errors.FeatureError,
        pyogrio.errors.GeometryError,
    ) as error:
        raise NotValid(f"it cannot be opened: {error}") from None


@contextmanager
def careful(pyogrio: Any) -> Iterator[None]:
    """GDAL takes nothing from elsewhere meanwhile. What an author set is there again afterwards."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in _OPTIONS}
    pyogrio.set_gdal_config_options(_OPTIONS)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def described(pyogrio: Any, opening: Opening) -> Iterator[Mapping[str, Any]]:
    """What is known of each layer, its extent and the number of its features included."""
    targets, options = targets_of(opening)
    with careful(pyogrio):
        for target in targets:
            # By number: listing layers takes no options.
            for number in range(_MOST_LAYERS):
                try:
                    info = pyogrio.read_info(
                        target, layer=number, force_feature_count=True, force_total_bounds=True, **options
                    )
                except pyogrio.errors.DataLayerError:
                    break
                if info["driver"] not in (*opening.format.drivers, "KML"):
                    return
                yield info


def prepared(opening: Opening) -> None:
    """What is XML is read as such before GDAL sees it, which takes what is cut off, and entities.

    Raises:
        NotValid
    """
    if opening.format.travel is Travel.XML:
        versions = ("gml-2", "gml-3.1")
        open_xml(opening, partial(foreign, opening.format.id) if opening.format.id in versions else None)


def targets_of(opening: Opening) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """What GDAL is to open, of a zip the members with features, after it was looked at; and the options for that.

    Raises:
        NotValid
    """
    return _targets(opening), _GML if "GML" in opening.format.drivers else {}


def _targets(opening: Opening) -> tuple[str, ...]:
    if opening.format.id not in ("shapefile", "kmz"):
        return (str(opening.path),)
    try:
        if opening.format.id == "kmz":
            found = kmz.with_features(opening.path)
        else:
            inspect(opening.path)
            found = tuple(name for name in names_in(opening.path) if name.lower().endswith(".shp"))
            if len(found) != 1:
                raise NotValid(f"it holds {counted(len(found), 'shapefile')}; wanted is one")
        if opening.asked.read:
            for _, pieces in contents(opening.path, names_in(opening.path)):
                collections.deque(pieces, maxlen=0)
    except (Unsafe, kmz.NoKml) as reason:
        raise NotValid(str(reason)) from None
    return tuple(f"/vsizip/{{{opening.path}}}/{name}" for name in found)


def _layers(pyogrio: Any, targets: Sequence[str], options: Mapping[str, str], opening: Opening) -> str:
    shown: list[str] = []
    layers = 0
    for target, name, info in layers_of(pyogrio, targets, options):
        layers += 1
        if info["driver"] not in (*opening.format.drivers, "KML"):
            raise NotValid(f"it was opened as {info['driver']}")
        if info["geometry_type"] is None:
            continue  # a table beside the features
        kinds = {flat(info["geometry_type"])}
        if opening.asked.read or (opening.asked.geometries and kinds == {UNKNOWN}):
            kinds = _read(pyogrio, target, name, options) or kinds
        undecided = set() if info["features"] else {UNKNOWN}  # what is empty has no geometry of a wrong type
        as_asked(opening.asked, f"layer '{name[:60]}'", kinds - undecided, info["crs"])
        shown.append(f"{', '.join(sorted(kinds))} in {str(info['crs'])[:60] if info['crs'] else 'no system'}")
    if not layers:
        raise NotValid("there are no features in it")
    if not shown:
        raise NotValid("there is no geometry in it")
    return f"{counted(layers, 'layer')}: {'; '.join(shown[:5])}"


def layers_of(
    pyogrio: Any, targets: Iterable[str], options: Mapping[str, str]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Where each layer is, its name and what is known of it, of at most a hundred of each file.

    Where the file must be opened with options, its layers are asked for by number until there are no more: listing
    them takes no options, and GDAL then leaves a .gfs beside a GML file.
    """
    for target in targets:
        if not options:
            for name, _ in pyogrio.list_layers(target)[:_MOST_LAYERS]:
                yield target, str(name), pyogrio.read_info(target, layer=name)
            continue
        for number in range(_MOST_LAYERS):
            try:
                info = pyogrio.read_info(target, layer=number, **options)
            except pyogrio.errors.DataLayerError:
                break
            yield target, str(info["layer_name"]), info


def _read(pyogrio: Any, target: str, layer: str, options: Mapping[str, str]) -> set[str]:
    """Read all features, some at a time; the types of their geometries."""
    kinds: set[str] = set()
    for geometries in _pieces(pyogrio, target, layer, options):
        kinds |= kinds_of(geometries)
    return kinds


def _pieces(pyogrio: Any, target: str, layer: str, options: Mapping[str, str]) -> Iterator[Any]:
    start = 0
    while True:
        _, _, geometries, _ = pyogrio.raw.read(
            target, layer=layer, columns=[], skip_features=start, max_features=_AT_ONCE, **options
        )
        yield geometries
        if len(geometries) < _AT_ONCE:
            return
        start += _AT_ONCE
