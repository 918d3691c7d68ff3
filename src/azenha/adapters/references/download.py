"""References by http and https: tried again where a failure may pass, resumed where they broke off, and kept.

A GET may be repeated; a POST only where the other server cannot have had it (RFC 9110 §9.2.2).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from azenha.adapters.http import Asking, Passing, Resolve, resolve
from azenha.adapters.references.attempts import Attempts, Sleep
from azenha.adapters.references.cache import Cache, Came, Kept, fetched, key
from azenha.adapters.references.part import Part
from azenha.adapters.references.receiving import Bounds, OtherContent
from azenha.domain.addresses import AddressPolicy, shown
from azenha.domain.errors import FetchFailed
from azenha.settings import LimitSettings, ReferenceSettings
from azenha.usecases.ports import FREELY, PLAINLY, Ask, Fetched, Received, Say, Terms

# Headers of a client that change what status 200 would mean: nothing is added to them, nothing kept.
_CONDITIONAL: Final = frozenset(
    {"range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)
_PERSONAL: Final = frozenset({"authorization", "cookie"})


class Fetcher:
    """Fetches what references name. Implements `Fetch` of usecases.ports; not for several threads at once."""

    def __init__(
        self,
        policy: AddressPolicy,
        limits: LimitSettings,
        resolve: Resolve = resolve,
        settings: ReferenceSettings = ReferenceSettings(),  # noqa: B008 - frozen
        cache: Cache | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._asking = Asking(policy, limits, resolve)
        self._limits = limits
        self._settings = settings
        self._cache = cache
        self._sleep = sleep

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._asking.close()

    def __call__(self, url: str, target: Path, ask: Ask = PLAINLY, terms: Terms = FREELY) -> Fetched:
        """See `usecases.ports.Fetch`. The messages tell of a redirect where it led to the failure."""
        say = terms.say or _say_nothing
        same = key(url, ask.headers) if self._cache and _plain(ask) and not _personal(ask) else None
        wanted = _Wanted(url, ask, Bounds.of(self._limits, terms.limit), terms.on_progress, say)
        return fetched(target, self._cache, same, partial(self._download, wanted), say)

    def _download(self, wanted: _Wanted, file: BinaryIO, kept: Kept | None) -> Came | Kept:
        """What was written to `file`: what a server gave, or a copy of `kept`, which it said is the same."""
        part: Part | None = None

        def tick() -> None:
            wanted.told(part.content.received if part else 0, part.content.total if part else None)

        attempts = Attempts(self._settings, tick, wanted.say, self._sleep)
        plain = _plain(wanted.ask)
        while True:
            own = part.rest() if part and plain else None
            if own is None:
                part = None
                own = kept.own if kept else None
            try:
                with self._asking.answer(wanted.url, wanted.ask, attempts.left, own) as answer:
                    if answer.status_code == HTTPStatus.NOT_MODIFIED and kept is not None:
                        if kept.given_out(file, wanted.bounds, shown(wanted.url), wanted.told, wanted.say):
                            return kept
                        kept = None
                        continue
                    if part is None or answer.status_code == HTTPStatus.OK:
                        part = Part(answer, wanted.url, file, wanted.bounds, self._settings.expansion)
                    elif answer.status_code == HTTPStatus.PARTIAL_CONTENT:
                        part.goes_on(answer)
                    else:
                        raise OtherContent
                    part.take(answer, attempts, wanted.on_progress)
                    return part.content.size, part.served
            except OtherContent:
                part = None
                attempts.failed(f"what lies at {shown(wanted.url)} changed while it was fetched")
            except Passing as failure:
                if failure.sent and wanted.ask.method != "GET":
                    raise FetchFailed(str(failure)) from None
                attempts.failed(str(failure), failure.wait)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One call of the fetcher."""

    url: str
    ask: Ask
    bounds: Bounds
    on_progress: Received | None
    say: Say

    def told(self, received: int, total: int | None) -> None:
        if self.on_progress:
            self.on_progress(received, total)


def _say_nothing(text: str) -> None:
    pass


def _plain(ask: Ask) -> bool:
    """Whether headers of ours may go with it."""
    return (
        ask.method == "GET"
        and ask.body is None
        and _CONDITIONAL.isdisjoint(n.lower() for n, _ in ask.headers)
    )


def _personal(ask: Ask) -> bool:
    """Whether the answer may be meant for this client alone (RFC 9111 §3.5)."""
    return not _PERSONAL.isdisjoint(name.lower() for name, _ in ask.headers)
