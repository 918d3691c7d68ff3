"""What a service tells of itself in its capabilities (OWS Common 1.1, 06-121r3 §7.4, and 2.0, 06-121r9 §7.4).

ServiceIdentification, ServiceProvider and OperationsMetadata, which are the same in both editions but for
their namespace, and the pieces of a description that every edition of WPS writes. Knows no operation by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from azenha.domain import lexical
from azenha.domain.formats import BASE64, OCTETS, is_text
from azenha.domain.process import Closure, Format, LiteralDomain, Metadata, Scalar, ValueRange
from azenha.protocols.http import Site
from azenha.protocols.xml_write import Tag

SERVICE: Final = "WPS"
# ows:MimeType. What does not fit is no media type to the schemas.
MIME_TYPE: Final = re.compile(r"(application|audio|image|text|video|message|multipart|model)/[^*]+")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation, and the bindings that it can be asked by.

    Attributes:
        get: by KVP.
        post: as an XML body.
        soap: as the same body in an envelope.
    """

    name: str
    get: bool = True
    post: bool = True
    soap: bool = True


def identification(site: Site, versions: Sequence[str], profiles: Sequence[str] = ()) -> Tag:
    """`ows:ServiceIdentification`.

    Args:
        versions: all that are spoken at this address, in the order of their numbers.
        profiles: URIs of what is conformed to.
    """
    return Tag(
        "ows:ServiceIdentification",
        Tag("ows:Title", site.title),
        Tag("ows:Abstract", site.description) if site.description else None,
        keywords(site.keywords),
        Tag("ows:ServiceType", SERVICE),
        *(Tag("ows:ServiceTypeVersion", version) for version in versions),
        *(Tag("ows:Profile", profile) for profile in profiles),
        Tag("ows:Fees", site.fees),
        Tag("ows:AccessConstraints", site.constraints),
    )


def provider(site: Site) -> Tag:
    """`ows:ServiceProvider`. The contact is written even if it is empty: edition 1.1 demands it."""
    told = site.provider
    address = Tag("ows:Address", Tag("ows:ElectronicMailAddress", told.email)) if told.email else None
    return Tag(
        "ows:ServiceProvider",
        Tag("ows:ProviderName", told.name),
        Tag("ows:ProviderSite", attributes={"xlink:href": told.url}) if told.url else None,
        Tag(
            "ows:ServiceContact",
            Tag("ows:IndividualName", told.person) if told.person else None,
            Tag("ows:ContactInfo", address) if address else None,
        ),
    )


def operations_metadata(site: Site, operations: Iterable[Operation]) -> Tag:
    """`ows:OperationsMetadata`. The address for KVP ends in a question mark (06-121r9 §11.5.3): clients append to it.

    Post is listed once: in XML and in SOAP it goes to the same address, and constraints tell them apart.
    """
    return Tag("ows:OperationsMetadata", *(_operation(site, one) for one in operations))


def _operation(site: Site, operation: Operation) -> Tag:
    encodings = [word for word, offered in (("XML", operation.post), ("SOAP", operation.soap)) if offered]
    get = Tag("ows:Get", attributes={"xlink:href": f"{site.base}?"}) if operation.get else None
    post = None
    if encodings:
        values = Tag("ows:AllowedValues", *(Tag("ows:Value", word) for word in encodings))
        encoding = Tag("ows:Constraint", values, attributes={"name": "PostEncoding"})
        post = Tag("ows:Post", encoding, attributes={"xlink:href": site.base})
    return Tag(
        "ows:Operation", Tag("ows:DCP", Tag("ows:HTTP", get, post)), attributes={"name": operation.name}
    )


# -- pieces of descriptions ------------------------------------------------------------------------


def keywords(words: Sequence[str]) -> Tag | None:
    """`ows:Keywords`; None where there are none, since an empty list is not valid."""
    return Tag("ows:Keywords", *(Tag("ows:Keyword", word) for word in words)) if words else None


def metadata(links: Iterable[Metadata]) -> tuple[Tag, ...]:
    """`ows:Metadata`, each a simple link."""
    return tuple(
        Tag(
            "ows:Metadata",
            attributes={
                "xlink:type": "simple",
                "xlink:href": link.href,
                "xlink:role": link.role,
                "xlink:title": link.title,
            },
        )
        for link in links
    )


def allowed(domain: LiteralDomain) -> Tag:
    """`ows:AllowedValues`, or `ows:AnyValue`."""
    if not domain.allowed:
        return Tag("ows:AnyValue")
    return Tag(
        "ows:AllowedValues",
        *(
            _range(one) if isinstance(one, ValueRange) else Tag("ows:Value", lexical.write(one))
            for one in domain.allowed
        ),
    )


def _range(range: ValueRange) -> Tag:
    def end(name: str, value: Scalar | None) -> Tag | None:
        return None if value is None else Tag(name, lexical.write(value))

    return Tag(
        "ows:Range",
        end("ows:MinimumValue", range.minimum),
        end("ows:MaximumValue", range.maximum),
        end("ows:Spacing", range.spacing),
        attributes={
            "ows:rangeClosure": None if range.closure is Closure.CLOSED else range.closure.value,
        },
    )


# -- formats -----------------------------------------------------------------------------------------


def travelling(formats: Sequence[Format]) -> tuple[Format, ...]:
    """The formats, and those in base64 that bytes take within a document. The schemas know no wildcards."""
    shown = [one for one in formats if MIME_TYPE.fullmatch(one.media_type)] or [Format(OCTETS)]
    coded = (replace(one, encoding=BASE64) for one in shown if not is_text(one.media_type))
    return tuple(dict.fromkeys((*shown, *coded)))
