"""Tokens of XML in bytes, as parts of patterns: for what is looked at before, or without, a parser.

Each takes a token as a whole or not at all, in linear time. None refuses what is not well-formed in it.
"""

from __future__ import annotations

from typing import Final

SPACE: Final = rb"[ \t\r\n]++"
COMMENT: Final = rb"<!--(?:[^-]++|-(?!->))*+-->"
INSTRUCTION: Final = rb"<\?(?:[^?]++|\?(?!>))*+\?>"  # and the XML declaration
CDATA: Final = rb"<!\[CDATA\[(?:[^\]]++|\](?!\]>))*+\]\]>"
TAG: Final = rb"<(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>"
