"""Indices of a scene's bands: NDVI, and the named indices of spyndex (Awesome Spectral Indices)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
import spyndex

from azenha import Context, Range, Raster, Title, process
from azenha.examples._blocks import Values, map_bands, opened

BandNumber = Annotated[int, Range(1, None)]


@process(version="1.0.0", pause=True, keywords=("vegetation", "NDVI", "remote sensing"))
def ndvi(
    scene: Raster,
    red: BandNumber = 3,
    nir: BandNumber = 4,
    *,
    ctx: Context,
) -> Annotated[Raster, Title("NDVI")]:
    """NDVI of a scene.

    The normalised difference vegetation index, (near infrared - red) / (near infrared + red), of every pixel.
    Scale and offset that the file names for a band are applied first. Negative reflectances can give values
    beyond -1 and 1. Size, place and reference system are those of the scene.

    Args:
        scene: Reflectances (or any numbers in proportion to them), one band a wavelength.
        red: Number of the red band, from 1.
        nir: Number of the near-infrared band, from 1.
    Returns:
        Index from -1 to 1, as float32; NaN (its nodata value) where the scene has no data and where the two
        bands add up to 0.
    """
    if red == nir:
        raise ValueError(f"inputs 'red' and 'nir': both are band {red}; the index needs two different bands")
    path = ctx.workdir / "ndvi.tif"
    with opened(scene, "scene") as source:
        source.require(red=red, nir=nir)
        map_bands(source, {"red": red, "nir": nir}, normalised_difference, path, ctx)
    return Raster(path)


def normalised_difference(bands: Mapping[str, Values]) -> Values:
    red, nir = bands["red"], bands["nir"]
    result: Values = (nir - red) / (nir + red)
    return result


@dataclass(frozen=True)
class Bands:
    """Number of the scene's band, from 1, for each of spyndex's letters; left out where there is none."""

    A: BandNumber | None = None
    B: BandNumber | None = None
    G: BandNumber | None = None
    G1: BandNumber | None = None
    Y: BandNumber | None = None
    R: BandNumber | None = None
    RE1: BandNumber | None = None
    RE2: BandNumber | None = None
    RE3: BandNumber | None = None
    N: BandNumber | None = None
    N2: BandNumber | None = None
    WV: BandNumber | None = None
    S1: BandNumber | None = None
    S2: BandNumber | None = None
    T: BandNumber | None = None
    T1: BandNumber | None = None
    T2: BandNumber | None = None


@dataclass(frozen=True)
class Constants:
    """Constants of an index by spyndex's names (left out: its defaults); wavelengths in nanometres."""

    C1: float | None = None
    C2: float | None = None
    L: float | None = None
    PAR: float | None = None
    alpha: float | None = None
    beta: float | None = None
    cexp: float | None = None
    epsilon: float | None = None
    eta: float | None = None
    fdelta: float | None = None
    g: float | None = None
    gamma: float | None = None
    k: float | None = None
    lambdaG: float | None = None  # noqa: N815 - spyndex's own names
    lambdaN: float | None = None  # noqa: N815
    lambdaN2: float | None = None  # noqa: N815
    lambdaR: float | None = None  # noqa: N815
    lambdaS1: float | None = None  # noqa: N815
    lambdaS2: float | None = None  # noqa: N815
    lmb: float | None = None
    n: float | None = None
    nexp: float | None = None
    omega: float | None = None
    sla: float | None = None
    slb: float | None = None


LETTERS = frozenset(Bands.__dataclass_fields__)
CONSTANTS = frozenset(Constants.__dataclass_fields__)

# What needs polarisations or kernels is no index of a scene's bands alone.
NAMES = tuple(
    sorted(
        name for name, index in spyndex.indices.items() if LETTERS.union(CONSTANTS).issuperset(index.bands)
    )
)

if TYPE_CHECKING:

    class Index(StrEnum):
        """Name of an index in spyndex; its members are known only to the installed version."""
else:
    Index = StrEnum("Index", [(name, name) for name in NAMES])


@process(
    id="spectral-index", version="1.0.0", pause=True, keywords=("spectral index", "spyndex", "remote sensing")
)
def spectral_index(
    scene: Raster,
    index: Index,
    bands: Bands,
    constants: Constants | None = None,
    scale: Annotated[float, Range(0, None, closure="open")] = 1.0,
    *,
    ctx: Context,
) -> Annotated[Raster, Title("Spectral index")]:
    """A spectral index of a scene, by its name.

    Any index of the Awesome Spectral Indices list (spyndex) that is computed from bands and constants: EVI,
    SAVI, NDWI, NBR and more than two hundred others. Scale and offset that the file names for a band are
    applied first. Size, place and reference system are those of the scene.

    Args:
        scene: Reflectances, one band a wavelength. Many indices are right only for reflectances from 0 to 1:
            see scale. Thermal bands in kelvin, with scale 1.
        index: Short name of the index, as spyndex spells it.
        bands: Which band of the scene stands for each letter of the formula, for example N=4 and R=3. Letters
            that the index does not use are allowed: the same object serves every index of a scene.
        constants: Constants of the formula, where spyndex's defaults do not fit; only those that the index
            has.
        scale: Factor that makes reflectances from 0 to 1 of the scene's values, for example 0.0001.
    Returns:
        Index as float32; NaN (its nodata value) where the scene has no data and where the formula gives no
        number.
    """
    numbers, values = formula_parameters(index.value, bands, constants or Constants())
    path = ctx.workdir / f"{index.value}.tif"

    def compute(given: Mapping[str, Values]) -> Values:
        scaled = {letter: value * scale for letter, value in given.items()}
        return np.asarray(spyndex.computeIndex(index.value, {**scaled, **values}))

    with opened(scene, "scene") as source:
        source.require(**{f"bands.{letter}": number for letter, number in numbers.items()})
        map_bands(source, numbers, compute, path, ctx)
    return Raster(path)


def formula_parameters(
    index: str, bands: Bands, constants: Constants
) -> tuple[dict[str, int], dict[str, float]]:
    """The band numbers and constants that the formula of `index` needs.

    Raises:
        ValueError: a letter or a constant without default is not given, or a constant is that the index
            lacks.
    """
    needed = spyndex.indices[index].bands
    letters = {letter: n for letter, n in asdict(bands).items() if n is not None}
    given = {name: value for name, value in asdict(constants).items() if value is not None}
    missing = [letter for letter in needed if letter in LETTERS and letter not in letters]
    if missing:
        told = ", ".join(f"{letter} ({spyndex.bands[letter].long_name})" for letter in missing)
        raise ValueError(
            f"input 'bands': index {index} needs the number of {told} as well; its formula is "
            f"{spyndex.indices[index].formula}"
        )
    foreign = [name for name in given if name not in needed]
    if foreign:
        has = ", ".join(name for name in needed if name in CONSTANTS) or "none"
        raise ValueError(
            f"input 'constants': index {index} has no constant {', '.join(foreign)}; it has {has}"
        )
    values = {name: given.get(name, spyndex.constants[name].default) for name in needed if name in CONSTANTS}
    unset = [name for name, value in values.items() if value is None]
    if unset:
        told = ", ".join(f"{name} ({spyndex.constants[name].description})" for name in unset)
        raise ValueError(f"input 'constants': index {index} needs {told}, which have no default")
    return {letter: letters[letter] for letter in needed if letter in LETTERS}, values
