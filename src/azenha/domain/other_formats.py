"""A part of the table of formats: those that are not of Earth data, and strangers that are known by sight alone."""

from __future__ import annotations

from azenha.domain.media import Family, KnownFormat, Magic, Root, Travel

_ZIP = (Magic(b"PK\x03\x04"), Magic(b"PK\x05\x06"))  # the latter: without members

OTHERS = (
    KnownFormat(
        "json",
        "JSON",
        ("application/json",),
        (".json",),
        Family.JSON,
        Travel.TEXT,
        also_extensions=(".geojson", ".topojson"),
        kind_of="text",
    ),
    KnownFormat(
        "xml",
        "XML",
        ("application/xml", "text/xml"),
        (".xml",),
        Family.XML,
        Travel.XML,
        kind_of="text",
    ),
    KnownFormat(
        "svg",
        "SVG",
        ("image/svg+xml",),
        (".svg",),
        Family.XML,
        Travel.XML,
        kind_of="xml",
        roots=(Root("svg"),),
    ),
    KnownFormat(
        "metalink",
        "Metalink",
        ("application/metalink4+xml", "application/metalink+xml"),
        (".meta4", ".metalink"),
        Family.XML,
        Travel.XML,
        kind_of="xml",
        roots=(Root("metalink"),),
    ),
    KnownFormat(
        "csv",
        "CSV",
        ("text/csv",),
        (".csv",),
        Family.TABLE,
        Travel.TEXT,
        kind_of="text",
        looks_like=("text",),
    ),
    KnownFormat(
        "html",
        "HTML",
        ("text/html",),
        (".html", ".htm"),
        Family.TEXT,
        Travel.TEXT,
        kind_of="text",
        looks_like=("text", "xml"),
    ),
    KnownFormat(
        "markdown",
        "Markdown",
        ("text/markdown",),
        (".md",),
        Family.TEXT,
        Travel.TEXT,
        kind_of="text",
        looks_like=("text",),
    ),
    KnownFormat("text", "text", ("text/plain",), (".txt",), Family.TEXT, Travel.TEXT),
    KnownFormat(
        "zip",
        "zip",
        ("application/zip", "application/x-zip-compressed", "application/x-zip"),
        (".zip",),
        Family.ARCHIVE,
        also_extensions=(".kmz",),
        magic=_ZIP,
    ),
    KnownFormat("pdf", "PDF", ("application/pdf",), (".pdf",), magic=(Magic(b"%PDF-"),)),
)

# Not offered for themselves: known so that a message can say what came instead.
STRANGERS = (
    KnownFormat(
        "sqlite",
        "SQLite",
        ("application/vnd.sqlite3", "application/x-sqlite3"),
        (".sqlite",),
        magic=(Magic(b"SQLite format 3\0"),),
    ),
    KnownFormat("gzip", "gzip", ("application/gzip",), (".gz",), Family.ARCHIVE, magic=(Magic(b"\x1f\x8b"),)),
    KnownFormat(
        "tar", "tar", ("application/x-tar",), (".tar",), Family.ARCHIVE, magic=(Magic(b"ustar", 257),)
    ),
    KnownFormat(
        "7z",
        "7-Zip",
        ("application/x-7z-compressed",),
        (".7z",),
        Family.ARCHIVE,
        magic=(Magic(b"7z\xbc\xaf\x27\x1c"),),
    ),
    KnownFormat(
        "shp",
        "Shapefile without its other files",
        ("application/x-esri-shape",),
        (".shp",),
        magic=(Magic(b"\0\0\x27\x0a" + bytes(20)),),
    ),
    KnownFormat("hdf4", "HDF4", ("application/x-hdf4",), (), magic=(Magic(b"\x0e\x03\x13\x01"),)),
    KnownFormat("nitf", "NITF", ("application/vnd.nitf",), (".ntf",), magic=(Magic(b"NITF0"),)),
    KnownFormat("gif", "GIF", ("image/gif",), (".gif",), magic=(Magic(b"GIF8"),)),
    KnownFormat(
        "office",
        "Office document",
        ("application/vnd.openxmlformats-officedocument",),
        (".xlsx", ".docx"),
        kind_of="zip",
        members=(("[[]Content_Types].xml",),),
    ),
    KnownFormat(
        "exception",
        "exception report of an OGC service",
        ("application/vnd.ogc.se_xml",),
        travel=Travel.XML,
        kind_of="xml",
        roots=(Root("ExceptionReport"), Root("ServiceExceptionReport")),
    ),
    KnownFormat(
        "capabilities",
        "capabilities document of an OGC service",
        ("application/vnd.ogc.wms_xml",),
        travel=Travel.XML,
        kind_of="xml",
        roots=tuple(
            Root(name)
            for name in (
                "Capabilities",
                "WFS_Capabilities",
                "WMS_Capabilities",
                "WMT_MS_Capabilities",
                "WCS_Capabilities",
            )
        ),
    ),
    KnownFormat(
        "vrt",
        "GDAL virtual dataset",
        ("application/x-gdal-vrt+xml",),
        (".vrt",),
        travel=Travel.XML,
        kind_of="xml",
        roots=(Root("VRTDataset"), Root("OGRVRTDataSource"), Root("GDAL_WMS"), Root("OGRWFSDataSource")),
    ),
)
