"""The address policy: what is public, what may be allowed, and that each refusal names the setting."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from azenha.domain.addresses import AddressPolicy, is_public, parse_allowed, why_not_public
from azenha.domain.errors import ForbiddenAddress

NOTHING = AddressPolicy.of((), ())


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.169.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:82b::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_a_global_unicast_address_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "shared"),
        ("100.100.100.200", "shared"),
        ("169.254.169.254", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.0.192", "reserved"),
        ("198.18.0.1", "benchmarks"),
        ("203.0.113.7", "documentation"),
        ("192.88.99.1", "reserved"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fd00:ec2::254", "private"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("2001:db8::1", "documentation"),
        ("3fff::1", "documentation"),
        ("::127.0.0.1", "reserved"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        # what an address carries counts, not the address
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "metadata"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::10.1.2.3", "private"),
        ("64:ff9b:1::8.8.8.8", "translator"),
        ("2002:7f00:1::1", "loopback"),
        ("2002:c0a8:101::1", "private"),
        # Teredo: server 65.54.227.120, client 192.0.2.45 (RFC 4380); then server 10.0.0.1, client 8.8.8.8
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "documentation"),
        ("2001:0:a00:1:0:0:f7f7:f7f7", "private"),
    ],
)
def test_every_other_address_is_not_public_and_said_to_be_what_it_is(text: str, word: str) -> None:
    assert not is_public(ip_address(text))
    assert word in (why_not_public(ip_address(text)) or "")


def test_a_private_address_is_refused_with_the_setting_that_would_allow_it() -> None:
    with pytest.raises(
        ForbiddenAddress, match=r"'nas' \(192\.168\.1\.4\) on port 80 .*private.*addresses\.allow"
    ):
        NOTHING.check_address("nas", ip_address("192.168.1.4"), 80)


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "passes"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 8080, True),
        ("127.0.0.1", "localhost", "::1", 8080, False),
        ("127.0.0.1", "any", "::ffff:127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", "127.0.0.1", 8081, False),
        ("10.0.0.0/8", "nas", "10.9.8.7", 80, True),
        ("10.0.0.0/8", "nas", "11.0.0.1", 80, True),  # public anyway
        ("10.0.0.0/8", "nas", "192.168.0.1", 80, False),
        ("nas.lan", "NAS.lan.", "192.168.0.1", 80, True),
        ("nas.lan:443", "nas.lan", "192.168.0.1", 80, False),
        ("nas.lan", "evil.nas.lan", "192.168.0.1", 80, False),
        ("::1", "localhost", "::1", 80, True),
        ("[::1]:81", "localhost", "::1", 80, False),
        ("[fd00::/8]:80", "box", "fd12::1", 80, True),
        # server allowed, client loopback: the packet would go to loopback
        ("10.0.0.0/8", "teredo", "2001:0:a00:1:0:0:80ff:fffe", 80, False),
    ],
)
def test_an_entry_allows_its_place_on_its_port_and_nothing_else(
    entry: str, host: str, address: str, port: int, passes: bool
) -> None:
    policy = AddressPolicy.of((entry,), ())
    if passes:
        policy.check_address(host, ip_address(address), port)
    else:
        with pytest.raises(ForbiddenAddress):
            policy.check_address(host, ip_address(address), port)


def test_a_port_outside_the_setting_is_refused_for_public_addresses_only() -> None:
    policy = AddressPolicy.of(("10.0.0.1",), (80, 443))
    policy.check_address("a", ip_address("8.8.8.8"), 443)
    policy.check_address("b", ip_address("10.0.0.1"), 8080)
    with pytest.raises(ForbiddenAddress, match=r"port 22, only on 80, 443 \(setting addresses\.ports\)"):
        policy.check_address("a", ip_address("8.8.8.8"), 22)


@pytest.mark.parametrize(
    "url",
    ["http://example.org/a", "https://example.org:8443/a?b=c#d", "HTTP://example.org", "http://8.8.8.8/x"],
)
def test_an_ordinary_address_passes_before_it_is_resolved(url: str) -> None:
    NOTHING.check_url(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://example.org/a", "only http and https"),
        ("gopher://example.org", "only http and https"),
        ("/etc/passwd", "only http and https"),
        ("", "only http and https"),
        ("http:///a", "no host"),
        ("http://user:secret@example.org/", "user or password"),
        ("http://@example.org/", "user or password"),
        ("http://example.org\\@127.0.0.1/", "backslash"),
        ("http://exa\tmple.org/", "white space"),
        ("http://example.org/a\r\nHost: x", "white space"),
        ("http://example.org:0/", "port"),
        ("http://example.org:99999/", "port"),
        ("http://[::1/", "no address"),
        ("http://127.0.0.1/", "loopback"),
        ("http://[::1]:8080/", "loopback"),
        ("http://[::ffff:10.0.0.1]/", "private"),
        ("http://169.254.169.254/latest/meta-data", "metadata"),
    ],
)
def test_a_wrong_address_is_refused_in_words_that_say_why(url: str, words: str) -> None:
    with pytest.raises(ForbiddenAddress, match=words) as refused:
        NOTHING.check_url(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "10.0.0.1/8", "1.2.3", "1.2.3.4.5", "http://x", "a:0", "a:70000", "a b", "[x]", "::1]:5"]
)
def test_an_entry_that_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no host name, address or network"):
        parse_allowed(text)
