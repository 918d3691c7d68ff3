"""Features, copied piece by piece into a GeoPackage, with names that XML can take."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from azenha.domain.published import Attribute, Features, Published
from azenha.engine.formats.opening import NotValid, Opening
from azenha.engine.formats.vectors import careful, layers_of, prepared, targets_of
from azenha.engine.publishing.names import NUMBER, element_names, in_degrees, projection

LAYER: Final = "features"  # of the copy: never a name out of the data
_AT_ONCE: Final = 50_000  # features
_EXACT: Final = 2**53  # whole numbers below it are exact as fractions of 64 bits
_KINDS: Final = {  # by the numbers of GEOS
    0: "Point",
    4: "Point",
    1: "LineString",
    2: "LineString",
    5: "LineString",
    3: "Polygon",
    6: "Polygon",
}
_TYPES: Final = {
    "OFTInteger": "Integer",
    "OFTInteger64": "Long",
    "OFTReal": "Real",
    "OFTDate": "Date",
    "OFTDateTime": "DateTime",
}


def copy_features(opening: Opening, target: Path, key: str, say: Callable[[str], None]) -> Published:
    """Copy the one layer with geometry to `target`.

    Args:
        say: takes what whoever asked should know of the copy.
    Raises:
        NotValid: several layers, several kinds of geometry, no reference system; or it cannot be read.
    """
    import pyogrio
    from pyogrio import errors

    prepared(opening)
    try:
        with careful(pyogrio), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _copied(pyogrio, opening, target, key, say)
    except NotValid:
        raise
    except (
        errors.DataSourceError,
        errors.DataLayerError,
        errors.FeatureError,
        errors.FieldError,
        errors.GeometryError,
        errors.CRSError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise NotValid(f"it cannot be read: {error}") from None


def _copied(pyogrio: Any, opening: Opening, target: Path, key: str, say: Callable[[str], None]) -> Published:
    import numpy
    import shapely
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    sources, options = targets_of(opening)
    layers = [one for one in layers_of(pyogrio, sources, options) if one[2]["geometry_type"] is not None]
    if len(layers) != 1:
        raise NotValid(f"it has {len(layers)} layers with geometry, and one can be published")
    ((source, layer, info),) = layers
    if not info["crs"]:
        raise NotValid("it does not say in which reference system it is")
    try:
        crs = CRS.from_user_input(info["crs"])
    except CRSError as error:
        raise NotValid(f"its reference system is not understood: {error}") from None
    number, parameters = projection(crs)
    names = element_names(map(str, info["fields"]))
    kinds: set[str] = set()
    box: list[float] = []
    count = placed = 0
    whole = [kind in ("OFTInteger", "OFTInteger64") for kind in info["ogr_types"]]
    there = [0] * len(whole)  # values of each column so far, the missing ones not counted
    for geometries, values in _pieces(pyogrio, source, layer, options):
        shapes = _shapes(geometries)
        here = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        kinds |= _kinds(shapes[here], box)
        if len(kinds) > 1:
            raise NotValid(
                f"it has several kinds of geometry ({', '.join(sorted(kinds))}), and a service shows one"
            )
        columns = []
        for at, column in enumerate(values):
            again = partial(_again, pyogrio, source, layer, options, str(info["fields"][at]), there[at])
            columns.append(_column(column, whole[at], again))
            missing = columns[-1][1]
            there[at] += len(column) - (0 if missing is None else int(missing.sum()))
        numbers = numpy.arange(count + 1, count + len(geometries) + 1, dtype="int64")
        columns.append((numbers, None))
        # What has no place is left out: MapServer passes over it, and breaks off an answer in GeoJSON there.
        columns = [(column[here], None if gone is None else gone[here]) for column, gone in columns]
        _write(pyogrio, target, info["crs"], geometries[here], columns, [*names, NUMBER], count > 0)
        count += len(geometries)
        placed += int(here.sum())
    if not box:
        raise NotValid("there is no geometry in it")
    if placed < count:
        say(f"{count - placed:,} of {count:,} features have no geometry, and are not served")
    bounds = (box[0], box[1], box[2], box[3])
    attributes = tuple(
        Attribute(name, str(title), _type(kind, part, all_there=known == count))
        for name, title, kind, part, known in zip(
            names, info["fields"], info["ogr_types"], info["ogr_subtypes"], there, strict=True
        )
    )
    content = Features(next(iter(kinds)), placed, attributes)
    return Published(key, number, parameters, bounds, in_degrees(crs, _with_room(bounds)), content)


def _pieces(
    pyogrio: Any, source: str, layer: str, options: Mapping[str, str]
) -> Iterator[tuple[Any, list[Any]]]:
    start = 0
    while True:
        _, _, geometries, values = pyogrio.raw.read(
            source, layer=layer, skip_features=start, max_features=_AT_ONCE, **options
        )
        if len(geometries) or not start:
            yield geometries, values
        if len(geometries) < _AT_ONCE:
            return
        start += _AT_ONCE


def _shapes(geometries: Any) -> Any:
    import shapely

    try:
        return shapely.from_wkb(geometries)
    except shapely.errors.GEOSException as error:
        raise NotValid(f"it has a geometry that is none: {error}") from None


def _kinds(shapes: Any, box: list[float]) -> set[str]:
    """The kinds of geometry; `box` grows to hold them."""
    import shapely

    numbers = {int(number) for number in shapely.get_type_id(shapes)}
    if numbers - _KINDS.keys():
        raise NotValid("it has collections of geometries, which no service shows")
    found = [float(n) for n in shapely.total_bounds(shapes)] if numbers else []
    if found and not any(n != n for n in found):
        pairs = zip(box or found, found, strict=True)
        box[:] = [min(pair) if at < 2 else max(pair) for at, pair in enumerate(pairs)]
    return {_KINDS[number] for number in numbers}


def _column(values: Any, whole: bool, again: Callable[[int], Any]) -> tuple[Any, Any]:
    """The values and where there are none: whole numbers that are read as fractions because some are missing.

    Args:
        again: reads so many of those that are there, exactly.
    """
    import numpy

    if not whole or values.dtype.kind != "f":
        return values, None
    missing = numpy.isnan(values)
    numbers = numpy.where(missing, 0, values)
    if (abs(numbers) < _EXACT).all():
        return numbers.astype("int64"), missing
    exact = numpy.zeros(len(values), "int64")
    exact[~missing] = again(int((~missing).sum()))
    return exact, missing


def _again(
    pyogrio: Any, source: str, layer: str, options: Mapping[str, str], field: str, skip: int, count: int
) -> Any:
    """The whole numbers of a column without the missing ones, which would make fractions of them.

    Raises:
        NotValid: the column cannot be named to the driver.
    """
    from pyogrio import errors

    # SQLite and the language of GDAL itself differ in how a quotation mark is written in a name.
    for name in dict.fromkeys((field.replace('"', '""'), field.replace('"', '\\"'))):
        try:
            _, _, _, (values,) = pyogrio.raw.read(
                source,
                layer=layer,
                columns=[field],
                read_geometry=False,
                where=f'"{name}" IS NOT NULL',
                skip_features=skip,
                max_features=count,
                **options,
            )
        except (errors.DataSourceError, errors.DataLayerError, ValueError):
            continue
        if values.dtype.kind == "i" and len(values) == count:
            return values
    raise NotValid(f"its whole numbers in '{field[:60]}' cannot be read without loss of digits")


def _write(
    pyogrio: Any,
    target: Path,
    crs: str,
    geometries: Any,
    columns: list[tuple[Any, Any]],
    names: list[str],
    append: bool,
) -> None:
    pyogrio.raw.write(
        target,
        geometries,
        [values for values, _ in columns],
        names,
        field_mask=[missing for _, missing in columns],
        layer=LAYER,
        driver="GPKG",
        geometry_type="Unknown",
        crs=crs,
        append=append,
        **({} if append else {"GEOMETRY_NAME": "geom", "FID": "fid"}),
    )


def _type(kind: str, part: str, *, all_there: bool) -> str:
    """A missing one of true and false would be true to MapServer: where one is, they are 1 and 0."""
    if part == "OFSTBoolean" and all_there:
        return "Boolean"
    return _TYPES.get(kind, "Character")


def _with_room(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """A point has no extent; whatever asks for a map of it needs one."""
    west, south, east, north = bounds
    room = 0.0 if east > west and north > south else 1e-4
    return west - room, south - room, east + room, north + room
