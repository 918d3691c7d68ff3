"""Files, boxes and markers as values."""

import os
from pathlib import Path

import pytest

from azenha import BBox, Features, File, Raster, Unit
from azenha.domain.files import extension
from azenha.domain.process import CRS84


@pytest.mark.parametrize(
    ("file", "media_type"),
    [
        (Raster("a.tif"), "image/tiff; application=geotiff"),
        (Raster("a.TIFF"), "image/tiff; application=geotiff"),
        (Raster("a"), "image/tiff; application=geotiff"),
        (Raster("a.jp2"), "image/jp2"),
        (Raster("a.png"), "image/png"),
        (Raster("a.tif", "image/tiff"), "image/tiff"),
        (Features("a.json"), "application/geo+json"),
        (Features("a.gpkg"), "application/geopackage+sqlite3"),
        (Features("a.zip"), "application/zip"),
        (File("a.json"), "application/json"),
        (File("a.unknown"), "application/octet-stream"),
    ],
    ids=repr,
)
def test_a_file_has_the_media_type_given_or_that_of_its_extension_or_of_its_class(
    file: File, media_type: str
) -> None:
    assert file.media_type == media_type


def test_a_file_is_a_path_that_every_library_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("text")
    file = File(path)
    assert os.fspath(file) == str(path)
    assert Path(file) == path
    with open(file) as opened:
        assert opened.read() == "text"
    assert (file.name, File(path, name="b.txt").name) == ("a.txt", "b.txt")


def test_files_are_equal_by_class_path_and_media_type() -> None:
    assert Raster("a.tif") == Raster("a.tif")
    assert len({Raster("a.tif"), Raster("a.tif")}) == 1
    assert Raster("a.tif") != Raster("a.tif", "image/tiff")
    assert Raster("a.tif") != File("a.tif", Raster("a.tif").media_type)


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [
        ("image/tiff; application=geotiff", ".tif"),
        ("IMAGE/PNG", ".png"),
        ("application/geo+json", ".geojson"),
        ("application/json", ".json"),
        ("application/x-netcdf", ".nc"),
        ("application/netcdf", ".nc"),
        ("application/vnd.x+json", ".json"),
        ("application/soap+xml", ".xml"),
        ("text/x-thing", ".txt"),
        ("application/x-thing", ".bin"),
    ],
)
def test_a_media_type_has_its_usual_extension(media_type: str, suffix: str) -> None:
    assert extension(media_type) == suffix


def test_a_box_has_the_canonical_name_of_its_system_and_gives_its_bounds() -> None:
    box = BBox(1, 2, 3, 4, "EPSG:4326")
    assert box.crs == "http://www.opengis.net/def/crs/EPSG/0/4326"
    assert box.bounds == (1, 2, 3, 4)
    assert BBox(1, 2, 3, 4).crs == CRS84


def test_a_box_with_one_height_is_refused() -> None:
    with pytest.raises(ValueError, match="both minz and maxz, or neither"):
        BBox(1, 2, 3, 4, CRS84, 5)


def test_values_and_markers_cannot_be_altered() -> None:
    for frozen, name in ((BBox(1, 2, 3, 4), "minx"), (Unit("m"), "names")):
        with pytest.raises(AttributeError):
            setattr(frozen, name, 0)


def test_a_box_across_the_antimeridian_is_two_that_do_not_cross_it() -> None:
    assert BBox(1, 2, 3, 4).parts == (BBox(1, 2, 3, 4),)
    fiji = BBox(177, -19, -178, -16, "EPSG:4326", 0, 9)
    assert fiji.parts == (
        BBox(177, -19, 180, -16, "EPSG:4326", 0, 9),
        BBox(-180, -19, -178, -16, "EPSG:4326", 0, 9),
    )
    assert BBox(350, 0, 10, 1).parts == (BBox(350, 0, 360, 1), BBox(0, 0, 10, 1))
    assert (BBox(1, 2, 3, 4).dimensions, fiji.dimensions) == (2, 3)
