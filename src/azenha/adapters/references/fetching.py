"""The one way to data elsewhere: each scheme has its own fetcher. Implements `Fetch` of usecases.ports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from azenha.adapters.references.buckets import Buckets
from azenha.adapters.references.cache import Cache
from azenha.adapters.references.download import Fetcher
from azenha.adapters.references.files import Files
from azenha.domain.addresses import AddressPolicy, shown
from azenha.domain.errors import ForbiddenAddress
from azenha.domain.roots import Bucket, Folder, parse_root, remedy, schemes
from azenha.settings import LimitSettings, ReferenceSettings
from azenha.usecases.ports import FREELY, PLAINLY, Ask, Fetch, Fetched, Terms


class References:
    """Fetches by scheme; not for several threads at once."""

    def __init__(self, by_scheme: Mapping[str, Fetch]) -> None:
        self._by_scheme = by_scheme

    @classmethod
    def of(
        cls,
        policy: AddressPolicy,
        limits: LimitSettings,
        settings: ReferenceSettings,
        folder: Path,
        environment: Mapping[str, str],
    ) -> References:
        """By the settings; `folder` is for what is kept, `environment` has the credentials that roots name."""
        cache = Cache(folder, settings.cache) if settings.cache else None
        http = Fetcher(policy, limits, settings=settings, cache=cache)
        roots = [parse_root(text) for text in settings.roots]
        buckets = [root for root in roots if isinstance(root, Bucket)]
        objects = Buckets(buckets, limits, settings, environment, cache)
        files = Files([root for root in roots if isinstance(root, Folder)], limits)
        fetchers: dict[str, Fetch] = {"http": http, "https": http, "file": files, "s3": objects}
        return cls({scheme: fetchers[scheme] for scheme in schemes(settings.roots)})

    def __call__(self, url: str, target: Path, ask: Ask = PLAINLY, terms: Terms = FREELY) -> Fetched:
        scheme = url.partition(":")[0].lower()
        fetch = self._by_scheme.get(scheme)
        if fetch is None:
            allowed = " and ".join(self._by_scheme)
            raise ForbiddenAddress(
                f"'{shown(url)}' may not be used: only {allowed} addresses are{remedy(scheme)}"
            )
        return fetch(url, target, ask, terms)
