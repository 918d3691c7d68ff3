"""What a client would like beyond what it asks: Prefer (RFC 7240) and Accept (RFC 9110 §12.5.1).

Wishes are followed or not, never refused: one that cannot be read is passed over (RFC 7240 §2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from azenha.domain.messages import Mode, Transmission
from azenha.protocols.http import HttpRequest
from azenha.protocols.negotiation import accepted, preferences

_WAIT: Final = re.compile(r"[0-9]{1,9}")
# 2.0, prefer-header-return: minimal is links to larger things, representation a reply that holds everything.
_RETURN: Final = MappingProxyType(
    {"minimal": Transmission.REFERENCE, "representation": Transmission.VALUE},
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """See `Execute` and `Asked`, whose attributes these become."""

    mode: Mode
    wait: float | None
    transmission: Transmission | None


_NONE: Final = Wishes(Mode.AUTO, None, None)


def wishes(request: HttpRequest) -> Wishes:
    """What the Prefer headers say."""
    header = request.headers.get("prefer")
    if not header:
        return _NONE
    wanted = preferences(header)
    wait = wanted.get("wait", "")
    return Wishes(
        Mode.ASYNC if "respond-async" in wanted else Mode.AUTO,
        float(wait) if _WAIT.fullmatch(wait) else None,
        _RETURN.get(wanted.get("return", "").lower()),
    )


def word(transmission: Transmission) -> str:
    """The preference of that meaning, as Preference-Applied says it."""
    (found,) = (name for name, meant in _RETURN.items() if meant is transmission)
    return f"return={found}"


def media_types(header: str | None) -> tuple[str, ...]:
    """What an Accept header takes, the likeliest first, without parameters."""
    ranges = [r for r in accepted(header or "") if r.quality > 0]
    return tuple(r.type for r in sorted(ranges, key=lambda r: (-r.quality, r.place)))
