"""Slope, hillshade and a shaded relief of an elevation model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.windows import Window

from azenha import Context, File, Media, Range, Raster, Title, Unit, process
from azenha.examples._blocks import Source, Values, blocks, created, followed, opened, write_picture

# Longest side of the picture; a small model is enlarged at most ENLARGE times.
PICTURE_SIDE = 1280
ENLARGE = 2

# Tints of the shaded relief from the lowest land to the highest, as (share of the range, red, green, blue).
TINTS = (
    (0.00, 96, 141, 117),
    (0.16, 142, 173, 128),
    (0.34, 196, 201, 146),
    (0.52, 231, 215, 164),
    (0.70, 209, 173, 125),
    (0.86, 166, 128, 101),
    (1.00, 236, 230, 224),
)


@dataclass(frozen=True)
class Terrain:
    """What `terrain` makes of an elevation model."""

    slope: Annotated[Raster, Title("Slope in degrees, 0 to 90, float32")]
    hillshade: Annotated[Raster, Title("Hillshade, 1 (dark) to 255 (lit), uint8")]
    picture: Annotated[File, Media("image/png"), Title("Shaded relief in colours of elevation")]


@process(version="1.0.0", pause=True, keywords=("elevation", "slope", "hillshade", "relief"))
def terrain(
    dem: Annotated[Raster, Title("Elevation model")] | None = None,
    band: Annotated[int, Range(1, None)] = 1,
    azimuth: Annotated[float, Range(0, 360), Unit("deg")] = 315.0,
    altitude: Annotated[float, Range(0, 90), Unit("deg")] = 45.0,
    z_factor: Annotated[float, Range(0, None, closure="open")] = 1.0,
    *,
    ctx: Context,
) -> Terrain:
    """Slope and hillshade of an elevation model.

    Horn's method: the gradient of a pixel from its eight neighbours. Where some of them are missing, at the
    edges and beside pixels without data, it comes from the others, so that no border is lost. In a geographic
    reference system the degrees are converted to metres with the lengths of a degree on its ellipsoid at the
    pixel's latitude; in a projected one the linear unit is converted, and the scale of the projection is left
    as it is.

    Args:
        dem: Elevations in metres (see z_factor). Without a reference system, its map units are taken as
            metres. Left out, the elevation model of the Jacksboro fault (Tennessee, SRTM, EPSG:4326) that
            comes with matplotlib.
        band: Number of the band with the elevations, from 1.
        azimuth: Direction that the light comes from, in degrees clockwise from the north of the map.
        altitude: Height of the light above the horizon, in degrees.
        z_factor: Metres in one unit of elevation (0.3048 for feet); more exaggerates the relief.
    Returns:
        Two GeoTIFFs on the grid of the elevation model, and a PNG of at most 1280 pixels a side. Without
        data: NaN in the slope, 0 in the hillshade, transparent in the picture.
    """
    raster = jacksboro(ctx.workdir / "jacksboro.tif") if dem is None else dem
    light = Light(azimuth, altitude)
    result = Terrain(
        Raster(ctx.workdir / "slope.tif"),
        Raster(ctx.workdir / "hillshade.tif"),
        File(ctx.workdir / "relief.png", "image/png"),
    )
    with opened(raster, "dem") as source:
        source.require(band=band)
        grid = Grid.of(source)
        with (
            created(result.slope.path, source, "float32", np.nan) as slopes,
            created(result.hillshade.path, source, "uint8", 0) as shades,
        ):
            for window in followed(blocks(source), ctx):
                east, north = grid.gradient(_with_margin(source, band, window) * z_factor, window)
                slopes.write(slope_degrees(east, north), 1, window=window)
                shades.write(hillshade_bytes(light.shade(east, north)), 1, window=window)
        ctx.check()
        write_picture(result.picture.path, _relief(source, band, grid, light, z_factor))
    return result


@dataclass(frozen=True, slots=True)
class Light:
    """A distant light: degrees clockwise from north, and degrees above the horizon."""

    azimuth: float
    altitude: float

    def shade(self, east: Values, north: Values) -> Values:
        """Cosine of the angle between the light and the ground's normal: 1 facing it; negative turned away.

        Args:
            east, north: rise of the ground to the east and to the north, metres a metre.
        """
        azimuth, altitude = math.radians(self.azimuth), math.radians(self.altitude)
        facing = east * math.sin(azimuth) + north * math.cos(azimuth)
        result: Values = (math.sin(altitude) - math.cos(altitude) * facing) / np.sqrt(1 + east**2 + north**2)
        return result


@dataclass(frozen=True, slots=True)
class Grid:
    """Where pixels are, in metres.

    Attributes:
        transform: pixel (column, row) to map (x east, y north).
        unit: metres in a map unit; in a geographic system, radians.
        ellipsoid: semi-major axis in metres and squared eccentricity; None in a projected system.
    """

    transform: Affine
    unit: float
    ellipsoid: tuple[float, float] | None = None

    @classmethod
    def of(cls, source: Source) -> Grid:
        """The grid of a raster.

        Raises:
            ValueError: the raster has no place, so that the size of its pixels is unknown.
        """
        crs, transform = source.dataset.crs, source.dataset.transform
        if transform == Affine.identity() or transform.determinant == 0:
            raise ValueError(
                f"input '{source.name}': the raster has no georeference, so the size of its pixels is unknown"
            )
        if crs is None:
            return cls(transform, 1.0)
        if not crs.is_geographic:
            return cls(transform, crs.linear_units_factor[1])
        ellipsoid = pyproj.CRS.from_wkt(crs.to_wkt()).ellipsoid
        assert ellipsoid is not None
        flattening = 1 / ellipsoid.inverse_flattening if ellipsoid.inverse_flattening else 0.0
        return cls(
            transform, crs.units_factor[1], (ellipsoid.semi_major_metre, flattening * (2 - flattening))
        )

    def resampled(self, columns: float, rows: float) -> Grid:
        """The grid with pixels that many times as large."""
        t = self.transform
        scaled = Affine(t.a * columns, t.b * rows, t.c, t.d * columns, t.e * rows, t.f)
        return Grid(scaled, self.unit, self.ellipsoid)

    def metres(self, latitude: Values | float) -> tuple[Values | float, Values | float]:
        """Metres in a map unit to the east and to the north; `latitude` in map units, if it is one."""
        if self.ellipsoid is None:
            return self.unit, self.unit
        axis, squared = self.ellipsoid
        angle = np.asarray(latitude) * self.unit
        curve = 1 - squared * np.sin(angle) ** 2
        # Radii of curvature: of the parallel, and of the meridian.
        return self.unit * axis * np.cos(angle) / np.sqrt(curve), self.unit * axis * (
            1 - squared
        ) / curve**1.5

    def pixel_metres(self, column: float, row: float) -> tuple[float, float]:
        """Width and height in metres of the pixel there."""
        t = self.transform
        east, north = self.metres(t.d * column + t.e * row + t.f)
        return math.hypot(t.a * float(east), t.d * float(north)), math.hypot(
            t.b * float(east), t.e * float(north)
        )

    def gradient(self, elevation: Values, window: Window) -> tuple[Values, Values]:
        """Rise to the east and to the north, metres a metre, of the pixels of `window`.

        Args:
            elevation: metres, of the window and a margin of one pixel around it; NaN where there is none.
        Returns:
            NaN where the pixel has no elevation, or no neighbour in one of the directions of the grid.
        """
        across, down = _differences(elevation), _differences(elevation.T).T
        t, det = self.transform, self.transform.determinant
        rows, columns = across.shape
        row = (window.row_off + np.arange(rows) + 0.5)[:, None]
        column = (window.col_off + np.arange(columns) + 0.5)[None, :]
        # Rows of one latitude stay one column of numbers; only a turned grid needs one a pixel.
        latitude = t.f + t.e * row + (t.d * column if t.d else 0.0)
        east_metres, north_metres = self.metres(latitude)
        centre = elevation[1:-1, 1:-1]
        east = np.where(np.isnan(centre), np.nan, (t.e * across - t.d * down) / det / east_metres)
        north = np.where(np.isnan(centre), np.nan, (t.a * down - t.b * across) / det / north_metres)
        return east, north


def _differences(z: Values) -> Values:
    """Elevation gained from one column to the next, weighted 1, 2, 1 over three rows (Horn 1981).

    Each row's is the central difference; one-sided where only one neighbour is there; left out where none is.
    """
    left, middle, right = z[:, :-2], z[:, 1:-1], z[:, 2:]
    rise = (right - left) / 2
    rise = np.where(np.isnan(rise), right - middle, rise)
    rise = np.where(np.isnan(rise), middle - left, rise)
    known = ~np.isnan(rise)
    filled = np.where(known, rise, 0.0)
    weight = known[:-2] + 2.0 * known[1:-1] + known[2:]
    total = filled[:-2] + 2.0 * filled[1:-1] + filled[2:]
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def slope_degrees(east: Values, north: Values) -> NDArray[np.float32]:
    return np.degrees(np.arctan(np.hypot(east, north))).astype(np.float32)


def hillshade_bytes(shade: Values) -> NDArray[np.uint8]:
    """1 where turned away from the light, 255 where facing it; 0 without data."""
    scaled = np.rint(1 + 254 * np.clip(shade, 0, 1))
    return np.where(np.isnan(shade), 0, scaled).astype(np.uint8)


def _with_margin(source: Source, band: int, window: Window) -> Values:
    """The values of a window and of one pixel around it, in float64; NaN beyond the raster."""
    rows, columns = source.shape
    top, left = int(window.row_off), int(window.col_off)
    bottom, right = top + int(window.height), left + int(window.width)
    before = (min(top, 1), min(left, 1))
    after = (min(rows - bottom, 1), min(columns - right, 1))
    result = np.full((bottom - top + 2, right - left + 2), np.nan)
    result[1 - before[0] : result.shape[0] - 1 + after[0], 1 - before[1] : result.shape[1] - 1 + after[1]] = (
        source.values(
            band,
            Window(
                left - before[1],
                top - before[0],
                right - left + before[1] + after[1],
                bottom - top + before[0] + after[0],
            ),
        )
    )
    return result


def _relief(source: Source, band: int, grid: Grid, light: Light, z_factor: float) -> NDArray[np.uint8]:
    """Tints of elevation under light from three sides, as (4, rows, columns), square in metres."""
    rows, columns = source.shape
    width, height = grid.pixel_metres(columns / 2, rows / 2)
    metres = max(columns * width / PICTURE_SIDE, rows * height / PICTURE_SIDE, min(width, height) / ENLARGE)
    out_columns, out_rows = max(1, round(columns * width / metres)), max(1, round(rows * height / metres))
    smaller = metres > min(width, height)
    z = source.values(
        band,
        out_shape=(out_rows, out_columns),
        out_dtype="float32",
        resampling=Resampling.average if smaller else Resampling.cubic_spline,
    )
    shown = ~np.isnan(z)
    coarse = grid.resampled(columns / out_columns, rows / out_rows)
    whole = Window(0, 0, out_columns, out_rows)
    # What is lit from one side only is black on the other: two weaker lights keep its forms readable.
    east, north = coarse.gradient(np.pad(z * z_factor, 1, constant_values=np.nan), whole)
    shade = sum(
        weight * np.clip(Light((light.azimuth + turn) % 360, light.altitude).shade(east, north), 0, 1)
        for turn, weight in ((0, 0.6), (-60, 0.2), (60, 0.2))
    )
    flat = max(math.sin(math.radians(light.altitude)), 0.2)
    return _blend(tints(z), np.nan_to_num(shade / flat, nan=1.0).astype(np.float32), shown)


def tints(z: Values) -> Values:
    """Colours of elevations, (3, rows, columns), 0 to 255; a few extreme pixels do not stretch the range."""
    known = z[~np.isnan(z)]
    low, high = np.percentile(known, (0.5, 99.8)) if known.size else (0.0, 0.0)
    share = np.clip((np.nan_to_num(z, nan=low) - low) / max(high - low, 1e-9), 0, 1)
    stops = np.array(TINTS)
    channels = [np.interp(share, stops[:, 0], stops[:, channel]).astype(np.float32) for channel in (1, 2, 3)]
    return np.stack(channels)


def _blend(colour: Values, relative: Values, shown: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Colour under light, `relative` to flat ground: shadows turn it to blue, light to white."""
    dark = np.clip(1 - relative, 0, 1)
    lit = np.clip(relative - 1, 0, 1)
    shadow = np.array([38, 44, 66], np.float32)[:, None, None]
    mixed = colour + (shadow - colour) * 0.85 * dark + (255 - colour) * 0.75 * lit
    rgba = np.concatenate([mixed, np.float32(255) * shown[None]])
    result: NDArray[np.uint8] = np.rint(np.clip(rgba, 0, 255)).astype(np.uint8)
    return result


