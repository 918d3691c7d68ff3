"""Rasters: opened with rasterio by the one driver that their format allows, and read where that is asked."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from azenha.authoring import zarr_zips
from azenha.authoring.archives import Unsafe
from azenha.engine.formats.cut_short import all_there
from azenha.engine.formats.opening import NotValid, Opening, counted

# Nothing beside the file is looked for, and nothing is fetched, whatever the file names.
OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_PAM_ENABLED": "NO",
}
CACHE = 32 * 1024**2  # bytes of blocks that are kept while all of a file is read
MOST_DATASETS = 100  # variables of one file that are looked at
_UNTILED = 512  # pixels: a smaller image needs no tiles to be cloud-optimized


def open_raster(opening: Opening) -> str:
    """Open a raster; all datasets in it, where it holds several.

    Raises:
        NotValid: no driver of its format opens it, it lacks what was asked, or it cannot be read.
    """
    import rasterio

    if not opening.format.drivers:
        raise NotValid("there is no raster in it")
    with rasterio.Env(**OPTIONS), warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        target = _target(opening, stack)
        first = stack.enter_context(_open(rasterio, target, opening.format.drivers))
        several = first.count == 0 and first.subdatasets
        names = first.subdatasets[:MOST_DATASETS] if several else []
        datasets = [stack.enter_context(_open(rasterio, name, (first.driver,))) for name in names] or [first]
        if not any(one.count for one in datasets):
            raise NotValid("there is no raster in it")
        _as_asked(opening, datasets)
        if opening.asked.read:
            all_there(opening.path, opening.format.id)
            for one in datasets:
                _read(rasterio, one)
        bands = sum(one.count for one in datasets)
        place = next((str(one.crs) for one in datasets if one.crs), "no reference system")
        return f"{counted(bands, 'band')} of {datasets[0].width} × {datasets[0].height}, {place[:60]}"


@contextmanager
def opened(rasterio: Any, opening: Opening) -> Iterator[Any]:
    """The dataset, or the first of those in it that has bands.

    Raises:
        NotValid: no driver of its format opens it.
    """
    with ExitStack() as stack:
        one = stack.enter_context(_open(rasterio, _target(opening, stack), opening.format.drivers))
        if not one.count and one.subdatasets:
            one = stack.enter_context(_open(rasterio, one.subdatasets[0], (one.driver,)))
        yield one


def _target(opening: Opening, stack: ExitStack) -> str:
    if opening.format.id != "zarr":
        return str(opening.path)

    def beside() -> Path:
        return Path(stack.enter_context(TemporaryDirectory(prefix="unpacked-", dir=opening.path.parent)))

    try:
        return zarr_zips.for_gdal(opening.path, beside)
    except Unsafe as reason:
        raise NotValid(str(reason)) from None


def _open(rasterio: Any, target: str, drivers: tuple[str, ...]) -> Any:
    reason: object = "no driver"
    for driver in drivers:
        try:
            return rasterio.open(target, driver=driver, sharing=False)
        except rasterio.errors.RasterioError as error:
            reason = reason if reason != "no driver" else error
    raise NotValid(f"it cannot be opened: {reason}")


def _as_asked(opening: Opening, datasets: list[Any]) -> None:
    asked = opening.asked
    if asked.bands is not None:
        least, most = asked.bands
        count = max(one.count for one in datasets)
        if count < least or (most is not None and count > most):
            wanted = f"{least}" if least == most else f"{least} to {most}" if most else f"{least} or more"
            raise NotValid(f"it has {counted(count, 'band')}; wanted are {wanted}")
    if asked.crs and not any(_is_placed(one) for one in datasets):
        raise NotValid("it does not say in which reference system it is")
    if "profile=cloud-optimized" in opening.media_type.replace(" ", "").replace('"', "").lower():
        (one, *_) = datasets
        if max(one.width, one.height) > _UNTILED and not one.is_tiled:
            raise NotValid("it is not cloud-optimized: it has no tiles")


def _is_placed(dataset: Any) -> bool:
    if dataset.crs:
        return True
    points, system = dataset.gcps
    return bool((points and system) or dataset.rpcs)


def _read(rasterio: Any, dataset: Any) -> None:
    # Each block is wanted once: GDAL would keep a twentieth of the machine's memory full of them.
    before = rasterio.env.get_gdal_config("GDAL_CACHEMAX")
    rasterio.env.set_gdal_config("GDAL_CACHEMAX", CACHE)
    try:
        for window in _windows(dataset):
            dataset.read(window=window)
    except rasterio.errors.RasterioError as error:
        reason = error.__cause__ or error
        raise NotValid(f"it opens, and cannot be read: {reason}") from None
    finally:
        rasterio.env.set_gdal_config("GDAL_CACHEMAX", before)


def _windows(dataset: Any) -> Iterator[Any]:
    return (window for _, window in dataset.block_windows(1))
