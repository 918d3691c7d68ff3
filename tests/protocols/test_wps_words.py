"""What refusals of values call the things that they speak of."""

from __future__ import annotations

import pytest

from azenha.domain.formats import shown
from azenha.domain.lexical import NotAValue
from azenha.domain.process import Format
from azenha.protocols.http import Limits
from azenha.protocols.wps import values_in


@pytest.mark.parametrize(
    ("format", "words"),
    [
        (Format("text/csv", "base64", "http://s.example"), "text/csv in base64 (schema http://s.example)"),
        (Format("", "rot13"), "encoding rot13"),
        (Format("", None, "http://s.example"), "schema http://s.example"),
        (Format("", "rot13", "http://s.example"), "encoding rot13 and schema http://s.example"),
        (Format(""), "no media type"),
    ],
)
def test_a_format_is_called_by_what_was_said_of_it(format: Format, words: str) -> None:
    assert shown(format) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{bad", "the value is not JSON"),
        ("[" * 65, "the value nests deeper than 64"),
        ('"\\ud800"', "a string in the value has half of a surrogate pair"),
    ],
)
def test_what_is_wrong_in_a_value_is_not_blamed_on_the_body(text: str, words: str) -> None:
    opened = values_in.lexical(text, Limits()).opened
    assert opened is not None
    with pytest.raises(NotAValue, match=words):
        opened()
