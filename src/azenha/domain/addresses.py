"""Which addresses may be fetched from or called: one rule for references, callbacks and couriers.

Public ones always; others only where the operator allowed them (setting `addresses.allow`). Pure: whoever
connects resolves the name, asks here about **every** address it got, and connects to that very address.
`ipaddress.is_global` alone does not suffice: it knows nothing of the IPv4 addresses that IPv6 ones carry
(64:ff9b::7f00:1 is loopback behind a translator), and it changes from one Python to the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from azenha.domain.errors import ForbiddenAddress

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SETTING: Final = "addresses.allow"
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# IANA's special-purpose registries (RFC 6890), and what clouds put elsewhere. The first that fits names it.
_V4: Final = tuple(
    (IPv4Network(network), word)
    for network, word in (
        ("0.0.0.0/8", "unspecified"),
        ("127.0.0.0/8", "loopback"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        ("100.64.0.0/10", "shared address space of a provider"),
        ("168.63.129.16/32", "metadata service of a cloud"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.88.99.0/24", "reserved"),
        ("198.18.0.0/15", "reserved for benchmarks"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6: Final = tuple(
    (IPv6Network(network), word)
    for network, word in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("64:ff9b:1::/48", "private, behind a translator"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "reserved for documentation"),
        ("3fff::/20", "reserved for documentation"),
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_HOST_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


def carried(address: Address) -> tuple[Address, ...]:
    """The addresses that packets to `address` may end at: those that it carries, or else itself.

    IPv4-mapped (RFC 4291 §2.5.5.2), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380: server and client).
    """
    if isinstance(address, IPv4Address):
        return (address,)
    bits = int(address)
    if address in _MAPPED or address in _NAT64:
        return (IPv4Address(bits & 0xFFFFFFFF),)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(bits >> 80 & 0xFFFFFFFF),)
    if address in _TEREDO:
        return (IPv4Address(bits >> 64 & 0xFFFFFFFF), IPv4Address(~bits & 0xFFFFFFFF))
    return (address,)


def _kind(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((word for network, word in _V4 if address in network), None)
    word = next((word for network, word in _V6 if address in network), None)
    return word or (None if address in _GLOBAL_UNICAST else "reserved")


def why_not_public(address: Address) -> str | None:
    """What an address that is not public is ("loopback", "private" …); None for a public one."""
    return next((word for one in carried(address) if (word := _kind(one))), None)


def is_public(address: Address) -> bool:
    """Whether packets to `address` can only end at a globally reachable unicast address."""
    return why_not_public(address) is None


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of `addresses.allow`: a host name or a network, on one port or (None) on any."""

    place: str | Network
    port: int | None = None

    def covers(self, host: str, address: Address, port: int) -> bool:
        """`host` as the URL names it, `address` as it resolved.

        A host name stands for whatever it resolves to: the operator vouches for it.
        """
        if self.port is not None and self.port != port:
            return False
        if isinstance(self.place, str):
            return self.place == _plain(host)
        # All of them: of a Teredo address's two, one may be anywhere.
        return _within(address, self.place) or all(_within(one, self.place) for one in carried(address))


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _plain(host: str) -> str:
    return host.lower().rstrip(".").strip("[]")


def parse_allowed(text: str) -> Allowed:
    """Read `host`, `10.0.0.5`, `10.0.0.0/8` or `fd00::/8`, with an optional `:port` (IPv6 then in brackets).

    Raises:
        ValueError: it is none of these.
    """
    wrong = ValueError(
        f"'{text}' is no host name, address or network with an optional :port, "
        f"such as data.example.org, 10.0.0.5:8080, 10.0.0.0/8 or [fd00::/8]:80"
    )
    place, port = text.strip(), None
    bracketed = re.fullmatch(r"\[([^\[\]]+)\](?::(\d{1,5}))?", place)
    if bracketed:
        place, digits = bracketed[1], bracketed[2]
    else:
        named = re.fullmatch(r"([^:]+):(\d{1,5})", place)
        place, digits = (named[1], named[2]) if named else (place, None)
    if digits is not None:
        port = int(digits)
        if not 0 < port < 65536:
            raise wrong
    try:
        return Allowed(ip_network(place), port)
    except ValueError:
        name = _plain(place)
        # A name of digits and dots, or with a slash, is a mistyped address, not a host.
        if bracketed or not _HOST_NAME.fullmatch(name) or not any(c.isalpha() for c in name):
            raise wrong from None
        return Allowed(name, port)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public addresses on `ports` (empty: any), and what is `allow`ed."""

    allow: tuple[Allowed, ...] = ()
    ports: frozenset[int] = frozenset()

    @classmethod
    def of(cls, allow: Sequence[str], ports: Sequence[int]) -> AddressPolicy:
        """From the settings' texts.

        Raises:
            ValueError: an entry of `allow` is neither host name, address nor network.
        """
        return cls(tuple(parse_allowed(text) for text in allow), frozenset(ports))

    def check_url(self, url: str) -> None:
        """Refuse what can be refused without resolving the name; an address in the URL is checked at once.

        Raises:
            ForbiddenAddress
        """
        parts = _split(url)
        told = shown(url)
        if parts.scheme not in DEFAULT_PORTS:
            raise ForbiddenAddress(f"'{told}' may not be used: only http and https addresses are")
        if parts.username is not None or parts.password is not None:
            raise ForbiddenAddress(f"'{told}' may not be used: an address must not hold a user or password")
        host = parts.hostname
        if not host:
            raise ForbiddenAddress(f"'{told}' may not be used: it names no host")
        port = _port(parts, told)
        try:
            literal = ip_address(host)
        except ValueError:
            return
        self.check_address(host, literal, port)

    def check_address(self, host: str, address: Address, port: int) -> None:
        """May a connection to `address`, to which `host` resolved, be made on `port`?

        Raises:
            ForbiddenAddress
        """
        if any(entry.covers(host, address, port) for entry in self.allow):
            return
        at = f"'{host}'" if _plain(host) == str(address) else f"'{host}' ({address})"
        why = why_not_public(address)
        if why:
            raise ForbiddenAddress(
                f"{at} on port {port} may not be connected to: the address is not public but {why}; "
                f"the operator can allow it (setting {SETTING})"
            )
        if self.ports and port not in self.ports:
            allowed = ", ".join(map(str, sorted(self.ports)))
            raise ForbiddenAddress(
                f"{at} may not be connected to on port {port}, only on {allowed} (setting addresses.ports); "
                f"the operator can allow it (setting {SETTING})"
            )


def _split(url: str) -> SplitResult:
    # urlsplit drops tabs and line ends, and other readers take a backslash for a slash: then two readers of
    # one address would see two hosts.
    if any(c <= " " or c == "\\" or c == "\x7f" for c in url):
        raise ForbiddenAddress(f"'{shown(url)}' may not be used: it has white space or a backslash in it")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise ForbiddenAddress(f"'{shown(url)}' may not be used: it is no address ({error})") from None


def _port(parts: SplitResult, told: str) -> int:
    try:
        port = parts.port
    except ValueError:
        raise ForbiddenAddress(f"'{told}' may not be used: its port is not from 1 to 65535") from None
    if port == 0:
        raise ForbiddenAddress(f"'{told}' may not be used: its port is not from 1 to 65535")
    return port or DEFAULT_PORTS[parts.scheme]


def shown(url: str) -> str:
    """A URL for a message: no password, no control characters, no endless length."""
    hidden = re.sub(r"//[^/?#]*@", "//…@", url)
    printable = "".join(c if c.isprintable() else "�" for c in hidden)
    return printable if len(printable) <= 200 else printable[:199] + "…"
