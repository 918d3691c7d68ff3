"""Block by block through a raster, so that memory stays bounded whatever the size of the scene.

Values come as floating-point numbers in the unit of the band: its scale and offset are applied, and whatever
its nodata value, mask or alpha band hides is NaN. Knows rasterio and numpy, nothing of any process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window

from azenha import Context, Raster

Values = NDArray[np.floating[Any]]

# Only formats in which one file is all there is: a VRT or a service description would make GDAL open other
# files and addresses, which whoever sent it may not be allowed to read.
DRIVERS = ("GTiff", "netCDF", "HDF5", "JP2OpenJPEG", "AAIGrid", "HFA", "PNG", "JPEG")

# Pixels of one block: 2 MiB in double precision, and some dozens of such arrays at work.
BLOCK_PIXELS = 1 << 18
BLOCK_SIDE = 1 << 9
TILE = 512
# Bytes of GDAL's own cache: by itself it takes a twentieth of the machine, whatever a job may have.
CACHE = 128 << 20
STRIP = 16


@dataclass(frozen=True, slots=True)
class Source:
    """An open raster, and the name of the input that it came by: errors name it."""

    name: str
    file: Raster
    dataset: DatasetReader

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.dataset.height, self.dataset.width

    def require(self, **bands: int) -> None:
        """Check band numbers, each by the name of the parameter that gave it.

        Raises:
            ValueError: a number that the raster does not have, or a band of complex numbers.
        """
        count = self.dataset.count
        for parameter, number in bands.items():
            if not 1 <= number <= count:
                has = "1 band" if count == 1 else f"{count} bands, numbered from 1"
                raise ValueError(f"input '{parameter}': there is no band {number}: '{self.name}' has {has}")
            dtype = self.dataset.dtypes[number - 1]
            if dtype.startswith("complex"):
                raise ValueError(
                    f"input '{parameter}': band {number} of '{self.name}' has complex numbers ({dtype}); "
                    "real numbers are needed"
                )

    def values(self, band: int, window: Window | None = None, **options: Any) -> Values:
        """A band, or a window of it; NaN where there is no data.

        Args:
            options: of rasterio's `read`: `out_shape`, `out_dtype` and `resampling`.
        Returns:
            float32 where that holds every value of the band exactly, else float64.
        Raises:
            ValueError: the file is damaged there.
        """
        dataset = self.dataset
        try:
            raw = dataset.read(band, window=window, **options)
            hidden = None
            if MaskFlags.all_valid not in dataset.mask_flag_enums[band - 1]:
                shape = {"out_shape": options["out_shape"]} if "out_shape" in options else {}
                hidden = dataset.read_masks(band, window=window, **shape) == 0
        except RasterioIOError as error:
            raise ValueError(
                f"input '{self.name}': the raster is damaged: {_cause(error, self.file)}"
            ) from error
        values: Values = raw.astype(np.result_type(raw.dtype, np.float32), copy=False)
        scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]
        if (scale, offset) != (1.0, 0.0):
            values = values * scale + offset
        if hidden is not None:
            values[hidden] = np.nan
        return values


@contextmanager
def opened(raster: Raster, name: str) -> Iterator[Source]:
    """Open the raster of the input `name`.

    Raises:
        ValueError: it is no raster in one of `DRIVERS`, or has no bands of its own.
    """
    # GDAL's drivers are registered with the first environment, which this may be.
    with rasterio.Env(GDAL_CACHEMAX=CACHE), _open(raster, name) as dataset:
        if dataset.count == 0:
            layers = ", ".join(s.rsplit(":", 1)[-1] for s in dataset.subdatasets) or "none"
            raise ValueError(
                f"input '{name}': the file has no bands, but layers ({layers}); send one of them alone"
            )
        yield Source(name, raster, dataset)


def _open(raster: Raster, name: str) -> DatasetReader:
    try:
        with warnings.catch_warnings():
            # Pixels without a place are fine for an index of bands; who needs a place asks for it.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return DatasetReader(raster.path, driver=list(DRIVERS))
    except RasterioIOError as error:
        raise ValueError(
            f"input '{name}': cannot be read as a raster: {_cause(error, raster)} "
            f"(formats: {', '.join(DRIVERS)})"
        ) from error


def _cause(error: BaseException, file: Raster) -> str:
    """What GDAL said, with the name of the file: the folders of this machine are nobody's business."""
    text = str(error.__cause__ or error)
    return text.replace(str(file.path), file.name).replace(file.path.name, file.name)


def blocks(source: Source) -> list[Window]:
    """Windows that cover a raster once, by rows from the top; they follow how the file is laid out."""
    rows, columns = source.shape
    if _tiled(source):
        height, width = BLOCK_SIDE, BLOCK_SIDE
    else:
        height, width = max(STRIP, BLOCK_PIXELS // columns // STRIP * STRIP), columns
    return [
        Window(left, top, min(width, columns - left), min(height, rows - top))
        for top in range(0, rows, height)
        for left in range(0, columns, width)
    ]


def followed(windows: Iterable[Window], ctx: Context) -> Iterator[Window]:
    """The windows, one by one, with progress after each and a check for cancellation before."""
    windows = list(windows)
    for number, window in enumerate(windows, 1):
        ctx.check()
        yield window
        ctx.progress(100 * number // len(windows), f"block {number} of {len(windows)}")


@contextmanager
def created(path: Path, like: Source, dtype: str, nodata: float) -> Iterator[DatasetWriter]:
    """A new GeoTIFF of one band with the size, place and layout of `like`; complete when the context ends."""
    dataset = like.dataset
    rows, columns = like.shape
    options: dict[str, Any] = {
        "compress": "deflate",
        "zlevel": 1,
        "predictor": 3 if dtype == "float32" else 2,
    }
    if _tiled(like):
        options |= {"tiled": True, "blockxsize": TILE, "blockysize": TILE}
    else:
        options |= {"tiled": False, "blockysize": STRIP}
    points, points_crs = dataset.gcps
    if points:
        options |= {"gcps": points, "crs": points_crs}
    else:
        options |= {"crs": dataset.crs, "transform": dataset.transform}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        target = rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=columns,
            height=rows,
            count=1,
            dtype=dtype,
            nodata=nodata,
            bigtiff="if_safer",
            **options,
        )
        with target:
            if dataset.rpcs is not None and not points:
                target.rpcs = dataset.rpcs
            yield target


def write_picture(path: Path, rgba: NDArray[np.uint8]) -> None:
    """Write a PNG of (4, rows, columns): red, green, blue, opacity."""
    _, rows, columns = rgba.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="PNG", width=columns, height=rows, count=4, dtype="uint8"
        ) as target:
            target.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
            target.write(rgba)


def map_bands(
    source: Source,
    bands: Mapping[str, int],
    compute: Callable[[Mapping[str, Values]], Values],
    path: Path,
    ctx: Context,
) -> None:
    """Write `compute` of some bands, pixel by pixel, as a float32 GeoTIFF; NaN where the result is no number.

    Args:
        bands: number of each band by the name under which `compute` gets it.
    """
    with created(path, source, "float32", np.nan) as target, np.errstate(all="ignore"):
        for window in followed(blocks(source), ctx):
            result = compute({name: source.values(band, window) for name, band in bands.items()})
            result = result.astype(np.float32, copy=False)
            result[~np.isfinite(result)] = np.nan
            target.write(result, 1, window=window)


def _tiled(source: Source) -> bool:
    return bool(source.dataset.block_shapes[0][1] < source.dataset.width)
