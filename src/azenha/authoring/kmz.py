"""KML files in a KMZ, read as XML: which of them have features.

The root is `doc.kml`, or the first KML in the archive; where it has no features itself, it
links to KML files beside it. GDAL opens a KMZ too, and then passes over features of a root that has links.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.parsers import expat

from azenha.authoring.archives import contents, inspect, names_in, unpack

_DEEPEST: Final = 256  # elements within elements
_FEATURES: Final = ("Placemark", "GroundOverlay")


class NoKml(ValueError):
    """A zip is no KMZ; the reason, as a sentence without subject."""


def with_features(path: Path) -> tuple[str, ...]:
    """The KML files in a zip that have features, the root first; the root alone where none has.

    Raises:
        Unsafe: the zip could do harm, or is damaged.
        NoKml: there is no KML in it, or a file that is named so is none.
    """
    inspect(path)
    names = _root_first(names_in(path))
    if not names:
        raise NoKml("it holds no KML")
    found = tuple(name for name, pieces in contents(path, names) if _has_features(name, pieces))
    return found or names[:1]


def opened(path: Path, folder: Path) -> Path:
    """What GDAL is to open of a KMZ, unpacked into a folder that is made in a new one.

    The KML file that has features; of several the root. Where the root has none itself, GDAL has a layer for each
    that it links to: then it is a KMZ again, of its KML files alone, by whose name GDAL knows it.

    Raises:
        Unsafe, NoKml: as `with_features`.
    """
    found = with_features(path)
    unpack(path, folder)
    names = _root_first(names_in(path))
    if len(found) == 1 or found[0] == names[0]:
        return folder / found[0]
    again = folder.parent / f"{path.stem}.kmz"
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, name)
    return again


def _root_first(names: Sequence[str]) -> tuple[str, ...]:
    kml = [name for name in names if name.lower().endswith(".kml")]
    root = next((name for name in kml if name.lower() == "doc.kml"), kml[0] if kml else "")
    return tuple(sorted(kml, key=lambda name: name != root))


def _has_features(name: str, pieces: Iterable[bytes]) -> bool:
    elements = _Elements()
    # Not by namespaces: in many a real file a prefix is bound to none, and GDAL does not mind.
    parser = expat.ParserCreate()
    parser.StartElementHandler = elements.start
    parser.EndElementHandler = elements.end
    parser.StartDoctypeDeclHandler = elements.doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (NoKml, expat.ExpatError, LookupError, UnicodeError) as reason:
        what = str(reason) if isinstance(reason, NoKml) else f"it is no XML: {reason}"
        raise NoKml(f"in its member {name[:100]!r}: {what}") from None
    return elements.features


class _Elements:
    """Looks for features, and refuses what is read nowhere here."""

    def __init__(self) -> None:
        self.features = False
        self._depth = 0

    def start(self, tag: str, attributes: object) -> None:
        local = tag.rpartition(":")[2]
        if not self._depth and local != "kml":
            raise NoKml(f"it is no KML: its root is {local[:60]}")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NoKml(f"it has more than {_DEEPEST} elements within each other")
        self.features = self.features or local in _FEATURES

    def end(self, tag: str) -> None:
        self._depth -= 1

    def doctype(self, *_: object) -> None:
        raise NoKml("it has a document type (DOCTYPE), which is refused")
