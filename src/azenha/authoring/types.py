"""What authors write in annotations and get as values: markers, boxes and files.

Nothing is checked where a marker is made: marks.py does, because it can say in which function and at which
parameter. Loads nothing but the standard library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from azenha.authoring import adapters, archives
from azenha.authoring.bbox import BBox
from azenha.authoring.blame import opens
from azenha.authoring.context import Command, Context, Recorder, Reporter
from azenha.domain.files import TYPES_BY_EXTENSION, essence
from azenha.domain.process import CRS84, Text

__all__ = [
    "BBox",
    "Checked",
    "Command",
    "Context",
    "Crs",
    "Features",
    "File",
    "Items",
    "Keywords",
    "Media",
    "Occurs",
    "Range",
    "Raster",
    "Recorder",
    "Reporter",
    "Title",
    "Translated",
    "Unit",
    "Validation",
]

Bound = int | float | Decimal | date | datetime | timedelta


# -- markers: they stand in Annotated[…] ---------------------------------------------------------


@dataclass(frozen=True, init=False)
class Unit:
    """The units a number may be given in, the first being the default: `Annotated[float, Unit("m", "km")]`.

    The number arrives as the client gave it; `ctx.unit("height")` tells in which unit.
    """

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


@dataclass(frozen=True)
class Range:
    """Allowed values from `minimum` to `maximum`, None for an open end. Several ranges allow their union.

    Attributes:
        closure: which ends belong to it: `closed`, `open`, `open-closed` (the maximum) or `closed-open`.
        spacing: only every so many from `minimum` on.
    """

    minimum: Bound | None = None
    maximum: Bound | None = None
    closure: str = "closed"
    spacing: Bound | None = None


@dataclass(frozen=True)
class Occurs:
    """How many values a list takes: at least `minimum`, at most `maximum` (None: any number)."""

    minimum: int = 1
    maximum: int | None = None


@dataclass(frozen=True)
class Items:
    """A list is one value, an array, of `minimum` to `maximum` items (None: any number).

    The function gets the list all the same. Clients of OGC API see one value whose schema is an array, where
    `Occurs` shows them several values; WPS has no arrays, and shows several values for both.
    """

    minimum: int = 1
    maximum: int | None = None


@dataclass(frozen=True, init=False)
class Media:
    """The media types of a file, the first being the default.

    Attributes:
        encoding: how it is packed beyond that, such as `base64`.
        schema: address of the schema that all of them follow.
        max_bytes: the largest file that is taken; None: the server's limit.
    """

    types: tuple[str, ...]
    encoding: str | None
    schema: str | None
    max_bytes: int | None

    def __init__(
        self,
        *types: str,
        encoding: str | None = None,
        schema: str | None = None,
        max_bytes: int | None = None,
    ) -> None:
        object.__setattr__(self, "types", types)
        object.__setattr__(self, "encoding", encoding)
        object.__setattr__(self, "schema", schema)
        object.__setattr__(self, "max_bytes", max_bytes)


@dataclass(frozen=True)
class Validation:
    """How closely a file's content is looked at before the function is called.

    Attributes:
        level: `none`; `simple`: what the content itself says is the declared type; `strict`: the library of its
            family opens it; `very strict`: it also follows its schema.
        read: all of it is read, not only its head: what is damaged further behind is found too.
        geometry: allowed types of geometry, such as `("Polygon", "MultiPolygon")`; empty: any.
        bands: so many bands, or `(least, most)`, most None for no end.
        crs: it has to say in which reference system it is.
    """

    level: str
    read: bool = False
    geometry: str | tuple[str, ...] = ()
    bands: int | tuple[int, int | None] | None = None
    crs: bool = False


@dataclass(frozen=True)
class Checked:
    """A function of yours that looks at a file before the process is called: `Checked(by=no_clouds)`.

    It gets the file. What is wrong with it, it returns as a text, or raises as ValueError; None: nothing is.
    """

    by: Callable[[Any], object]


@dataclass(frozen=True)
class Title:
    """The title of an input or output; without it, one is made of its name."""

    text: str


@dataclass(frozen=True, init=False)
class Keywords:
    """Keywords of an input or output."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)


@dataclass(frozen=True)
class Translated:
    """Titles by language tag (BCP 47): `Translated({"pt": "Altura"})`; `Text` for more than titles."""

    texts: Mapping[str, str | Text]


@dataclass(frozen=True, init=False)
class Crs:
    """The reference systems that a box may be given in, the first being the default.

    Attributes:
        dimensions: numbers of dimensions that it may have: (2,), (3,) or (2, 3).
    """

    names: tuple[str, ...]
    dimensions: tuple[int, ...]

    def __init__(self, *names: str, dimensions: tuple[int, ...] = (2,)) -> None:
        object.__setattr__(self, "names", names or (CRS84,))
        object.__setattr__(self, "dimensions", dimensions)


# -- values --------------------------------------------------------------------------------------


