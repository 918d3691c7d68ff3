"""Files opened with the libraries that authors use, each loaded when it is asked for and not before.

None of them is needed to install azenha: where one is missing, the error says how to get it.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any, Final

from azenha.authoring import zarr_zips
from azenha.authoring.archives import names_in, unpack, without_repeats
from azenha.domain import formats
from azenha.domain.known_formats import KNOWN

_INSIDE: Final = (".shp", ".kml")  # what a zip of features may hold one of


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
    """The text of a file, in the charset that its media type names, UTF-8 if none."""
    parsed = formats.media_type(media_type)
    charset = parsed.parameters.get("charset", "utf-8") if parsed else "utf-8"
    return path.read_text("utf-8-sig" if charset.lower() in ("utf-8", "utf8") else charset)


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
    """What a library of features opens: the file; of a zip, the one shapefile or KML in it, unpacked.

    Unpacked into a folder of its own in the current one: in a job, `ctx.workdir`.

    Raises:
        Unsafe: the archive could do harm.
        ValueError: it holds none, or several.
    """
    with path.open("rb") as file:
        if not file.read(4).startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return path
    found = [name for name in names_in(path) if name.lower().endswith(_INSIDE)]
    if len(found) != 1:
        raise ValueError(
            f"one shapefile or KML is needed in the zip; it has {', '.join(found)[:500] or 'none'}"
        )
    folder = _new_folder() / "all"
    unpack(path, folder)
    return folder / found[0]


def _new_folder() -> Path:
    """In the current one: in a job, `ctx.workdir`."""
    return Path(tempfile.mkdtemp(prefix="unpacked-", dir=".")).resolve()


def frame(path: Path, options: dict[str, Any]) -> Any:
    """A GeoDataFrame."""
    geopandas = library("geopandas", "geopandas()")
    if path.suffix.lower() == ".parquet":
        library("pyarrow", "geopandas() of GeoParquet")
        return geopandas.read_parquet(path, **options)
    found = geopandas.read_file(features_path(path), **{"engine": "pyogrio", **options})
    if not isinstance(found, geopandas.GeoDataFrame) and not options:
        raise ValueError("it has no geometry")  # a table comes as a plain DataFrame
    return found


def geometries(path: Path, options: dict[str, Any]) -> Any:
    """An array of shapely geometries, in the order of the features."""
    shapely = library("shapely", "shapely()")
    pyogrio = library("pyogrio", "shapely()")
    _, _, wkb, _ = pyogrio.raw.read(features_path(path), columns=[], **options)
    return shapely.from_wkb(wkb)


def info(path: Path, options: dict[str, Any]) -> Any:
    """What pyogrio tells of a layer without reading it: system, bounds, fields, number of features."""
    pyogrio = library("pyogrio", "pyogrio()")
    return pyogrio.read_info(features_path(path), **options)
