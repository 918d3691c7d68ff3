"""References by http and https: tried again where a failure may pass, and resumed where they broke off.

A GET may be repeated; a POST only where the other server cannot have had it (RFC 9110 §9.2.2).
"""

from __future__ import annotations

import time
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from azenha.adapters.http import Asking, Passing, Resolve, resolve
from azenha.adapters.references.attempts import Attempts, Sleep
from azenha.adapters.references.part import Bounds, OtherContent, Part, Told
from azenha.domain.addresses import AddressPolicy, shown
from azenha.domain.errors import FetchFailed
from azenha.settings import LimitSettings, ReferenceSettings
from azenha.usecases.ports import PLAINLY, Ask, Fetched, Say

# Headers of a client that change what status 200 would mean: nothing is added to them, nothing kept.
_CONDITIONAL: Final = frozenset(
    {"range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)


class Fetcher:
    """Fetches what references name. Implements `Fetch` of usecases.ports; not for several threads at once."""

    def __init__(
        self,
        policy: AddressPolicy,
        limits: LimitSettings,
        resolve: Resolve = resolve,
        settings: ReferenceSettings = ReferenceSettings(),  # noqa: B008 - frozen
        sleep: Sleep = time.sleep,
    ) -> None:
        self._asking = Asking(policy, limits, resolve)
        self._limits = limits
        self._settings = settings
        self._sleep = sleep

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._asking.close()

    def __call__(
        self,
        url: str,
        target: Path,
        *,
        limit: int | None = None,
        on_progress: Told | None = None,
        say: Say | None = None,
        ask: Ask = PLAINLY,
    ) -> Fetched:
        """See `usecases.ports.Fetch`. The messages tell of a redirect where it led to the failure."""
        try:
            with target.open("wb") as file:
                part = self._download(url, file, ask, self._bounds(limit), on_progress, say)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return Fetched(part.size, part.served.media_type, part.served.name)

    def _bounds(self, limit: int | None) -> Bounds:
        size = self._limits.fetched if limit is None else min(limit, self._limits.fetched)
        whose = "setting limits.fetched" if size == self._limits.fetched else "the limit of this input"
        return Bounds(size, whose, self._settings.expansion)

    def _download(
        self,
        url: str,
        file: BinaryIO,
        ask: Ask,
        bounds: Bounds,
        on_progress: Told | None,
        say: Say | None,
    ) -> Part:
        part: Part | None = None

        def tick() -> None:
            if on_progress:
                on_progress(part.received if part else 0, part.total if part else None)

        attempts = Attempts(self._settings, tick, say, self._sleep)
        plain = _plain(ask)
        while True:
            own = part.rest() if part and plain else None
            if own is None:
                part = None
            try:
                with self._asking.answer(url, ask, own) as answer:
                    if part is None or answer.status_code == HTTPStatus.OK:
                        file.seek(0)
                        file.truncate()
                        part = Part(answer, url, file, bounds)
                    elif answer.status_code == HTTPStatus.PARTIAL_CONTENT:
                        part.goes_on(answer)
                    else:
                        raise OtherContent
                    part.take(answer, attempts, on_progress)
                    return part
            except OtherContent:
                part = None
                attempts.failed(f"what lies at {shown(url)} changed while it was fetched")
            except Passing as failure:
                if failure.sent and ask.method != "GET":
                    raise FetchFailed(str(failure)) from None
                attempts.failed(str(failure), failure.wait)


def _plain(ask: Ask) -> bool:
    """Whether headers of ours may go with it."""
    return (
        ask.method == "GET"
        and ask.body is None
        and _CONDITIONAL.isdisjoint(n.lower() for n, _ in ask.headers)
    )
