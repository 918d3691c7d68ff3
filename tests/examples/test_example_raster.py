"""NDVI and spectral indices, against whole-array numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="needs azenha[examples]")
rasterio = pytest.importorskip("rasterio", reason="needs azenha[examples]")
spyndex = pytest.importorskip("spyndex", reason="needs azenha[examples]")

import reference  # noqa: E402
from rasterio.transform import Affine  # noqa: E402

from azenha import Cancelled, Context, Raster, Recorder  # noqa: E402
from azenha.examples import _blocks  # noqa: E402
from azenha.examples.raster import (  # noqa: E402
    CONSTANTS,
    LETTERS,
    NAMES,
    Bands,
    Constants,
    Index,
    ndvi,
    spectral_index,
)


def write(path: Path, bands: Any, **options: Any) -> Raster:
    """A GeoTIFF of (band, row, column) in UTM 25S; `scales` and `offsets` of its bands if given."""
    scales, offsets = options.pop("scales", None), options.pop("offsets", None)
    place = {"crs": "EPSG:32725", "transform": Affine(10, 0, 300000, 0, -10, 9100000)}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=bands.shape[0],
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        **(place | options),
    ) as target:
        target.write(bands)
        if scales:
            target.scales = scales
        if offsets:
            target.offsets = offsets
    return Raster(path)


def read(raster: Raster) -> Any:
    with rasterio.open(raster.path) as source:
        return source.read(1)


def random_scene(path: Path, rows: int = 200, columns: int = 300, **options: Any) -> Raster:
    rng = np.random.default_rng(3)
    return write(path, rng.integers(1, 10_000, (4, rows, columns)).astype("uint16"), **options)


def test_ndvi_of_the_olinda_scene_is_what_numpy_computes(ctx: Context) -> None:
    scene = reference.olinda("landsat7_etm.tif")
    if scene is None:
        pytest.skip("needs ../shared/data")
    result = ndvi(Raster(scene), ctx=ctx)
    np.testing.assert_array_equal(read(result), reference.ndvi(scene))
    with rasterio.open(result.path) as made, rasterio.open(scene) as given:
        assert (made.crs, made.transform, made.shape) == (given.crs, given.transform, given.shape)
        assert made.dtypes == ("float32",)
        assert np.isnan(made.nodata)


def test_ndvi_of_the_sentinel_cut_is_what_numpy_computes(ctx: Context, tmp_path: Path) -> None:
    scene = reference.sentinel_scene(tmp_path / "s2.tif")
    values = read(ndvi(Raster(scene), ctx=ctx))
    np.testing.assert_array_equal(values, reference.ndvi(scene))
    assert values.min() < 0 < values.max()


@pytest.mark.parametrize("layout", [{}, {"tiled": True, "blockxsize": 64, "blockysize": 32}])
def test_a_scene_of_many_blocks_is_covered_once(
    layout: dict[str, Any], ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blocks, "BLOCK_PIXELS", 300 * 48)
    monkeypatch.setattr(_blocks, "BLOCK_SIDE", 96)
    scene = random_scene(tmp_path / "s.tif", **layout)
    with _blocks.opened(scene, "scene") as source:
        windows = _blocks.blocks(source)
        covered = np.zeros(source.shape, int)
        for w in windows:
            covered[w.row_off : w.row_off + w.height, w.col_off : w.col_off + w.width] += 1
    assert len(windows) > 4
    assert (covered == 1).all()
    np.testing.assert_array_equal(read(ndvi(scene, ctx=ctx)), reference.ndvi(scene.path))


def test_progress_is_reported_after_each_block(
    ctx: Context, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blocks, "BLOCK_PIXELS", 300 * 48)
    ndvi(random_scene(tmp_path / "s.tif", rows=96), ctx=ctx)
    assert recorder.progressed == [(50, "block 1 of 2"), (100, "block 2 of 2")]


def test_a_dismissed_job_reads_no_further_block(ctx: Context, recorder: Recorder, tmp_path: Path) -> None:
    recorder.dismissed = True
    with pytest.raises(Cancelled):
        ndvi(random_scene(tmp_path / "s.tif"), ctx=ctx)
    assert recorder.progressed == []


def test_no_data_stays_no_data_and_zero_over_zero_becomes_it(ctx: Context, tmp_path: Path) -> None:
    bands = np.full((4, 2, 3), 100, "uint16")
    bands[2, 0, 0] = 9999
    bands[2:, 1, 1] = 0
    result = read(ndvi(write(tmp_path / "s.tif", bands, nodata=9999), ctx=ctx))
    assert np.isnan(result).tolist() == [[True, False, False], [False, True, False]]


def test_scale_and_offset_of_the_bands_are_applied(ctx: Context, tmp_path: Path) -> None:
    bands = np.stack([np.full((2, 2), n, "int16") for n in (0, 0, 2000, 5000)])
    scene = write(tmp_path / "s.tif", bands, scales=(1e-4,) * 4, offsets=(-0.1,) * 4)
    np.testing.assert_allclose(read(ndvi(scene, ctx=ctx)), (0.4 - 0.1) / (0.4 + 0.1), rtol=1e-6)


def test_large_integers_keep_their_digits(ctx: Context, tmp_path: Path) -> None:
    bands = np.stack([np.full((1, 1), n, "int32") for n in (1, 1, 2**30, 2**30 + 1)])
    result = read(ndvi(write(tmp_path / "s.tif", bands), ctx=ctx))
    np.testing.assert_allclose(result, 1 / (2**31 + 1), rtol=1e-6)


def test_a_scene_without_a_place_is_served_without_a_warning(ctx: Context, tmp_path: Path) -> None:
    scene = random_scene(tmp_path / "s.tif")
    with _blocks.opened(scene, "scene") as source:
        bare = tmp_path / "bare.png"
        _blocks.write_picture(bare, (source.dataset.read() // 40).astype("uint8"))
    assert ndvi(Raster(bare, "image/png"), red=1, nir=2, ctx=ctx).path.is_file()


def virtual(folder: Path) -> Raster:
    path = folder / "x.tif"
    path.write_text(
        '<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1"/></VRTDataset>'
    )
    return Raster(path)


def text(folder: Path) -> Raster:
    path = folder / "x.tif"
    path.write_text("no raster")
    return Raster(path)


def complex_numbers(folder: Path) -> Raster:
    return write(folder / "c.tif", np.ones((4, 2, 2), "complex64"))


@pytest.mark.parametrize(
    ("make", "bands", "words"),
    [
        (random_scene, {"red": 5}, "input 'red': there is no band 5: 'scene' has 4 bands, numbered from 1"),
        (random_scene, {"nir": 3}, "inputs 'red' and 'nir': both are band 3"),
        (text, {}, "input 'scene': cannot be read as a raster: 'x.tif' not recognized"),
        (virtual, {}, "input 'scene': cannot be read as a raster"),
        (complex_numbers, {}, "input 'red': band 3 of 'scene' has complex numbers"),
    ],
)
def test_bad_input_is_refused_by_name(
    make: Any, bands: dict[str, int], words: str, ctx: Context, tmp_path: Path
) -> None:
    scene = make(tmp_path / "s.tif") if make is random_scene else make(tmp_path)
    with pytest.raises(ValueError, match=words) as caught:
        ndvi(scene, **bands, ctx=ctx)
    assert str(tmp_path) not in str(caught.value)


def test_a_damaged_file_is_refused_by_name(ctx: Context) -> None:
    damaged = reference.SHARED / "data" / "misc" / "corrupt.tif"
    if not damaged.is_file():
        pytest.skip("needs ../shared/data")
    with pytest.raises(ValueError, match=r"input 'scene': the raster is damaged: corrupt\.tif, band"):
        ndvi(Raster(damaged), red=1, nir=2, ctx=ctx)


# -- spectral indices ---------------------------------------------------------------------------------


def test_ndvi_by_name_is_ndvi(ctx: Context, tmp_path: Path) -> None:
    scene = reference.sentinel_scene(tmp_path / "s2.tif")
    by_name = spectral_index(Raster(scene), Index("NDVI"), Bands(R=3, N=4), ctx=ctx)
    np.testing.assert_allclose(read(by_name), reference.ndvi(scene), rtol=1e-6)


def test_evi_takes_its_constants_from_spyndex_and_reflectances_by_scale(ctx: Context, tmp_path: Path) -> None:
    scene = reference.sentinel_scene(tmp_path / "s2.tif")
    result = spectral_index(Raster(scene), Index("EVI"), Bands(B=1, R=3, N=4), scale=1e-4, ctx=ctx)
    with rasterio.open(scene) as source:
        b, r, n = (source.read(i) / 10_000 for i in (1, 3, 4))
    with np.errstate(all="ignore"):
        expected = 2.5 * (n - r) / (n + 6 * r - 7.5 * b + 1)
    np.testing.assert_allclose(read(result), expected, rtol=1e-3, atol=1e-5)


def test_a_constant_that_is_given_replaces_the_default(ctx: Context, tmp_path: Path) -> None:
    scene = write(tmp_path / "s.tif", np.stack([np.full((1, 1), v, "float32") for v in (0.1, 0.5)]))
    result = spectral_index(scene, Index("SAVI"), Bands(R=1, N=2), Constants(L=0.5), ctx=ctx)
    np.testing.assert_allclose(read(result), 1.5 * 0.4 / 1.1, rtol=1e-6)


@pytest.mark.parametrize(
    ("index", "bands", "constants", "words"),
    [
        (
            "EVI",
            Bands(R=3),
            None,
            r"input 'bands': index EVI needs the number of .*N \(Near-Infrared .*B \(Blue\)",
        ),
        (
            "NDVI",
            Bands(R=3, N=4),
            Constants(L=1.0),
            "input 'constants': index NDVI has no constant L; it has none",
        ),
        ("SAVI", Bands(R=3, N=4), Constants(g=1.0), "index SAVI has no constant g; it has L"),
        ("NDVI", Bands(R=3, N=9), None, r"input 'bands\.N': there is no band 9"),
        ("NIRvP", Bands(R=3, N=4), None, r"input 'constants': index NIRvP needs PAR \(.*have no default"),
    ],
)
def test_what_the_formula_needs_is_named(
    index: str, bands: Bands, constants: Constants | None, words: str, ctx: Context, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        spectral_index(random_scene(tmp_path / "s.tif"), Index(index), bands, constants, ctx=ctx)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Raster:
    """A band for every letter, reflectances from 0.05 to 0.6."""
    values = np.random.default_rng(7).uniform(0.05, 0.6, (len(LETTERS), 4, 5)).astype("float32")
    return write(tmp_path_factory.mktemp("scene") / "all.tif", values)


@pytest.mark.parametrize("name", NAMES)
def test_every_index_on_offer_can_be_computed(name: str, everything: Raster, ctx: Context) -> None:
    numbers = {letter: number for number, letter in enumerate(sorted(LETTERS), 1)}
    needed = spyndex.indices[name].bands
    unset = {
        c: 500.0 + 7 * i
        for i, c in enumerate(needed)
        if c in CONSTANTS and spyndex.constants[c].default is None
    }
    result = read(spectral_index(everything, Index(name), Bands(**numbers), Constants(**unset), ctx=ctx))
    with rasterio.open(everything.path) as source:
        letters = {
            letter: source.read(numbers[letter]).astype("float64") for letter in needed if letter in LETTERS
        }
    defaults = {c: spyndex.constants[c].default for c in needed if c in CONSTANTS} | unset
    with np.errstate(all="ignore"):
        expected = np.asarray(spyndex.computeIndex(name, {**letters, **defaults}))
    expected = np.where(np.isfinite(expected), expected, np.nan)
    np.testing.assert_allclose(result, expected, rtol=2e-3, atol=1e-4)


def test_only_radar_and_kernel_indices_are_left_out() -> None:
    left = {index.application_domain for name, index in spyndex.indices.items() if name not in NAMES}
    assert left == {"radar", "kernel"}
    assert len(NAMES) > 200
