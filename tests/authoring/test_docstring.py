from __future__ import annotations

import pytest

from azenha.authoring.docstring import Docstring, read

TABLE: list[tuple[str | None, Docstring]] = [
    (None, Docstring()),
    ("  \n ", Docstring()),
    ("Title.", Docstring("Title")),
    ("Really?", Docstring("Really?")),
    ("And so on ...", Docstring("And so on ...")),
    ("A title over\n    two lines.\n\n    More.", Docstring("A title over two lines", "More.")),
    (
        "Title.\n\nOne paragraph\nin two lines.\n\nAnother:\n- one\n- two\n",
        Docstring("Title", "One paragraph in two lines.\n\nAnother:\n- one\n- two"),
    ),
    (
        """Title.
        Args:
            a: First
                and more: here.

                A second paragraph.
            b (int, optional): Second.
            c, d: Both.
            *e: Variable.
            f:
                Below.
            g:
        Returns:
            Something: with a colon.
        """,
        Docstring(
            "Title",
            None,
            {
                "a": "First and more: here.\n\nA second paragraph.",
                "b": "Second.",
                "c": "Both.",
                "d": "Both.",
                "e": "Variable.",
                "f": "Below.",
            },
            "Something: with a colon.",
        ),
    ),
    (
        """Title.

        Text.

        Args:
            a: First.

        Note:
            Mind this.

        Raises:
            ValueError: never.

        Afterwards.
        """,
        Docstring("Title", "Text.\n\nAfterwards.\n\nNote: Mind this.", {"a": "First."}),
    ),
    (
        "Title.\n\nAttributes:\n  a: One.\n\nReturns: not a section",
        Docstring("Title", "Returns: not a section", {"a": "One."}),
    ),
]


@pytest.mark.parametrize(("text", "docstring"), TABLE, ids=lambda v: str(v)[:20])
def test_a_docstring_is_taken_apart(text: str | None, docstring: Docstring) -> None:
    assert read(text) == docstring
