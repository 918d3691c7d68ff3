"""In which language a client is answered."""

from __future__ import annotations

import pytest

from azenha.domain.errors import BadParameter
from azenha.domain.messages import Languages
from azenha.protocols.negotiation import languages
from azenha.usecases.speaking import language


@pytest.mark.parametrize(
    ("wanted", "accept", "expected"),
    [
        (None, None, "en"),
        ("en-US", None, "en"),
        ("EN", None, "en"),
        ("pt", None, "pt-PT"),
        ("pt-BR", None, "pt-PT"),
        ("de-Latn-DE-1996", None, "de-Latn"),
        ("zh-a-x", None, "zh"),
        ("*", None, "en"),
        ("fr-CA", "de", "fr-CA"),
        (None, "xx, pt;q=0.5, fr;q=0.8", "fr"),
        (None, "xx", "en"),
        (None, "fr;q=0, *", "en"),
        (None, "pt-BR,en;q=0.5", "pt-PT"),
    ],
)
def test_languages_match_both_ways(wanted: str | None, accept: str | None, expected: str) -> None:
    assert (
        language(Languages(wanted, tuple(languages(accept))), ("en", "pt-PT", "de-Latn", "fr", "fr-CA", "zh"))
        == expected
    )


def test_a_language_that_is_not_offered_is_refused() -> None:
    with pytest.raises(BadParameter, match="'xx' is not offered; offered: en, fr") as caught:
        language(Languages("xx", ("fr",)), ("en", "fr"))
    assert caught.value.locator == "language"