def jacksboro(path: Path) -> Raster:
    """The elevation model of matplotlib's wheel as a GeoTIFF: metres, 1/1200 degree, EPSG:4326.

    Raises:
        ValueError: matplotlib, or its sample data, is not installed here.
    """
    with _sample() as sample:
        elevation = sample["elevation"]
        west, north, step = float(sample["xmin"]), float(sample["ymin"]), float(sample["dx"])
    rows, columns = elevation.shape
    # The file calls its northern edge "ymin": its rows run from there to the south.
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=columns,
        height=rows,
        count=1,
        dtype=elevation.dtype,
        crs="EPSG:4326",
        transform=Affine(step, 0, west, 0, -step, north),
    ) as target:
        target.write(elevation, 1)
    return Raster(path)


@contextmanager
def _sample() -> Iterator[np.lib.npyio.NpzFile]:
    # Located, not imported: matplotlib itself would cost a second and builds a cache of fonts.
    spec = find_spec("matplotlib")
    root = Path(spec.origin).parent if spec is not None and spec.origin else Path()
    file = root / "mpl-data" / "sample_data" / "jacksboro_fault_dem.npz"
    if spec is None or not file.is_file():
        raise ValueError(
            "input 'dem': may be left out only where matplotlib and its sample data are installed "
            "(pip install matplotlib); send an elevation model"
        )
    with np.load(file) as sample:
        yield sample
