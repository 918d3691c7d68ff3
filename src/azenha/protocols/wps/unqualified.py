"""Attributes that clients qualify, though the schemas have them in no namespace."""

from __future__ import annotations

from typing import Final, cast

from lxml import etree

from azenha.protocols.ows import Edition
from azenha.protocols.wps.manner import NAMESPACES
from azenha.protocols.xml import Element

_PREFIXES: Final = {f"n{n}": uri for n, uri in enumerate((*NAMESPACES, *(one.value for one in Edition)))}
_OURS: Final = tuple(f"{{{uri}}}" for uri in _PREFIXES.values())
# Much faster than to ask each element for its attributes.
_QUALIFIED: Final = etree.XPath(
    f"descendant-or-self::*[{'|'.join(f'@{prefix}:*' for prefix in _PREFIXES)}]", namespaces=_PREFIXES
)


def unqualify(root: Element) -> None:
    """Make them what they are meant to be: wps-js and ZOO's client write `ows:crs`, others `wps:lineage`.

    One that stands there in both ways is left as it is.
    """
    for element in cast("list[Element]", _QUALIFIED(root)):
        for name in [name for name in map(str, element.keys()) if name.startswith(_OURS)]:
            plain = name.rpartition("}")[2]
            if plain not in element.attrib:
                element.set(plain, str(element.attrib.pop(name)))
