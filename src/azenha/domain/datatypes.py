"""Names of literal data types as clients write them, and whether one contradicts a description.

WPS lets a value say of what type it is (05-007r7 §10.2.3, 14-065r2 §7.3.2). It tells nothing new, so only what
is certainly wrong is refused: another type of those that we know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from azenha.domain.lexical import NotAValue, clean, quoted
from azenha.domain.process import LiteralType

# What is no type of ours but derived from one or held by one (XML Schema part 2 §3), in lower case.
_ALSO: Final[Mapping[LiteralType, str]] = {
    LiteralType.STRING: "normalizedstring token language name ncname anyuri anysimpletype text",
    LiteralType.INTEGER: "int long short byte nonnegativeinteger positiveinteger nonpositiveinteger "
    "negativeinteger unsignedint unsignedlong unsignedshort unsignedbyte",
    LiteralType.DOUBLE: "float",
    LiteralType.BOOLEAN: "bool",
    LiteralType.DURATION: "daytimeduration",
}
_TYPES: Final[Mapping[str, LiteralType]] = {
    name: type for type in LiteralType for name in (type.lower(), *_ALSO.get(type, "").split())
}
_FRACTIONS: Final = frozenset({LiteralType.DOUBLE, LiteralType.DECIMAL})
_LAST: Final = re.compile(r"[^:#/]*$")


def known(name: str) -> LiteralType | None:
    """The type that a name stands for; None if it is none of ours.

    `xs:integer`, `xsd:integer`, `integer`, `http://www.w3.org/2001/XMLSchema#integer`,
    `http://www.w3.org/TR/xmlschema-2/#integer` and `urn:ogc:def:dataType:OGC:1.1:integer` are one. The case of
    letters does not matter.
    """
    last = _LAST.search(name.strip())
    return _TYPES.get(last[0].lower()) if last else None


def check(type: LiteralType, name: str | None) -> None:
    """
    Raises:
        NotAValue: a value that says to be of the type `name` is none of `type`.
    """
    given = None if name is None else known(name)
    if name is None or given is None or given is type:
        return
    if LiteralType.STRING in (given, type):  # clients say it of everything, and text is what it comes as
        return
    if type in _FRACTIONS and given in (*_FRACTIONS, LiteralType.INTEGER):
        return
    raise NotAValue(f"is of type {type}, got a value of type {quoted(name, 100)}")


def check_none(kind: str, name: str | None) -> None:
    """As `check`, of what is no literal.

    Args:
        kind: what it is.
    """
    if name is not None and known(name) not in (None, LiteralType.STRING):
        raise NotAValue(f"is {kind}, got a literal of type {clean(name, 100)}")
