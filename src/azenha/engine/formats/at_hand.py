"""Small values that came within a request are looked at before it is accepted: their bytes are at hand.

The level `simple`, without opening a file or loading a library. What it lets through, the job looks at again.
"""

from __future__ import annotations

from dataclasses import dataclass

from azenha.domain.encodings import NotInEncoding
from azenha.domain.lexical import clean
from azenha.domain.process import ComplexDomain, Level
from azenha.domain.values import InlineBytes, InlineText
from azenha.engine.formats import known
from azenha.engine.formats.recognised import at_hand, recognised
from azenha.engine.formats.sniff import contradicted, detect_at_hand


@dataclass(frozen=True, slots=True)
class AtHand:
    """`level` is the server's own, where a process asks for none."""

    level: Level

    def __call__(self, domain: ComplexDomain, value: InlineText | InlineBytes) -> str | None:
        """Why a value is refused, a sentence without subject; None: nothing speaks against it."""
        asked = domain.validation and domain.validation.level
        if (asked or self.level) is Level.NONE:
            return None
        table = known.table()
        if table.named(value.format.media_type) is None:
            return None
        try:
            detected = detect_at_hand(at_hand(value), table)
        except NotInEncoding as wrong:
            return str(wrong)
        format = recognised(value.format, domain.formats, detected, table)
        reason = contradicted(format.media_type, detected, table, format.called)
        return reason and clean(reason, 2000)