class File(os.PathLike[str]):
    """A file and its media type. Opened by whatever library you like: it is a path, `open(file)` works.

    Subclass it with `media_types` of your own, the first being the default: what clients may send where the
    class is a parameter's type. An output is of the first one unless `Media` names others.

    Attributes:
        path: where it is. In a process, a relative path is one in `ctx.workdir`.
        media_type: as given, or by the extension of the path, or the first of the class.
        name: file name to show a person.
        schema: address of the schema that it is declared to follow; None: none.
    """

    media_types: ClassVar[tuple[str, ...]] = ("application/octet-stream",)
    family: ClassVar[str | None] = None  # what files of the class are, where their media type does not tell

    def __init__(
        self,
        path: str | os.PathLike[str],
        media_type: str | None = None,
        *,
        name: str | None = None,
        schema: str | None = None,
        url: str | None = None,
    ) -> None:
        """`url`: where it came from; None: it was made here."""
        self.path = Path(path)
        self.named_type = media_type
        self.name = name or self.path.name
        self.schema = schema
        self._url = url
        self.input: str | None = None  # of a file that came in: which input it is
        self.called: str | None = (
            None  # and what its client called it, if that does not say its type: see Format
        )

    @property
    def media_type(self) -> str:
        return self.named_type or self.guessed_type or self.media_types[0]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    @property
    def url(self) -> str:
        """The address that it came from; of what came within the request or was made here, that of the file."""
        return self._url or self.path.absolute().as_uri()

    @property
    def bytes(self) -> bytes:
        """All of it. Large files are better read from `open()`."""
        return self.path.read_bytes()

    @property
    @opens
    def text(self) -> str:
        """All of it, decoded as XML says of itself, or a byte order mark or its media type; UTF-8 if nothing does."""
        return adapters.text(self.path, self.media_type)

    @property
    @opens
    def json(self) -> Any:
        """All of it, parsed."""
        return json.loads(self.text)

    def open(self) -> BinaryIO:
        """A stream of its bytes."""
        return self.path.open("rb")

    @opens
    def lxml(self) -> Any:
        """An lxml tree; entities, document types and the network are left alone."""
        return adapters.xml(self.path)

    @opens
    def unpacked(self, folder: str | os.PathLike[str], at_most: int | None = None) -> list[Path]:
        """The files of a zip, unpacked into a new folder; in a process, a relative one is in `ctx.workdir`.

        Raises:
            azenha.Unsafe: it is no zip, or could do harm: more than `at_most` bytes, a bomb, a name that leads
                out of the folder, a link, an archive in the archive. Nothing of it is left. The server's own
                limits (settings `formats.archive_bytes` and others) hold too.
        """
        return archives.unpack(self.path, Path(folder), at_most)

    @property
    def likely_types(self) -> tuple[str, ...]:
        """The media types that files of this extension have, without parameters, the likelier first."""
        return TYPES_BY_EXTENSION.get(self.path.suffix.lower(), ())

    @property
    def guessed_type(self) -> str | None:
        """What the extension says; None where it says nothing. Parameters are those of the class."""
        likely = self.likely_types
        ours = (own for like in likely for own in self.media_types if essence(own) == like)
        return next(ours, likely[0] if likely else None)

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}, {self.media_type!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, File) or type(other) is not type(self):
            return NotImplemented
        return (self.path, self.media_type) == (other.path, other.media_type)

    def __hash__(self) -> int:
        return hash((self.path, self.media_type))


class Raster(File):
    """A raster: GeoTIFF unless said otherwise."""

    family = "raster"

    @opens
    def rasterio(self, **options: Any) -> Any:
        """An open dataset of rasterio: `with raster.rasterio() as dataset:`."""
        return adapters.raster(self.path, self.media_type, options)

    @opens
    def xarray(self, **options: Any) -> Any:
        """An xarray Dataset of netCDF, HDF5 and Zarr; of other rasters a DataArray, which needs rioxarray."""
        return adapters.array(self.path, self.media_type, options)

    media_types = (
        "image/tiff; application=geotiff",
        "image/tiff",
        "image/jp2",
        "application/x-netcdf",
    )


class Features(File):
    """Vector features: GeoJSON unless said otherwise; a zip holds one shapefile."""

    family = "vector"

    @opens
    def geopandas(self, **options: Any) -> Any:
        """A GeoDataFrame. A zip is unpacked safely before."""
        return adapters.frame(self.path, self.media_type, options)

    @opens
    def shapely(self, **options: Any) -> Any:
        """An array of shapely geometries, in the order of the features."""
        return adapters.geometries(self.path, self.media_type, options)

    @opens
    def pyogrio(self, **options: Any) -> Any:
        """What pyogrio tells of a layer without reading it: reference system, bounds, fields, number of features."""
        return adapters.info(self.path, self.media_type, options)

    @opens
    def dataset(self) -> Path:
        """What GDAL and its relatives open: the file; of a zip, the shapefile or KML in it, unpacked safely."""
        return adapters.features_path(self.path)

    media_types = (
        "application/geo+json",
        "application/gml+xml",
        "application/geopackage+sqlite3",
        "application/flatgeobuf",
        "application/zip",
    )
