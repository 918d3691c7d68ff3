"""The requests of real clients are what their list says: all there, and valid by the official schemas or not."""

from __future__ import annotations

import pytest
from lxml import etree
from wps_shapes import ASKED, FOLDER, POSTED, Shape

import schemas


def test_every_file_is_in_the_list_once() -> None:
    listed = [shape.file for shape in (*POSTED, *ASKED)]

    assert sorted(listed) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("shape", POSTED, ids=lambda s: s.file)
def test_a_request_is_as_valid_as_its_client_makes_it(shape: Shape) -> None:
    schemas.need_shared()
    root = etree.fromstring(shape.body)

    assert (not schemas.problems(root)) is shape.valid, schemas.problems(root)


@pytest.mark.parametrize("shape", ASKED, ids=lambda s: s.file)
def test_a_query_is_one_line_that_a_url_can_have(shape: Shape) -> None:
    assert shape.query.isascii()
    assert not set(shape.query) & set(' "<>#?')
    assert f"version={shape.version}" in shape.query.lower() or "acceptversions=" in shape.query.lower()
