"""Accept and Prefer."""

from __future__ import annotations

import pytest

from azenha.protocols.negotiation import names, preferences, preferred

JSON, HTML = "application/json", "text/html"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "choice"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        (FIREFOX, HTML),
        ("text/html, */*", HTML),
        ("TEXT/HTML", HTML),
        ("text/*", HTML),
        ("application/json, text/html", JSON),
        ("text/html, application/json", HTML),
        ("text/html;q=0.5, application/json;q=0.4", HTML),
        ("text/html;q=0.4, application/json;q=0.5", JSON),
        ("text/html;q=0, */*", JSON),
        ("application/json;q=0, */*", HTML),
        ("application/json; charset=utf-8", JSON),
        ('text/x;a="1,2;q=0", text/html', HTML),
        ("text/html;q=high", HTML),
        ("image/png", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        (", ,", None),
    ],
)
def test_the_best_form_is_chosen(accept: str | None, choice: str | None) -> None:
    assert preferred(accept, (JSON, HTML)) == choice


def test_a_type_is_named_only_by_itself() -> None:
    assert names("text/html, application/json;q=0.1", JSON)
    assert not names("*/*", JSON)
    assert not names("application/json;q=0", JSON)
    assert not names(None, JSON)


@pytest.mark.parametrize(
    ("prefer", "found"),
    [
        ("respond-async", {"respond-async": ""}),
        ("Respond-Async ", {"respond-async": ""}),
        ("respond-async, wait=10", {"respond-async": "", "wait": "10"}),
        ('return=minimal; foo="a,b", wait="10"', {"return": "minimal", "wait": "10"}),
        ("wait=1, wait=2", {"wait": "1"}),
        (" , ", {}),
    ],
)
def test_preferences_are_tokens_in_any_case(prefer: str, found: dict[str, str]) -> None:
    assert preferences(prefer) == found
