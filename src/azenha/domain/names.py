"""Names that are not known, and the one that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_LONGEST = 100  # comparing costs the product of the lengths, and a name comes from a stranger
_SHOWN = 50


def near(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` is most probably a misspelling of; None if none is close.

    Case does not count: `Elevation` is near to `elevation`.
    """
    from difflib import get_close_matches  # only when something is wrong already

    if len(name) > _LONGEST:
        return None
    folded = {k.casefold(): k for k in known}
    close = get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def unknown(sentence: str, name: str, known: Sequence[str]) -> str:
    """`sentence`, and the name that was meant, or those there are."""
    if meant := near(name, known):
        return f"{sentence}; did you mean '{meant}'?"
    return f"{sentence}; there is {', '.join(known[:_SHOWN]) or 'none'}"
