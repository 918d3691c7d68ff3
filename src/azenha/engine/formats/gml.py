"""GML 2 and GML 3.1 share a namespace: which of them a document is, its elements tell."""

from __future__ import annotations

from typing import Final

_NAMESPACE: Final = "{http://www.opengis.net/gml}"
_ELEMENTS: Final = (  # all that GML 2.1.2 has (OGC 02-069), but for what is abstract
    """Box LineString LinearRing MultiGeometry MultiLineString MultiPoint MultiPolygon Point Polygon X Y Z boundedBy
    centerLineOf centerOf coord coordinates coverage description edgeOf extentOf featureMember geometryMember
    geometryProperty innerBoundaryIs lineStringMember lineStringProperty location multiCenterLineOf multiCenterOf
    multiCoverage multiEdgeOf multiExtentOf multiGeometryProperty multiLineStringProperty multiLocation
    multiPointProperty multiPolygonProperty multiPosition name null outerBoundaryIs pointMember pointProperty
    polygonMember polygonProperty position"""
)
_GML2: Final = frozenset(_ELEMENTS.split())


def foreign(format: str, tag: str) -> str | None:
    """What speaks against an element being of that version, a sentence; None: nothing does.

    GML 3.1 still has most elements of GML 2: what has no box may be of both.

    Args:
        tag: as lxml names it, with its namespace.
    """
    if not tag.startswith(_NAMESPACE):
        return None
    name = tag.removeprefix(_NAMESPACE)
    if format == "gml-2" and name not in _GML2:
        return f"it has an element gml:{name[:60]}, which GML 2 has not"
    if format == "gml-3.1" and name == "Box":
        return "it has an element gml:Box, which only GML 2 has"
    return None
