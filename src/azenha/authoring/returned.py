"""What a process may return where it declares a file, beside a file: written to one, in the declared format.

Paths, bytes, text, JSON, streams, pieces of bytes, frames, arrays, open rasters, whatever has a `__geo_interface__`.
No library is loaded to find out what a value is: who made it has loaded it already.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

from azenha.authoring import shapes
from azenha.authoring.adapters import library
from azenha.authoring.blame import blamed, told, without_folder
from azenha.authoring.shapes import FileShape, Misfit
from azenha.authoring.types import File
from azenha.domain import encodings, formats
from azenha.domain.encodings import NotInEncoding
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
    if (made := _of_library(value, path, format, known)) is not None:
        path = made
    elif not _plain(value, path, format):
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
    if isinstance(value, str):
        if not formats.is_text(format.media_type):
            return False
        _write(iter((value,)), path, format)
    elif isinstance(value, bytes | bytearray | memoryview):
        path.write_bytes(value)
    elif formats.is_json(format.media_type) and _is_json(value):
        _write(iter((_json(value),)), path, format)
    elif callable(getattr(value, "read", None)) and not hasattr(value, "crs"):
        _write(_pieces(value), path, format)
    elif isinstance(value, Iterator):
        _write(value, path, format)
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


def _pieces(stream: Any) -> Iterator[object]:
    """The content of a stream: all of one in memory, and of one that stands at its end, as one just written does.

    Of others what is behind the place where they stand.
    """
    if not _can(stream, "readable", unless=True):
        raise Misfit("it is a stream that cannot be read; return the path of its file, or open it with 'w+b'")
    if isinstance(stream, io.BytesIO | io.StringIO):
        stream.seek(0)
    piece = stream.read(_PIECE)
    if not piece and _can(stream, "seekable", unless=False):
        stream.seek(0)
        piece = stream.read(_PIECE)
    while piece:
        yield piece
        piece = stream.read(_PIECE)


def _can(stream: Any, what: str, *, unless: bool) -> bool:
    """What it says of itself; `unless` where it says nothing."""
    says = getattr(stream, what, None)
    return bool(says()) if callable(says) else unless


def _write(pieces: Iterator[object], path: Path, format: Format) -> None:
    """Bytes as they are; text in the encoding that it declares itself, or its media type does."""
    first = next(pieces, b"")
    is_text = isinstance(first, str) and formats.is_text(format.media_type)
    wanted: tuple[type, ...] = (str,) if is_text else (bytes, bytearray, memoryview)
    name = "text" if is_text else "bytes"

    def checked() -> Iterator[Any]:
        for piece in chain((first,), pieces):
            if not isinstance(piece, wanted):
                raise shapes.expected(f"{name} from the stream or iterator", piece)
            yield piece

    try:
        with path.open("wb") as file:
            file.writelines(encodings.encoded(checked(), format.media_type) if is_text else checked())
    except NotInEncoding as reason:
        raise Misfit(str(reason)) from None


def _is_of(value: object, module: str, *names: str) -> bool:
    """Whether it is of a class of that library, or a subclass of one."""
    if module not in sys.modules:
        return False
    ours = [c for c in type(value).__mro__ if c.__module__.partition(".")[0] == module]
    return bool(ours) and (not names or any(c.__name__ in names for c in ours))


# -- of libraries --------------------------------------------------------------------------------


def _of_library(value: object, path: Path, format: Format, known: KnownFormat | None) -> Path | None:
    """The file that a library's own value was written to; None: it is no such value, or has not that format.

    Raises:
        Misfit: the library does not write it so, in its own words, and what can be returned instead.
    """
    try:
        if (made := _raster(value, path, known)) is not None:
            return made
        return path if _frame(value, path, format, known) or _array(value, path, known) else None
    except (Misfit, ImportError, MemoryError):
        raise
    except Exception as reason:
        if blamed(reason) or (isinstance(reason, OSError) and reason.errno is not None):
            raise  # of an input that is read only now, or of the disk
        said = without_folder(told(reason), path).strip().rstrip(".") or type(reason).__name__
        raise Misfit(
            f"a {type(value).__name__} cannot be written as {format.media_type}: {said}; "
            "return it as that format can hold it or the path of a file, or declare another format"
        ) from reason


def _frame(value: Any, path: Path, format: Format, known: KnownFormat | None) -> bool:
    """A GeoDataFrame, GeoSeries or, as CSV, any frame of pandas."""
    if known is not None and known.id == "csv" and _is_of(value, "pandas", "DataFrame", "Series"):
        try:
            value.to_csv(path, index=False, encoding=encodings.charset(format.media_type) or "utf-8")
        except UnicodeEncodeError as error:
            raise Misfit(f"it cannot be written as {format.media_type}: {error}") from None
        return True
    if not _is_of(value, "geopandas", "GeoDataFrame", "GeoSeries") or known is None:
        return False
    if known.id == "geoparquet":
        library("pyarrow", "writing GeoParquet")
        (value if hasattr(value, "to_parquet") else value.to_frame("geometry")).to_parquet(path)
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

    driver = "COG" if known.id == "cog" else known.drivers[0]
    name, own = value.name, value.driver
    computed = _is_of(value, "rasterio", "WarpedVRT")  # from another, while it is read: no file has it
    if computed and value.closed:
        raise Misfit("it is a WarpedVRT that was closed; return it open")
    if value.mode != "r":
        value.close()  # what was written is in its file only then
    elif computed or (own != driver and not value.closed):
        _copied(value, path, known, driver)
        return path
    if own == driver and Path(name).is_file():
        return Path(name)
    with rasterio.open(name) as source:
        _copied(source, path, known, driver)
    return path


def _copied(source: Any, path: Path, known: KnownFormat, driver: str) -> None:
    from rasterio.shutil import copy

    if known.id == "zarr":
        _zipped(path, lambda folder: copy(source, folder, driver=driver))
    else:
        copy(source, path, driver=driver)


def _zipped(path: Path, write: Callable[[Path], object]) -> None:
    """Write a format that is a folder, and make a zip of what is in that; its pieces are packed already."""
    with tempfile.TemporaryDirectory(dir=path.parent) as passing:
        folder = Path(passing) / path.name.partition(".")[0]  # GDAL calls the array so
        write(folder)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(one for one in folder.rglob("*") if one.is_file()):
                archive.write(file, file.relative_to(folder).as_posix())
