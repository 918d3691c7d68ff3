"""Requests as real clients of WPS shape them, in `wps_requests/`, and what each of them means.

Made by us after what the clients send; the processes are those of `tests/acceptance/processes_for_wps.py` and the
echoes of `azenha.examples.certification`. A codec reads them; a running server answers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "wps_requests"
SOAP11, SOAP12 = "text/xml", "application/soap+xml"


@dataclass(frozen=True)
class Shape:
    """One request.

    Attributes:
        file: in FOLDER. Its name begins with the version: 100 or 200. `.xml` is posted, `.kvp` is a query string.
        sender: who sends such.
        means: what is particular about it, and how it is to be taken.
        operation: in the words of the standards.
        process: id; None where the operation names none, or several.
        inputs: what the process gets, by id: text of literals and files, corners (in the order given) and CRS of
            boxes, addresses of references.
        outputs: ids that are asked for, in order; None: all of them.
        answer: of outputs: the text that the answer has of each. None: the request needs what is not there.
        valid: by the official schema; None: it is no XML.
        content_type: what it is posted with.
    """

    file: str
    sender: str
    means: str
    operation: str = "Execute"
    process: str | None = None
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: tuple[str, ...] | None = None
    answer: Mapping[str, str] | None = None
    valid: bool | None = True
    content_type: str = "text/xml"

    @property
    def version(self) -> str:
        return {"100": "1.0.0", "200": "2.0.0"}[self.file[:3]]

    @property
    def body(self) -> bytes:
        """Of one that is posted."""
        return (FOLDER / self.file).read_bytes()

    @property
    def query(self) -> str:
        """Of a `.kvp`, without the `?`."""
        return (FOLDER / self.file).read_text().strip()


ECHO = "org.n52.wps.server.algorithm.test.EchoProcess"
PLACE = '<p:place xmlns:p="urn:example:p">Foz &amp; more</p:place>'
EMPTY = '{"type": "FeatureCollection", "features": []}'
A = {"text": ("a",)}

POSTED = (
    Shape(
        "100_escaped_xml.xml",
        "OWSLib, birdy",
        "XML as escaped text: for an XML format the text is the document. An output without asReference is a value.",
        process="copies",
        inputs={"document": (PLACE,)},
        outputs=("document", "sizes"),
        answer={"document": PLACE, "sizes": f"document={len(PLACE)}"},
    ),
    Shape(
        "100_prefix_on_each_element.xml",
        "OWSLib",
        "Unusual prefixes, declared on each element; no ResponseForm: all outputs, as values in a document.",
        process="literals",
        inputs=A,
        answer={"text": "a", "count": "3", "total": "0"},
    ),
    Shape(
        "100_box_lower_case_crs.xml",
        "OWSLib",
        "The CRS in lower case; the corners are in its axis order, latitude first.",
        process="edges",
        inputs={"box": ("38 -9 39.5 -8 epsg:4326",)},
        answer={"west": "-9", "south": "38", "east": "-8", "north": "39.5"},
    ),
    Shape(
        "100_desktop.xml",
        "the WPS plugin of QGIS",
        "mimeType, encoding and schema in lower case, whatever the description says; XML in CDATA; bytes in base64 "
        "that no encoding names; text without any attribute; a box without CRS (the default one), whose qualified "
        "ows:dimensions no schema knows.",
        process="kinds",
        inputs={
            "place": ("<place>Foz</place>",),
            "raster": ("SUkqAAgAAAAAAAAAAAAAAA==",),
            "note": ("a note",),
            "box": ("-9 38 -8 39.5",),
        },
        outputs=("place", "raster", "note", "west"),
        answer={
            "place": "<place>Foz</place>",
            "raster": "49492a00080000000000000000000000",
            "note": "a note",
            "west": "-9",
        },
        valid=False,
    ),
    Shape(
        "100_undeclared_prefix.xml",
        "52°North",
        'dataType="xs:string" without xs being declared: it is text. Complex data without mimeType is of the default '
        "format, its one element is the document, white space round it is not. An encoding of a literal output says "
        "nothing.",
        process=ECHO,
        inputs={"literalInput": ("a",), "complexInput": ("<testElement>b</testElement>",)},
        outputs=("literalOutput", "complexOutput"),
        answer={"literalOutput": "a", "complexOutput": "<testElement>b</testElement>"},
    ),
    Shape(
        "100_raw_geojson.xml",
        "OpenLayers",
        "JSON in CDATA, and the raw output as the whole answer.",
        process="copies",
        inputs={"features": (EMPTY,)},
        outputs=("features",),
        answer={"features": EMPTY},
    ),
    Shape(
        "100_data_types.xml",
        "52°North, deegree, uDig",
        "One data type by all its names; white space round a number, and 0 for false, are lexical forms.",
        process="literals",
        inputs={
            "text": ("a",),
            "count": (" 7 ",),
            "numbers": ("1", "2", "3"),
            "flag": ("0",),
        },
        answer={"text": "a", "count": "7", "total": "6", "flag": "false"},
    ),
    Shape(
        "100_empty_parts.xml",
        "OWSLib (without inputs)",
        "Empty DataInputs and an empty ResponseDocument: no inputs, all outputs. White space round an identifier.",
        process="kinds",
        answer={"place": "", "raster": "", "note": ""},
        valid=False,
    ),
    Shape(
        "100_reference_post.xml",
        "GeoServer's request builder, 52°North",
        "A reference that is asked for by POST: its one Body element is what is sent, with the Header.",
        process="copies",
        inputs={"features": ("http://127.0.0.1:9/wfs",)},
    ),
    Shape(
        "100_soap11.xml",
        "SOAP clients",
        "The same in an envelope of SOAP 1.1; answered in one.",
        process="literals",
        inputs=A,
        answer={"text": "a"},
        content_type=SOAP11,
    ),
    Shape(
        "100_soap12.xml",
        "SOAP clients",
        "The same in an envelope of SOAP 1.2; answered in one.",
        process="literals",
        inputs=A,
        answer={"text": "a"},
        content_type=SOAP12,
    ),
    Shape(
        "200_browser.xml",
        "wps-js",
        'mimeType="text/xml" on literals; empty encoding, schema, dataType and uom are absent ones.',
        process="literals",
        inputs={"text": ("a",), "count": ("7",)},
        outputs=("text", "count"),
        answer={"text": "a", "count": "7"},
        content_type="application/xml",
    ),
    Shape(
        "200_browser_box.xml",
        "wps-js",
        "A box as ows:BoundingBox in a Data without mimeType, latitude first.",
        process="edges",
        inputs={"box": ("38 -9 39.5 -8 EPSG:4326",)},
        outputs=("west", "north"),
        answer={"west": "-9", "north": "39.5"},
        content_type="application/xml",
    ),
    Shape(
        "200_bare_text.xml",
        "the standard's own annex, 52°North",
        "Literals as bare text; white space round the identifier; an unknown qualified attribute is passed over.",
        process="literals",
        inputs={"text": ("a",), "count": ("7",)},
        outputs=("text", "count"),
        answer={"text": "a", "count": "7"},
        valid=False,
    ),
    Shape(
        "200_text_plain.xml",
        "the standard (9.3), ets-wps20",
        "text/plain literals: @datatype= and @uom= are told from an @ that belongs to the value.",
        process="literals",
        inputs={"text": ("someone@example.org",), "count": ("7",)},
        outputs=("text", "count"),
        answer={"text": "someone@example.org", "count": "7"},
    ),
    Shape(
        "200_least.xml",
        "clients after the text of the standard, not its schema",
        "No Output: all of them. No mode: auto; no response: document. An Extension that nobody knows.",
        process="literals",
        inputs=A,
        answer={"text": "a", "count": "3"},
        valid=False,
    ),
    Shape(
        "200_raw.xml",
        "ets-wps20, JavaPS",
        "Complex data without mimeType, white space round its one element; raw without transmission.",
        process="copies",
        inputs={"document": ("<testElement>b</testElement>",)},
        outputs=("document",),
        answer={"document": "<testElement>b</testElement>"},
        content_type="application/xml",
    ),
    Shape(
        "200_reference_with_method.xml",
        "clients of 1.0.0 that learnt 2.0",
        "A method on a Reference, which 2.0 does not have: without a Body it is GET.",
        process="copies",
        inputs={"features": ("http://127.0.0.1:9/places.geojson",)},
        outputs=("sizes",),
        valid=False,
    ),
    Shape(
        "200_soap12.xml",
        "SOAP clients",
        "2.0 in an envelope, which its standard does not bind and clients send all the same.",
        process="literals",
        inputs=A,
        outputs=("text",),
        answer={"text": "a"},
        content_type=SOAP12,
    ),
)

ASKED = (
    Shape(
        "100_capabilities.kvp",
        "OWSLib, wps-js",
        "version, which GetCapabilities does not have, instead of AcceptVersions: taken for it.",
        "GetCapabilities",
        valid=None,
    ),
    Shape(
        "100_capabilities_desktop.kvp",
        "the WPS plugin of QGIS",
        "The same with an empty identifier, which is absent.",
        "GetCapabilities",
        valid=None,
    ),
    Shape(
        "100_capabilities_suite.kvp",
        "ets-wps10",
        "Names and the value of service in any case; AcceptFormats is none of 1.0.0's; en-US is met by en.",
        "GetCapabilities",
        valid=None,
    ),
    Shape(
        "100_describe_all.kvp",
        "birdy",
        "all, which 1.0.0 does not know, in lower case.",
        "DescribeProcess",
        valid=None,
    ),
    Shape(
        "100_describe_two.kvp",
        "GeoServer's client",
        "Two processes, in the order asked.",
        "DescribeProcess",
        valid=None,
    ),
    Shape(
        "100_execute.kvp",
        "uDig, PyWPS 3's clients",
        "The request in lower case; = and @ within a value are escaped; a repeated id has several values.",
        process="literals",
        inputs={"text": ("a=b@c",), "count": ("7",), "numbers": ("1", "2")},
        answer={"text": "a=b@c", "count": "7", "total": "3"},
        valid=None,
    ),
    Shape(
        "100_execute_brackets.kvp",
        "the standard's examples, PyWPS 3's clients",
        "Brackets round DataInputs and ResponseDocument are not part of them.",
        process="literals",
        inputs={"text": ("a",), "count": ("7",)},
        outputs=("text", "count"),
        answer={"text": "a", "count": "7"},
        valid=None,
    ),
    Shape(
        "100_execute_encoded.kvp",
        "clients that encode each value of a query as a whole",
        "The separators are escaped too: the value is decoded first.",
        process="literals",
        inputs={"text": ("a",), "count": ("7",)},
        outputs=("text", "count"),
        answer={"text": "a", "count": "7"},
        valid=None,
    ),
    Shape(
        "100_execute_raw.kvp",
        "browsers",
        "The raw value of one output.",
        process="literals",
        inputs=A,
        outputs=("text",),
        answer={"text": "a"},
        valid=None,
    ),
    Shape(
        "100_execute_box.kvp",
        "uDig",
        "Corners, CRS with a version of the EPSG database, dimensions; latitude first.",
        process="edges",
        inputs={"box": ("38 -9 39.5 -8 urn:ogc:def:crs:EPSG:6.6:4326",)},
        outputs=("west", "north"),
        answer={"west": "-9", "north": "39.5"},
        valid=None,
    ),
    Shape(
        "100_execute_reference.kvp",
        "uDig, the standard's examples",
        "A reference, with = before its @; an address with = in it, and a + in a media type.",
        process="copies",
        inputs={"features": ("http://127.0.0.1:9/wfs?request=GetFeature",)},
        valid=None,
    ),
    Shape(
        "200_capabilities.kvp",
        "wps-js, ets-wps20",
        "version instead of AcceptVersions, in 2.0 too.",
        "GetCapabilities",
        valid=None,
    ),
    Shape("200_describe.kvp", "wps-js", "One process.", "DescribeProcess", process="literals", valid=None),
    Shape(
        "200_describe_all.kvp",
        "wps-js",
        "The value of request, and ALL, in any case.",
        "DescribeProcess",
        valid=None,
    ),
)
