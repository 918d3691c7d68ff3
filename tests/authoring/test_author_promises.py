"""What the readme promises an author: the example works as written, is typed, light, and needs no server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = '''\
from typing import Annotated
from azenha import Context, Range, Raster, process

@process(version="1.0.0", pause=True)
def ndvi(scene: Raster, red: Annotated[int, Range(1, 64)] = 3, nir: int = 4, *, ctx: Context) -> Raster:
    """NDVI of a scene.

    Args:
        scene: Reflectances, one band a wavelength.
        red: Number of the red band, from 1.
        nir: Number of the near-infrared band, from 1.
    Returns:
        Index from -1 to 1, as float32.
    """
    ...
    return Raster(ctx.workdir / "ndvi.tif")
'''

USE = """
from pathlib import Path

def test_ndvi(tmp_path: Path) -> None:
    reveal_type(ndvi)
    reveal_type(ndvi(Raster("scene.tif"), ctx=Context.for_tests(tmp_path)))
"""

MISUSE = """
ndvi("scene.tif", ctx=3)

@process(version=1)
def a(b: int) -> int:
    return b

@process
class C:
    def __call__(self, a: int) -> int:
        return a

C()("text")
"""


def test_the_example_works_as_written_without_a_server(tmp_path: Path) -> None:
    from azenha import Context, Raster

    names: dict[str, object] = {"__name__": "example"}
    exec(EXAMPLE, names)
    ndvi = names["ndvi"]
    assert callable(ndvi)
    assert ndvi(Raster("scene.tif"), ctx=Context.for_tests(tmp_path)) == Raster(tmp_path / "ndvi.tif")


def mypy(code: str, folder: Path) -> str:
    pytest.importorskip("mypy", reason="mypy is not installed")
    source = folder / "example.py"
    source.write_text(code, "utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        str(folder / "cache"),
        "--config-file",
        "",
    ]
    # Elsewhere than in the checkout: as an author has it.
    ran = subprocess.run([*command, str(source)], cwd=folder, capture_output=True, text=True)
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout


def test_the_example_is_strictly_typed_and_keeps_its_own_type(tmp_path: Path) -> None:
    told = mypy(EXAMPLE + USE, tmp_path)
    assert "Success: no issues found" in told
    assert "def (scene: azenha.authoring.types.Raster, red: int =, nir: int =, *, ctx: " in told.replace(
        "builtins.", ""
    )
    assert 'Revealed type is "azenha.authoring.types.Raster"' in told


def test_misuse_is_seen_by_the_type_checker(tmp_path: Path) -> None:
    told = mypy(EXAMPLE + MISUSE, tmp_path)
    assert 'Argument 1 to "ndvi" has incompatible type "str"; expected "Raster"' in told
    assert 'Argument "ctx" to "ndvi" has incompatible type "int"; expected "Context"' in told
    assert 'No overload variant of "process"' in told
    assert 'Argument 1 to "__call__" of "C" has incompatible type "str"; expected "int"' in told


def loaded_by(statement: str) -> list[str]:
    code = (
        f"import json, sys; before = set(sys.modules); {statement}; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded: list[str] = json.loads(ran.stdout)
    return loaded


def test_what_an_author_imports_loads_no_third_party_module_and_little_else() -> None:
    loaded = loaded_by("from azenha import process")
    tops = {name.partition(".")[0] for name in loaded}
    assert [top for top in tops if top not in sys.stdlib_module_names] == ["azenha"]
    heavy = {"asyncio", "subprocess", "multiprocessing", "socket", "http", "email", "urllib.request", "xml"}
    assert not heavy & set(loaded)
    rooms = {name.split(".")[1] for name in loaded if name.startswith("azenha.")}
    assert rooms == {"authoring", "domain"}


def test_a_program_of_the_server_does_not_load_what_authors_need() -> None:
    assert [name for name in loaded_by("import azenha") if name.startswith("azenha.")] == []
    rooms = {name.split(".")[1] for name in loaded_by("import azenha.cli") if name.startswith("azenha.")}
    assert rooms == {"cli", "console", "interrupts"}


def test_what_an_author_imports_is_all_there() -> None:
    import azenha

    missing = [name for name in azenha.__all__ if not hasattr(azenha, name)]
    assert missing == []
    assert set(azenha.__all__) <= set(dir(azenha))
    with pytest.raises(AttributeError, match="no attribute 'proces'"):
        azenha.proces  # type: ignore[attr-defined]  # noqa: B018


def test_no_library_of_earth_data_is_loaded_by_the_server_itself() -> None:
    """pyproj and its relatives are for the children that describe and run processes."""
    code = (
        "import importlib, json, pkgutil, sys, azenha\n"
        "for one in pkgutil.walk_packages(azenha.__path__, 'azenha.'):\n"
        "    if not one.name.startswith(('azenha.examples', 'azenha.testing', 'azenha.adapters.store.migrations')):\n"
        "        importlib.import_module(one.name) if not one.name.endswith('__main__') else None\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(ran.stdout))
    assert {"sqlalchemy", "lxml"} <= loaded
    assert not loaded & {"pyproj", "rasterio", "pyogrio", "shapely", "geopandas", "xarray", "numpy", "pandas"}
