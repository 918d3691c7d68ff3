"""What is got from other places: referenced inputs, and schemas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        size: bytes, after Content-Encoding was undone.
        media_type: as served, with its parameters; None if the server named none.
        name: what the server or the address calls it: a stranger's text, not yet fit for a path; may be empty.
    """

    size: int
    media_type: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Ask:
    """How something is asked for; plainly by GET, if nothing is said.

    Attributes:
        method: GET or POST.
        headers: names and values, as a client gave them. Those that concern a single connection are not sent, and
            to another host than the one that the client named go those alone that say nothing about who asks.
        body: a file with what is posted; it is `text/xml` where no header says otherwise.
    """

    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: Path | None = None


Say = Callable[[str], None]
Received = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the asker allows and wants to hear.

    Attributes:
        limit: bytes, inclusive, where it is below the server's own limit.
        on_progress: told the bytes received, and how many there will be (None: not known); also while it waits.
        say: told in a sentence what people may want to know: why it waits, whether the content was kept.
    """

    limit: int | None = None
    on_progress: Received | None = None
    say: Say | None = None


PLAINLY: Final = Ask()
FREELY: Final = Terms()


class Fetch(Protocol):
    """Get what is at an address, under the address policy."""

    def __call__(self, url: str, target: Path, ask: Ask = PLAINLY, terms: Terms = FREELY) -> Fetched:
        """Write the content to `target`, which does not exist if this fails.

        Raises:
            ForbiddenAddress: the address, or one that it leads to, is outside the policy.
            TooLarge: more bytes than allowed; the message names the limit.
            FetchFailed: anything else that lies at the other end.
            OSError: `target` cannot be written.
        """
