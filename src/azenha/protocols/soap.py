"""SOAP 1.1 and 1.2: an envelope round the very element that is posted without one.

The request is the one child of the body; the reply goes back in the version received. Addressing and security
are not read: a header that must be understood is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from lxml import etree

from azenha.domain.errors import BadRequest, HeaderNotUnderstood
from azenha.protocols.http import Part
from azenha.protocols.xml import Document, Element, attribute, check_blank, child, shown
from azenha.protocols.xml_write import Tag, document

_ULTIMATE: Final = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"
_NEXT: Final = (
    "http://schemas.xmlsoap.org/soap/actor/next",
    "http://www.w3.org/2003/05/soap-envelope/role/next",
)


class Soap(Enum):
    """A version by the namespace of its envelope."""

    V1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
    V1_2 = "http://www.w3.org/2003/05/soap-envelope"

    @property
    def media_type(self) -> str:
        """Of a message (SOAP 1.1 §6; RFC 3902)."""
        return "text/xml" if self is Soap.V1_1 else "application/soap+xml"


def version(root: Element) -> Soap | None:
    """The version of an envelope; None if the element is none."""
    return _ENVELOPES.get(root.tag)


_ENVELOPES: Final = {f"{{{version.value}}}Envelope": version for version in Soap}


def unwrap(message: Document) -> tuple[Document, Soap | None]:
    """The request within an envelope, or the document as it is.

    Raises:
        HeaderNotUnderstood: a header that must be understood.
        BadRequest: an envelope without one body with one element in it, or with text beside these.
    """
    root = message.root
    found = version(root)
    if found is None:
        if root.tag.endswith("}Envelope") and "soap" in root.tag:
            raise BadRequest(f"this version of SOAP is not spoken: {shown(root)} is of neither 1.1 nor 1.2")
        return message, None
    header = child(root, f"{{{found.value}}}Header")
    for block in header if header is not None else ():
        _check_header(block, found)
    body = child(root, f"{{{found.value}}}Body")
    if body is None:
        raise BadRequest("the SOAP envelope has no body", "Body")
    if len(body) != 1:
        raise BadRequest(f"the SOAP body holds {len(body)} elements; it takes one request", "Body")
    check_blank(root)
    check_blank(body)
    # In 1.1 others may follow the body (§4).
    stray = next((one for one in root if one not in (header, body)), None)
    if stray is not None and found is Soap.V1_2:
        raise BadRequest(f"the SOAP envelope holds {shown(stray)}; it takes Header and Body", "Envelope")
    return Document(body[0], message.found), found


def _check_header(block: Element, version: Soap) -> None:
    must = attribute(block, f"{{{version.value}}}mustUnderstand") in ("1", "true")
    role = attribute(block, f"{{{version.value}}}{'actor' if version is Soap.V1_1 else 'role'}")
    if must and role in (None, _ULTIMATE, *_NEXT):
        raise HeaderNotUnderstood(
            f"the SOAP header {shown(block)} must be understood, and is not", etree.QName(block).localname
        )


def wrap(content: Tag, version: Soap, namespaces: Mapping[str, str]) -> tuple[Part, ...]:
    """A whole message with `content` as its body.

    Args:
        namespaces: as for `xml_write.document`.
    """
    envelope = Tag("soap:Envelope", Tag("soap:Body", content))
    return document(envelope, {"soap": version.value, **namespaces})


def fault(
    report: Tag, reason: str, version: Soap, namespaces: Mapping[str, str], *, code: str = "Sender"
) -> tuple[Part, ...]:
    """A whole message that tells of an error.

    Args:
        report: `ows:ExceptionReport`, the detail.
        code: in words of SOAP 1.2: Sender, Receiver or MustUnderstand.
    """
    if version is Soap.V1_1:
        word = {"Sender": "Client", "Receiver": "Server"}.get(code, code)
        content = Tag(
            "soap:Fault",
            Tag("faultcode", f"soap:{word}"),
            Tag("faultstring", reason),
            Tag("detail", report),
        )
    else:
        content = Tag(
            "soap:Fault",
            Tag("soap:Code", Tag("soap:Value", f"soap:{code}")),
            Tag("soap:Reason", Tag("soap:Text", reason, attributes={"xml:lang": "en"})),
            Tag("soap:Detail", report),
        )
    return wrap(content, version, namespaces)


def status(version: Soap, error_status: int) -> int:
    """The HTTP status that a fault goes with: 500 in 1.1 (§6.2); in 1.2 400 for the sender's, else 500 (part 2 §7.5).

    503 stays as it is, because it says when to come again.
    """
    if error_status == 503:
        return 503
    return 500 if version is Soap.V1_1 or error_status >= 500 else 400
