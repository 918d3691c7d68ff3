"""Who is answered, before any protocol is asked: pure functions of settings and headers.

Safe on a desktop: a page that somebody looks at in a browser must not be able to use a server on the same
machine. So on loopback only loopback's names (and the configured address) are answered, which ends DNS
rebinding, and what changes something is refused to foreign pages. A refusal is `Forbidden`, not 421
(Misdirected Request): 421 invites a client to try again on another connection, and none will do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from azenha.domain.errors import BadRequest, Forbidden
from azenha.settings import Server

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

# Fetch standard §3.2: what a page may send and may read beyond the few that always pass.
ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS: Final = (
    "Accept, Accept-Language, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, "
    "If-Range, If-Unmodified-Since, Prefer, Range"
)
EXPOSED_HEADERS: Final = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, Location, Preference-Applied, "
    "Repr-Digest, Retry-After, Sunset"
)
PREFLIGHT_SECONDS: Final = 600

# RFC 3986 §3.2.2: a registered name or IPv4 address, or an IPv6 address in brackets; then a port.
_HOST: Final = re.compile(r"([A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
_PAIR: Final = re.compile(r'\s*([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s"]*)\s*')

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server.

    Attributes:
        hosts: host names, without ports, that are answered; None: any.
        public: the configured address without a trailing slash, or None.
        origins: web origins that may call from a browser.
        proxies: networks whose X-Forwarded-* is believed.
    """

    hosts: frozenset[str] | None
    public: str | None
    origins: frozenset[str]
    proxies: tuple[IPv4Network | IPv6Network, ...]

    @classmethod
    def of(cls, server: Server) -> Guard:
        """From the settings, which have been checked."""
        public = server.url.rstrip("/") if server.url else None
        hosts = None
        if _is_loopback(server.host):
            hosts = LOOPBACK | {_host_name(server.host)}
            if public:
                hosts |= {_host_name(urlsplit(public).netloc)}
        networks = tuple(ip_network(text) for text in server.trusted_proxies)
        return cls(hosts, public, frozenset(o.lower() for o in server.origins), networks)

    def admit(self, method: str, headers: Mapping[str, str], peer: str | None, scheme: str) -> str:
        """The address under which this client sees the server, without a trailing slash.

        Args:
            headers: names in lower case.
            peer: address of the other end of the connection; None where there is none (a socket file).
            scheme: of this connection, `http` or `https`.
        Raises:
            Forbidden: the host is not answered, or the page that asks is foreign.
            BadRequest: no Host header (RFC 9112 §3.2), or one that is none.
        """
        host = headers.get("host", "")
        base = _connected(host, scheme)
        if self.hosts is not None and _host_name(host) not in self.hosts:
            raise Forbidden(
                f"this server answers on its own machine only, not as '{host}'; "
                f"the address that clients use can be configured (setting server.url)"
            )
        if self.proxies and peer is not None and self.trusts(peer):
            base = forwarded(headers, scheme, base)
        own = self.public or base
        if method not in SAFE:
            self._refuse_foreign(headers, (own, base))
        return own

    def trusts(self, peer: str) -> bool:
        """Whether `peer` is a proxy of ours."""
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.proxies)

    def _refuse_foreign(self, headers: Mapping[str, str], own: tuple[str, ...]) -> None:
        origin = headers.get("origin")
        if origin is not None:
            given = origin.lower()
            if given not in self.origins and given not in {_origin(address) for address in own}:
                raise Forbidden(
                    f"pages of '{origin[:200]}' may not change anything here; "
                    f"the operator can allow them (setting server.origins)"
                )
        elif headers.get("sec-fetch-site", "none").lower() not in ("none", "same-origin"):
            # Browsers name the origin with every unsafe method; one that does not is not trusted for that.
            raise Forbidden("pages of other sites may not change anything here (setting server.origins)")

    def admit_run(self, headers: Mapping[str, str], own: str) -> None:
        """Whether a GET may run a process: what is no simple look has the rules of what changes something.

        Any page may let a browser GET any address: a picture is enough, and names no origin. So a browser must
        say (Fetch Metadata) that the user himself or a page of ours asks. Over plain HTTP, but for loopback,
        browsers never say so: there they run nothing by GET, and other clients do.

        Args:
            own: the address of the server as this client sees it.
        Raises:
            Forbidden
        """
        self._refuse_foreign(headers, (own,))
        if "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")).lower():
            raise Forbidden("what runs a process is not fetched ahead of time")
        browser = headers.get("user-agent", "").startswith("Mozilla/")
        if browser and "sec-fetch-site" not in headers and "origin" not in headers:
            raise Forbidden(
                "this browser does not say which page asks, so that it cannot run a process by GET: "
                "use POST, HTTPS, or a browser that sends Sec-Fetch-Site"
            )

    def preflight(self, method: str, headers: Mapping[str, str]) -> Headers | None:
        """What a browser that asks whether a page may ask is told beside `shared`; None if it asks no such thing."""
        if method != "OPTIONS" or "access-control-request-method" not in headers:
            return None
        if headers.get("origin", "").lower() not in self.origins:
            return None
        return (
            ("Access-Control-Allow-Methods", ALLOWED_METHODS),
            ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
            ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
        )

    def shared(self, headers: Mapping[str, str]) -> Headers:
        """Headers for a reply, so that a page of a configured origin can read it; none for all others."""
        if not self.origins:
            return ()
        origin = headers.get("origin", "")
        if origin.lower() not in self.origins:
            return (("Vary", "Origin"),)
        return (
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
        )


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    """Without the port, in lower case."""
    name = host.lower()
    end = name.find("]") + 1
    return name[:end] if end else name.partition(":")[0]


