"""How much is taken for a number of bytes, seconds or anything else: settings and options of processes alike.

Far beyond what anybody needs, and within what dates, the database and the operating system can hold.
"""

from __future__ import annotations

from typing import Final

MOST: Final = 10**9
MOST_BYTES: Final = 2**60
MOST_SECONDS: Final = 36525 * 86400.0  # a hundred years
MOST_WAITING: Final = 20 * 86400.0  # seconds, for one answer: systems count these in milliseconds of 31 bits
