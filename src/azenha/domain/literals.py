"""Literals by their description: type, allowed values and unit."""

from __future__ import annotations

from azenha.domain import allowed, datatypes, lexical, native
from azenha.domain.lexical import NotAValue, quoted
from azenha.domain.process import LiteralDomain
from azenha.domain.values import Lexical, Literal, Native


def read(domain: LiteralDomain, raw: Lexical | Native) -> Literal:
    """The checked value; without a unit it is in the default one.

    Raises:
        NotAValue: it is not of the type, not allowed, or in a unit that is not offered.
    """
    if isinstance(raw, Lexical):
        datatypes.check(domain.type, raw.type)
        scalar = lexical.read(domain.type, raw.text)
    else:
        scalar = native.read(domain.type, raw.value)
    if domain.allowed and not allowed.allows(domain.allowed, scalar):
        shown = allowed.scalar(scalar)
        raise NotAValue(f"{shown} is not allowed; allowed: {allowed.shown(domain.allowed)}")
    return Literal(scalar, unit(domain, raw.unit))


def unit(domain: LiteralDomain, given: str | None) -> str | None:
    """The unit that is meant, as the description writes it: compared as written, white space around it apart.

    Args:
        given: None: the default.
    Raises:
        NotAValue: it is not offered.
    """
    if given is None:
        return domain.units[0] if domain.units else None
    name = given.strip(lexical.WHITE)
    if name not in domain.units:
        offered = f"offered: {', '.join(domain.units)}" if domain.units else "it has no units"
        raise NotAValue(f"unit {quoted(name)} is not offered; {offered}")
    return name