@lru_cache(maxsize=256)
def _connected(host: str, scheme: str) -> str:
    match = _HOST.fullmatch(host)
    if not match:
        raise BadRequest(f"the Host header is missing or no host: '{host[:200]}'", "Host")
    name, port = match[1].lower(), match[2]
    standard = {"http": "80", "https": "443"}.get(scheme)
    return f"{scheme}://{name}" if port in (None, standard) else f"{scheme}://{name}:{port}"


def _origin(address: str) -> str:
    """Scheme, host and port of an address, as a browser names an origin (RFC 6454 §6.2)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def forwarded(headers: Mapping[str, str], scheme: str, base: str) -> str:
    """The address that a trusted proxy says was asked for; what it does not say is as on this connection.

    Of several values the last counts: the nearest proxy added it, anybody may have sent the others.
    `Forwarded` (RFC 7239) is read where there is no X-Forwarded-Proto and -Host: a proxy that sets those may
    pass on anybody's.

    Raises:
        BadRequest: a value is no scheme, host or path.
    """
    proto, host = _last(headers.get("x-forwarded-proto")), _last(headers.get("x-forwarded-host"))
    if proto is None and host is None and "forwarded" in headers:
        pairs = dict(_pairs(headers["forwarded"]))
        proto, host = pairs.get("proto"), pairs.get("host")
    scheme = (proto or scheme).lower()
    if scheme not in ("http", "https"):
        raise BadRequest(
            f"the proxy names '{scheme[:40]}' as the scheme; it can be http or https", "Forwarded"
        )
    prefix = _last(headers.get("x-forwarded-prefix")) or ""
    if not _PREFIX.fullmatch(prefix):
        raise BadRequest(
            f"the proxy names '{prefix[:200]}' as the prefix, which is no path", "X-Forwarded-Prefix"
        )
    return _connected(host or base.split("//", 1)[1], scheme) + prefix.rstrip("/")


def _last(value: str | None) -> str | None:
    return value.rsplit(",", 1)[-1].strip() or None if value else None


def _pairs(value: str) -> list[tuple[str, str]]:
    """The parameters of the last element of a Forwarded header."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while match := _PAIR.match(value, at):
        text = match[2]
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        pairs.append((match[1].lower(), text))
        at = match.end()
        if value[at : at + 1] == ",":
            pairs.clear()
        at += 1
    return pairs
