"""Replies of `/api`: the definition in JSON, the page of it, and the page's script."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from threading import Lock
from typing import Final

from azenha.domain.process import Catalogue
from azenha.protocols import json
from azenha.protocols.http import HttpReply, HttpRequest, Site
from azenha.protocols.ogcapi import routes
from azenha.protocols.ogcapi.openapi import document
from azenha.protocols.ogcapi.read import definition_form
from azenha.protocols.ogcapi.words import HTML

PAGES: Final = 4  # addresses whose pages are kept: one may be large, and a client chooses the address

# The script is ours and comes from here; what it shows is put in as text, never as markup.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; "
    "img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_SAFE: Final = ("X-Content-Type-Options", "nosniff")
# Asked for anew each time, answered with 304 while it is the same.
_REVALIDATE: Final = ("Cache-Control", "no-cache")


class Definitions:
    """What was rendered for the catalogue that is served: replaced when another one is.

    Rendering takes long where there are many processes: whoever comes meanwhile waits, and does not do it again.
    """

    def __init__(self) -> None:
        self._rendering = Lock()
        self._catalogue: Catalogue | None = None
        self._tail = b""
        self._digest = b""
        self._pages: dict[Site, HttpReply] = {}

    def write(self, catalogue: Catalogue, request: HttpRequest, site: Site) -> HttpReply:
        """The reply to `/api` or to one of its parts.

        Raises:
            NotAcceptable, BadParameter: see read.definition_form.
        """
        route, _ = routes.find(request.method, request.path)
        if route.name == "script":
            return _script()
        chosen = definition_form(request)
        with self._rendering:
            if catalogue is not self._catalogue:
                self._tail = json.dump(document.body(catalogue)).removeprefix(b"{")
                self._digest = sha256(self._tail).digest()
                self._pages = {}
                self._catalogue = catalogue
            if chosen == HTML:
                return self._page(catalogue, site)
            head = json.dump(document.head(site)).removesuffix(b"}") + b","
            return HttpReply(200, _headers(chosen, _tag(head + self._digest), site), (head, self._tail))

    def _page(self, catalogue: Catalogue, site: Site) -> HttpReply:
        found = self._pages.get(site)
        if found is None:
            if len(self._pages) >= PAGES:
                self._pages.clear()
            found = self._pages[site] = _rendered(catalogue, site)
        return found


def _headers(type: str, tag: str, site: Site) -> tuple[tuple[str, str], ...]:
    other = f'<{site.base}/api?f={"json" if type == HTML else "html"}>; rel="alternate"'
    return (
        ("Content-Type", f"{HTML}; charset=utf-8" if type == HTML else type),
        ("Vary", "Accept"),
        ("ETag", tag),
        ("Link", f'<{site.base}/api>; rel="self", {other}'),
        _REVALIDATE,
        _SAFE,
    )


def _rendered(catalogue: Catalogue, site: Site) -> HttpReply:
    from azenha.protocols.ogcapi import html  # a server that no person looks at never loads the templates
    from azenha.protocols.ogcapi.openapi import page

    body = html.page("api", page.page(document.document(catalogue, site), site), site)
    return HttpReply(200, (*_headers(HTML, _tag(body), site), ("Content-Security-Policy", _POLICY)), (body,))


def _tag(body: bytes) -> str:
    return f'"{sha256(body).hexdigest()[:32]}"'


@lru_cache(maxsize=1)
def _script() -> HttpReply:
    body = files("azenha.protocols.ogcapi").joinpath("templates", "try.js").read_bytes()
    kind = ("Content-Type", "text/javascript; charset=utf-8")
    return HttpReply(200, (kind, ("ETag", _tag(body)), _REVALIDATE, _SAFE), (body,))
