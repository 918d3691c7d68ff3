"""How one setting is read and shown: kinds, units, ranges. Knows no setting by name (see settings)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit


class Kind(Enum):
    TEXT = "text"
    TEXTS = "list of texts"
    COUNT = "whole number"
    COUNTS = "list of whole numbers"
    SIZE = "size"
    TIME = "time"
    FLAG = "true or false"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a setting may be.

    Attributes:
        at_least, at_most: inclusive; bytes for sizes, seconds for times.
        check: answers what would be allowed, or None if the text is fine; for each of several texts.
        choices: the only texts allowed; empty: any.
    """

    kind: Kind
    about: str
    at_least: float | None = None
    at_most: float | None = None
    check: Callable[[str], str | None] | None = None
    choices: tuple[str, ...] = ()


class NotAllowed(Exception):
    """A value that a setting may not have: what was given, and what is allowed."""

    def __init__(self, given: str, allowed: str) -> None:
        super().__init__(f"given {given}; allowed: {allowed}")
        self.given = given
        self.allowed = allowed


SIZES: Mapping[str, int] = {
    "GiB": 1024**3, "MiB": 1024**2, "KiB": 1024, "TiB": 1024**4,
    "GB": 10**9, "MB": 10**6, "kB": 1000, "TB": 10**12, "B": 1,
}  # fmt: skip
TIMES: Mapping[str, float] = {"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = re.compile(r"\s*([0-9]{1,300}(?:\.[0-9]{1,300})?)\s*([A-Za-z]*)\s*")
BEYOND = 1e30  # bytes or seconds: no setting takes so many, and integers of more may be too large for a float
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parse(given: object, rule: Rule, *, text: bool) -> object:
    """The value of a setting.

    Args:
        given: from TOML, a variable or the command line.
        text: a string stands for any kind (variables and the command line know nothing else); else only sizes
            and times may be written as one.
    Raises:
        NotAllowed: wrong type, form or range.
    """
    if rule.kind in (Kind.TEXTS, Kind.COUNTS):
        return tuple(_single(item, rule, text) for item in _items(given, rule, text))
    return _single(given, rule, text)


def _items(given: object, rule: Rule, text: bool) -> list[object]:
    if isinstance(given, str) and text:
        return [item.strip() for item in given.split(",")] if given.strip() else []
    if isinstance(given, list | tuple):
        return list(given)
    raise NotAllowed(_given(given), f"a list, each of it {_allowed(rule)}")


def _single(given: object, rule: Rule, text: bool) -> object:
    """One value; of the kinds with several, one of them."""
    match rule.kind:
        case Kind.TEXT | Kind.TEXTS:
            value: object = _text(given, rule)
        case Kind.PATH:
            value = Path(_text(str(given) if isinstance(given, Path) else given, rule)).expanduser()
        case Kind.FLAG:
            value = _FLAGS.get(given.strip().lower()) if isinstance(given, str) and text else given
            if not isinstance(value, bool):
                raise NotAllowed(_given(given), _allowed(rule))
        case Kind.COUNT | Kind.COUNTS:
            value = given
            if isinstance(given, str) and text and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", given):
                value = int(given)
            if not isinstance(value, int) or isinstance(value, bool):
                raise NotAllowed(_given(given), _allowed(rule))
            _in_range(value, given, rule)
        case Kind.SIZE | Kind.TIME:
            value = _measure(given, rule)
            _in_range(value, given, rule)
    return value


def _text(given: object, rule: Rule) -> str:
    if not isinstance(given, str) or not given.strip():
        raise NotAllowed(_given(given), _allowed(rule))
    if rule.choices and given not in rule.choices:
        raise NotAllowed(_given(given), _allowed(rule))
    if rule.check is not None and (allowed := rule.check(given)) is not None:
        raise NotAllowed(_given(given), allowed)
    return given


def _measure(given: object, rule: Rule) -> float:
    """Bytes (whole) or seconds, from a number or a text with a unit."""
    units: Mapping[str, float] = SIZES if rule.kind is Kind.SIZE else TIMES
    value: float
    if isinstance(given, str):
        match = _NUMBER.fullmatch(given)
        unit = match[2] or ("B" if rule.kind is Kind.SIZE else "s") if match else ""
        if match is None or unit not in units:
            raise NotAllowed(_given(given), _allowed(rule))
        value = (float(match[1]) if "." in match[1] else int(match[1])) * units[unit]
    elif isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= BEYOND:
        raise NotAllowed(_given(given), _allowed(rule))
    else:
        value = given
    if value > BEYOND:
        raise NotAllowed(_given(given), _allowed(rule))
    if rule.kind is Kind.TIME:
        return float(value)
    if value != int(value):
        raise NotAllowed(_given(given), f"{_allowed(rule)}; not a part of a byte")
    return int(value)


def _in_range(value: float, given: object, rule: Rule) -> None:
    below = rule.at_least is not None and value < rule.at_least
    above = rule.at_most is not None and value > rule.at_most
    if below or above:
        raise NotAllowed(_given(given), _allowed(rule))


def _given(given: object) -> str:
    if isinstance(given, dict):
        return "a table"
    return {True: "true", False: "false"}[given] if isinstance(given, bool) else repr(given)


def _allowed(rule: Rule) -> str:
    """What is allowed, in words."""
    if rule.choices:
        return ", ".join(rule.choices)
    if rule.kind is Kind.SIZE:
        form = "a size in bytes, or with a unit as in '2 GiB' (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)"
    elif rule.kind is Kind.TIME:
        form = "a time in seconds, or with a unit as in '30 s' or '1 h' (ms, s, min, h, d)"
    elif rule.kind in (Kind.COUNT, Kind.COUNTS):
        form = "a whole number"
    else:
        return {Kind.FLAG: "true or false", Kind.PATH: "a path"}.get(rule.kind, "a text that is not empty")
    low, high = (
        None if bound is None else show(bound if rule.kind is Kind.TIME else int(bound), rule)
        for bound in (rule.at_least, rule.at_most)
    )
    return form + (f" from {low}" if low is not None else "") + (f" to {high}" if high is not None else "")


def show(value: object, rule: Rule) -> str:
    """A value as a person reads and writes it; `parse` reads it back."""
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if rule.kind is Kind.SIZE and isinstance(value, int):
        return _with_unit(value, {unit: SIZES[unit] for unit in ("TiB", "GiB", "MiB", "KiB", "B")})
    if rule.kind is Kind.TIME and isinstance(value, int | float):
        return _with_unit(value, TIMES)
    return str(value)


def _with_unit(value: float, units: Mapping[str, float]) -> str:
    """In the largest unit that gives a whole number; the smallest otherwise."""
    unit = next((u for u, n in units.items() if value >= n and value % n == 0), "")
    if not unit:
        unit = "B" if "B" in units else "s"
    return f"{value / units[unit]:.15g} {unit}"


# -- texts with a form: each answers what would be allowed, or None if the text is fine -------------


def web_address(text: str) -> str | None:
    parts = urlsplit(text)
    if parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment:
        return None
    return "an http or https address without query and fragment"


def blob_store(text: str) -> str | None:
    parts = urlsplit(text)
    plain = not (parts.query or parts.fragment or "@" in parts.netloc or ":" in parts.netloc)
    if text == "local" or (parts.scheme == "s3" and len(parts.netloc) >= 3 and plain):
        return None
    return "local, or s3://bucket or s3://bucket/prefix, the bucket of 3 letters or more"


def web_origin(text: str) -> str | None:
    parts = urlsplit(text)
    if parts.scheme in ("http", "https") and parts.netloc and text == f"{parts.scheme}://{parts.netloc}":
        return None
    return "origins such as https://maps.example.org, without a path"


def language_tag(text: str) -> str | None:
    if re.fullmatch("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", text):
        return None
    return "language tags such as en or pt-BR (BCP 47)"


def network(text: str) -> str | None:
    try:
        ip_network(text)
    except ValueError:
        return "addresses or networks such as 10.0.0.5 or 10.0.0.0/8"
    return None


def reachable(text: str) -> str | None:
    from azenha.domain.addresses import parse_allowed  # not every program that reads settings fetches

    try:
        parse_allowed(text)
    except ValueError:
        return "host names, addresses or networks, each with an optional :port, without http://"
    return None


def root(text: str) -> str | None:
    from azenha.domain.roots import parse_root  # as above

    try:
        parse_root(text)
    except ValueError as allowed:
        return str(allowed)
    return None
