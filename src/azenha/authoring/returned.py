"""What a process may return where it declares a file, beside a file: written to one, in the declared format.

Paths, bytes, text, JSON, streams, pieces of bytes, frames, arrays, open rasters, whatever has a `__geo_interface__`.
No library is loaded to find out what a value is: who made it has loaded it already.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from azenha.authoring import shapes
from azenha.authoring.adapters import library
from azenha.authoring.shapes import FileShape, Misfit
from azenha.authoring.types import File
from azenha.domain import formats
from azenha.domain.files import extension
from azenha.domain.known_formats import KNOWN
from azenha.domain.media import KnownFormat
from azenha.domain.process import Format

_GML: Final = {"gml-2": "GML2", "gml-3.1": "GML3", "gml-3.2": "GML3.2", "gml": "GML3.2"}
_PIECE: Final = 256 * 1024


def as_file(shape: FileShape, name: str, value: object, workdir: Path, asked: str | None) -> File:
    """The file that a returned value is, or was written to.

    Args:
        name: of the output: the file is called so.
        asked: the media type that the client asked for; the first declared one if None.
    Raises:
        Misfit: it is nothing that can be written in that format.
    """
    classes = tuple(dict.fromkeys(cls for _, cls in shape.classes))
    if isinstance(value, classes):
        return value
    expected = " or ".join(cls.__name__ for cls in classes)
    if isinstance(value, File):
        raise shapes.expected(expected, value)
    if isinstance(value, os.PathLike):
        return _class_of(File(value).guessed_type, shape)(value)
    format = _target(shape, asked)
    known = KNOWN.named(format.media_type)
    folder = Path(tempfile.mkdtemp(prefix="returned-", dir=workdir))
    path = folder / f"{name}{extension(format.media_type)}"
    if (made := _raster(value, path, known)) is not None:
        path = made
    elif not (
        _plain(value, path, format) or _frame(value, path, format, known) or _array(value, path, known)
    ):
        hint = ""
        if isinstance(value, str):
            far = value.startswith(("http://", "https://"))
            hint = "; return azenha.Url(…) for an address" if far else "; return pathlib.Path(…) for a path"
        raise Misfit(f"{shapes.expected(expected, value)}{hint}; it cannot be written as {format.media_type}")
    return _class_of(format.media_type, shape)(path, format.media_type, schema=format.schema)


def _target(shape: FileShape, asked: str | None) -> Format:
    declared = shape.domain.formats
    if asked is not None:
        return next((f for f in declared if formats.offers((f,), Format(asked))), Format(asked))
    return formats.default(declared)


def _class_of(media_type: str | None, shape: FileShape) -> type[File]:
    wanted = formats.accepted(shape.domain.formats, Format(media_type)) if media_type else None
    exact = (cls for f, cls in shape.classes if wanted is not None and f == wanted)
    return next(exact, shape.classes[0][1])


def _plain(value: object, path: Path, format: Format) -> bool:
    """Bytes, text, JSON, and streams and iterators of bytes or text."""
    is_text = formats.is_text(format.media_type)
    if isinstance(value, str):
        if not is_text:
            return False
        path.write_text(value, "utf-8", newline="")
    elif isinstance(value, bytes | bytearray | memoryview):
        path.write_bytes(value)
    elif formats.is_json(format.media_type) and _is_json(value):
        path.write_text(_json(value), "utf-8")
    elif callable(read := getattr(value, "read", None)) and not hasattr(value, "crs"):
        _write(iter(lambda: read(_PIECE), type(read(0))()), path, is_text)
    elif isinstance(value, Iterator):
        _write(value, path, is_text)
    else:
        return False
    return True


def _is_json(value: object) -> bool:
    return isinstance(value, Mapping | list) or (
        hasattr(value, "__geo_interface__") and not _is_of(value, "geopandas")
    )


def _json(value: object) -> str:
    if not isinstance(value, Mapping | list):
        value = value.__geo_interface__  # type: ignore[attr-defined]  # asked before
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as reason:
        raise Misfit(f"it cannot be written as JSON: {reason}") from None


def _write(pieces: Iterable[object], path: Path, is_text: bool) -> None:
    with path.open("wb") as file:
        for piece in pieces:
            if isinstance(piece, str) and is_text:
                piece = piece.encode()
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise shapes.expected("bytes from the stream or iterator", piece)
            file.write(piece)


def _is_of(value: object, module: str, *names: str) -> bool:
    """Whether it is of a class of that library, or a subclass of one."""
    if module not in sys.modules:
        return False
    ours = [c for c in type(value).__mro__ if c.__module__.partition(".")[0] == module]
    return bool(ours) and (not names or any(c.__name__ in names for c in ours))


# -- of libraries --------------------------------------------------------------------------------


def _frame(value: Any, path: Path, format: Format, known: KnownFormat | None) -> bool:
    """A GeoDataFrame, GeoSeries or, as CSV, any frame of pandas."""
    if known is not None and known.id == "csv" and _is_of(value, "pandas", "DataFrame", "Series"):
        value.to_csv(path, index=False)
        return True
    if not _is_of(value, "geopandas", "GeoDataFrame", "GeoSeries") or known is None:
        return False
    if known.id == "geoparquet":
        library("pyarrow", "writing GeoParquet")
        value.to_parquet(path)
        return True
    driver = {"zip": "ESRI Shapefile", "json": "GeoJSON"}.get(known.id, (known.drivers or ("",))[-1])
    if driver in ("", "TopoJSON", "GPX") or (known.family != "vector" and known.id not in ("zip", "json")):
        return False
    options: dict[str, Any] = {}
    if driver in ("KML", "LIBKML") and _is_of(value, "geopandas", "GeoDataFrame"):
        value = _narrowed(value)
    if driver == "GeoJSON":
        options["layer_options"] = {"RFC7946": "YES"} if value.crs is not None else {}
    elif driver == "GML":
        options["dataset_options"] = {"FORMAT": _GML.get(known.id, "GML3.2")}
    target = path.with_name(f"{path.name.partition('.')[0]}.shp.zip") if driver == "ESRI Shapefile" else path
    value.to_file(target, driver=driver, engine="pyogrio", **options)
    if target != path:
        target.rename(path)
    return True


def _narrowed(frame: Any) -> Any:
    """With whole numbers in 32 bits where they fit: KML has none of 64, and they would become text in it."""
    fit = {
        name: "int32"
        for name, column in frame.items()
        if str(column.dtype) in ("int64", "uint64", "uint32") and column.between(-(2**31), 2**31 - 1).all()
    }
    return frame.astype(fit) if fit else frame


def _array(value: Any, path: Path, known: KnownFormat | None) -> bool:
    """A DataArray or Dataset of xarray: as netCDF; as GeoTIFF by rioxarray."""
    if not _is_of(value, "xarray", "DataArray", "Dataset") or known is None:
        return False
    if known.id == "netcdf":
        value.to_netcdf(path)
        return True
    if known.family != "raster" or known.id == "zarr":
        return False
    library("rioxarray", f"writing {known.title} from xarray")
    value.rio.to_raster(path, driver="COG" if known.id == "cog" else known.drivers[0])
    return True


def _raster(value: Any, path: Path, known: KnownFormat | None) -> Path | None:
    """The file of an open dataset of rasterio; a copy where that is in memory or of another format."""
    if not _is_of(value, "rasterio", "DatasetBase") or known is None or not known.drivers:
        return None
    import rasterio
    from rasterio.shutil import copy

    driver = "COG" if known.id == "cog" else known.drivers[0]
    name, own = value.name, value.driver
    if value.mode != "r":
        value.close()  # what was written is in its file only then
    if own == driver and Path(name).is_file():
        return Path(name)
    with rasterio.open(name) as source:
        copy(source, path, driver=driver)
    return path
