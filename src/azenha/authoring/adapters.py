"""Files opened with the libraries that authors use, each loaded when it is asked for and not before.

None of them is needed to install azenha: where one is missing, the error says how to get it.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azenha.authoring import geocsv, geoparquet, zarr_zips
from azenha.authoring.archives import names_in, unpack, without_repeats
from azenha.domain import encodings
from azenha.domain.known_formats import KNOWN


class MissingLibrary(ImportError):
    """A library that is asked for is not installed; the message says what to do."""


def library(name: str, what: str) -> Any:
    """Import a library.

    Raises:
        MissingLibrary: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
        raise MissingLibrary(f"{what} needs {error.name}: pip install {error.name}", name=name) from None


def text(path: Path, media_type: str) -> str:
    """The text of a file, in the encoding that XML says itself, or its media type, UTF-8 if neither."""
    with path.open("rb") as file:
        head = file.read(encodings.HEAD)
    return path.read_text(encodings.codec(head, media_type))


def xml(path: Path) -> Any:
    """An lxml tree: no entities, no document type from elsewhere, no network."""
    etree = library("lxml.etree", "lxml()")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    return etree.parse(str(path), parser)


def raster(path: Path, media_type: str, options: dict[str, Any]) -> Any:
    """An open dataset of rasterio, by the one driver that the media type allows unless another is named."""
    rasterio = library("rasterio", "rasterio()")
    known = KNOWN.named(media_type)
    if "driver" in options or known is None or not known.drivers:
        return rasterio.open(path, **options)
    target: Path | str = path
    if known.id == "zarr":
        # GDAL looks into no zip that is not named so.
        target = zarr_zips.for_gdal(path, _new_folder)
    refusal: Exception | None = None
    for driver in known.drivers:
        try:
            return rasterio.open(target, driver=driver, **options)
        except rasterio.errors.RasterioIOError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def array(path: Path, media_type: str, options: dict[str, Any]) -> Any:
    """An xarray: a dataset of netCDF, HDF5 and Zarr; of other rasters a data array, which needs rioxarray."""
    xarray = library("xarray", "xarray()")
    known = KNOWN.named(media_type)
    if known is not None and known.id == "zarr" and options.get("engine", "zarr") == "zarr":
        zarr = library("zarr", "xarray() of Zarr")
        if inner := zarr_zips.root(path):
            # xarray wants a group at the root of the store, whichever it is told to open.
            path, source = _new_folder() / "root.zarr.zip", path
            without_repeats(source, path, inner)
        # It opens no zip by its path.
        store = zarr.storage.ZipStore(path, mode="r")
        return xarray.open_dataset(store, **{**options, "engine": "zarr"})
    if known is not None and known.id in ("netcdf", "hdf5", "zarr"):
        return xarray.open_dataset(path, **options)
    return library("rioxarray", "xarray() of this raster").open_rasterio(path, **options)


def features_path(path: Path) -> Path:
    """What a library of features opens: the file; of a zip, the one shapefile or the KML in it, unpacked.

    Unpacked into a folder of its own in the current one: in a job, `ctx.workdir`.

    Raises:
        Unsafe: the archive could do harm.
        ValueError: it holds none, or several shapefiles, or what is named so is no KML.
    """
    with path.open("rb") as file:
        if not file.read(4).startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return path
    names = names_in(path)
    shapes = [name for name in names if name.lower().endswith(".shp")]
    others = [name for name in names if name.lower().endswith(".kml")]
    if len(shapes) > 1 or bool(shapes) is bool(others):
        found = ", ".join((*shapes, *others))[:500] or "none"
        raise ValueError(f"one shapefile or KML is needed in the zip; it has {found}")
    folder = _new_folder() / "all"
    if others:
        from azenha.authoring import kmz  # which loads a parser of XML, and most authors open none

        return kmz.opened(path, folder)
    unpack(path, folder)
    return folder / shapes[0]


def _new_folder() -> Path:
    """In the current one: in a job, `ctx.workdir`."""
    return Path(tempfile.mkdtemp(prefix="unpacked-", dir=".")).resolve()


def frame(path: Path, media_type: str, options: dict[str, Any]) -> Any:
    """A GeoDataFrame."""
    geopandas = library("geopandas", "geopandas()")
    if _is_parquet(path, media_type):
        library("pyarrow", "geopandas() of GeoParquet")
        return geopandas.read_parquet(path, **options)
    target, more = _opened_with(path, media_type)
    found = geopandas.read_file(target, **{"engine": "pyogrio", **more, **options})
    if not isinstance(found, geopandas.GeoDataFrame) and not options:
        raise ValueError("it has no geometry")  # a table comes as a plain DataFrame
    return found


def geometries(path: Path, media_type: str, options: dict[str, Any]) -> Any:
    """An array of shapely geometries, in the order of the features."""
    shapely = library("shapely", "shapely()")
    if _is_parquet(path, media_type):
        name = _geometry_of(path, "shapely()")[0].name
        geopandas = library("geopandas", "shapely() of GeoParquet")
        return geopandas.read_parquet(path, **{"columns": [name], **options}).geometry.to_numpy()
    pyogrio = library("pyogrio", "shapely()")
    target, more = _opened_with(path, media_type)
    _, _, wkb, _ = pyogrio.raw.read(target, **{"columns": [], **more, **options})
    if wkb is None:
        raise ValueError("it has no geometry")
    return shapely.from_wkb(wkb)


def info(path: Path, media_type: str, options: dict[str, Any]) -> Any:
    """What pyogrio tells of a layer without reading it: system, bounds, fields, number of features."""
    pyogrio = library("pyogrio", "pyogrio()")
    # The GDAL of its wheels has no driver for Parquet.
    if _is_parquet(path, media_type) and "Parquet" not in pyogrio.list_drivers():
        return geoparquet.told(path, _geometry_of(path, "pyogrio()"))
    target, more = _opened_with(path, media_type)
    return pyogrio.read_info(target, **{**more, **options})


def _opened_with(path: Path, media_type: str) -> tuple[str | Path, Mapping[str, str]]:
    """What GDAL opens, and the options for that."""
    known = KNOWN.named(media_type)
    if known is not None and known.id == "csv":
        return geocsv.opened_with(path, media_type)
    return features_path(path), {}


def _is_parquet(path: Path, media_type: str) -> bool:
    """By its media type; where that says nothing, by its first bytes."""
    known = KNOWN.named(media_type)
    if known is None:
        with path.open("rb") as file:
            known = KNOWN.by_magic(file.read(4))
    return known is not None and known.id == "geoparquet"


def _geometry_of(path: Path, what: str) -> tuple[geoparquet.Column, ...]:
    parquet = library("pyarrow.parquet", f"{what} of GeoParquet")
    return geoparquet.columns(parquet.read_schema(path))
