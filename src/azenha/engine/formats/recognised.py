"""Which of the offered formats data is that nobody declared, or that was declared by a general name.

GML and KML are both `text/xml` to many clients, and a server may call a file `application/octet-stream`: where the
content speaks against the format that such data was taken for, it tells which other one it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from azenha.domain import encodings, formats
from azenha.domain.media import Table
from azenha.domain.process import Format
from azenha.domain.values import InlineBytes, InlineText
from azenha.engine.formats import known
from azenha.engine.formats.sniff import HEAD, Detected, agrees, detect


def recognised(format: Format, offered: Sequence[Format], detected: Detected, table: Table) -> Format:
    """The format that data is taken for; as it was, where its content says nothing or it was declared."""
    taken_for = table.named(format.media_type)
    if format.called is None or taken_for is None or agrees(taken_for, detected, table):
        return format
    line = table.lineage(detected.id) if detected.id else ()
    fitting: list[tuple[int, Format]] = []
    for one in formats.candidates(offered, format):
        found = table.named(one.media_type)
        # Of plain text nothing tells that it is CSV: what agrees with it so far is not thereby it.
        if (
            found is not None
            and agrees(found, detected, table)
            and (detected.id != "text" or found.id in line)
        ):
            fitting.append((line.index(found.id) if found.id in line else len(line), one))
    return min(fitting, key=lambda one: one[0], default=(0, format))[1]


def in_file(path: Path, format: Format, offered: Sequence[Format]) -> Format:
    """The same of a file.

    Raises:
        OSError: it cannot be read.
    """
    if format.called is None:
        return format
    table = known.table()
    return recognised(format, offered, detect(path, table), table)


def at_hand(data: InlineText | InlineBytes) -> bytes:
    """What is looked at of data in memory, as the job gets it; of long text one character more, so that it is seen
    that there is more.

    Raises:
        NotInEncoding: it cannot be in the encoding that it declares.
    """
    if isinstance(data, InlineBytes):
        return data.data
    _, pieces = encodings.as_declared((data.text[: HEAD + 1].encode(),))
    return b"".join(pieces)
