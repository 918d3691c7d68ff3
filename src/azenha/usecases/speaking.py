"""In which language a client is answered."""

from __future__ import annotations

from azenha.domain.errors import BadParameter
from azenha.domain.languages import lookup
from azenha.domain.lexical import quoted
from azenha.domain.messages import Languages


def language(asked: Languages, offered: tuple[str, ...]) -> str:
    """The first that the client wants and that is offered, else the default.

    Args:
        offered: tags, the default first.
    Raises:
        BadParameter: the one that is demanded is not offered.
    """
    if asked.wanted is not None:
        if found := lookup(asked.wanted, offered):
            return found
        raise BadParameter(
            f"language {quoted(asked.wanted, 40)} is not offered; offered: {', '.join(offered)}", "language"
        )
    return next((found for tag in asked.accepted if (found := lookup(tag, offered))), offered[0])
