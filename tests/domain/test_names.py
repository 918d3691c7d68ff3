from __future__ import annotations

from azenha.domain.names import near


def test_the_nearest_name_is_named_whatever_its_case():
    assert near("elevatoin", ["slope", "elevation"]) == "elevation"
    assert near("NIR", ["red", "nir"]) == "nir"


def test_no_name_is_guessed_where_none_is_close_or_the_text_is_very_long():
    assert near("x", ["elevation"]) is None
    assert near("elevation", []) is None
    assert near("e" * 1_000_000, ["elevation"]) is None
