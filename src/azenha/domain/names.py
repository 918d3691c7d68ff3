"""The name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 100  # comparing costs the product of the lengths, and a name comes from a stranger


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
