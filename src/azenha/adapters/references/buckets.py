"""References by `s3:`: objects of buckets that the operator named, through obstore, with the operator's credentials.

The client names bucket and key; service, region and credentials are the root's. The rule of addresses has no part
in it: where the service is, the operator says.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from azenha.adapters.http import PIECE
from azenha.adapters.references.attempts import Attempts, Sleep
from azenha.adapters.references.cache import Cache, Came, Kept, fetched, key
from azenha.adapters.references.part import Served
from azenha.adapters.references.receiving import Bounds, OtherContent, Receiving
from azenha.domain.addresses import shown
from azenha.domain.errors import FetchFailed, ForbiddenAddress
from azenha.domain.roots import ANONYMOUS, SETTING, Bucket, object_key
from azenha.settings import LimitSettings, ReferenceSettings
from azenha.usecases.ports import FREELY, PLAINLY, Ask, Fetched, Received, Say, Terms

_STATUS: Final = re.compile(r"status code: (\d{3}[ A-Za-z]*)")
_CODE: Final = re.compile(r"<Code>(\w{1,60})</Code>")
_PASSING: Final = re.compile("429|5..")


class _Passing(Exception):
    """A failure that may pass."""


class _NotModified(Exception):
    """What was kept holds."""


class Buckets:
    """Implements `Fetch` of usecases.ports for `s3`. `environment` has the credentials that the roots name."""

    def __init__(
        self,
        roots: Sequence[Bucket],
        limits: LimitSettings,
        settings: ReferenceSettings,
        environment: Mapping[str, str],
        cache: Cache | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        # Of two roots that hold a key, the closer one knows better how to get it.
        self._roots = sorted(roots, key=lambda root: -len(root.prefix))
        self._limits = limits
        self._settings = settings
        self._environment = environment
        self._cache = cache
        self._sleep = sleep
        self._stores: dict[Bucket, Any] = {}

    def __call__(self, url: str, target: Path, ask: Ask = PLAINLY, terms: Terms = FREELY) -> Fetched:
        if ask != PLAINLY:
            raise FetchFailed(f"{shown(url)} is an object: it takes no method, headers or body")
        root, names = self._root(url)
        store = self._store(root)
        told, say = terms.on_progress, terms.say
        download = _Download(store, "/".join(names), shown(url), self._settings.expansion, told, say)
        attempts = Attempts(self._settings, download.tick, say, self._sleep)
        # Who else may name this bucket may come with other credentials.
        same = key(url, [("root", repr(root))])
        bounds = Bounds.of(self._limits, terms.limit)

        def into(file: BinaryIO, kept: Kept | None) -> Came | Kept:
            got = download.run(file, bounds, attempts, kept)
            if isinstance(got, Kept):
                return got
            etag = download.etag
            served = Served(same, download.media_type, names[-1], etag, None, keep=etag is not None)
            return got.size, served

        return fetched(target, self._cache, same, into, download.say)

    def _root(self, url: str) -> tuple[Bucket, tuple[str, ...]]:
        try:
            bucket, names = object_key(url)
        except ValueError as reason:
            raise ForbiddenAddress(f"'{shown(url)}' may not be read: {reason}") from None
        root = next((root for root in self._roots if root.holds(bucket, names)), None)
        if root is None:
            raise ForbiddenAddress(
                f"'{shown(url)}' may not be read: it is in no bucket, or below no prefix, that the operator "
                f"allowed (setting {SETTING})"
            )
        return root, names

    def _store(self, root: Bucket) -> Any:
        if root not in self._stores:
            self._stores[root] = self._opened(root)
        return self._stores[root]

    def _opened(self, root: Bucket) -> Any:
        try:
            from obstore.store import S3Store
        except ModuleNotFoundError:
            raise FetchFailed("objects of S3 cannot be read: pip install azenha[s3]") from None
        config: Any = {"region": root.region, "skip_signature": root.credentials == ANONYMOUS}
        if root.endpoint is not None:
            config["endpoint"] = root.endpoint
        more: dict[str, Any] = {}
        if root.credentials != ANONYMOUS:
            credentials = self._credentials(root)
            # Told in this way, nothing of the environment's is mixed in.
            more["credential_provider"] = lambda: credentials
        seconds = {
            "connect_timeout": self._limits.connect,
            "read_timeout": self._limits.silence,
            "timeout": self._settings.time,
        }
        options: Any = {name: f"{max(1, round(value * 1000))}ms" for name, value in seconds.items()}
        options["allow_http"] = (root.endpoint or "").startswith("http:")
        return S3Store(
            root.name,
            config=config,
            client_options=options,
            retry_config={"max_retries": 0},  # attempts are counted, and told, here
            **more,
        )

    def _credentials(self, root: Bucket) -> dict[str, object]:
        given = {
            name: self._environment.get(f"{root.credentials}_{name}".upper(), "")
            for name in ("access_key_id", "secret_access_key", "session_token")
        }
        if not given["access_key_id"] or not given["secret_access_key"]:
            raise FetchFailed(f"the server has no credentials for bucket '{root.name}' (setting {SETTING})")
        token = given.pop("session_token") or None
        return {**given, "token": token, "expires_at": None}


class _Download:
    """Of one object."""

    def __init__(
        self, store: Any, name: str, where: str, expansion: int, told: Received | None, say: Say | None
    ) -> None:
        self._store = store
        self._name = name
        self._where = where
        self._expansion = expansion
        self._told = told
        self.say: Say = say or (lambda text: None)
        self._content: Receiving | None = None
        self.etag: str | None = None
        self.media_type: str | None = None

    def tick(self) -> None:
        self._tell(
            self._content.received if self._content else 0, self._content.total if self._content else None
        )

    def _tell(self, received: int, total: int | None) -> None:
        if self._told:
            self._told(received, total)

    def run(self, file: BinaryIO, bounds: Bounds, attempts: Attempts, kept: Kept | None) -> Receiving | Kept:
        """What was written to `file`: the object, or a copy of `kept`, which is the same."""
        while True:
            try:
                with self._translated():
                    return self._once(file, bounds, attempts, kept)
            except _NotModified:
                if kept is not None and kept.given_out(file, bounds, self._where, self._tell, self.say):
                    return kept
                kept = None
            except OtherContent:
                self._content = None
                attempts.failed(f"{self._where} changed while it was fetched")
            except _Passing as failure:
                attempts.failed(str(failure))

    def _once(self, file: BinaryIO, bounds: Bounds, attempts: Attempts, kept: Kept | None) -> Receiving:
        import obstore

        options: Any = {}
        going_on = self._content is not None and self._content.received > 0 and self.etag is not None
        if self._content is not None and going_on:
            options = {"range": {"offset": self._content.received}, "if_match": self.etag}
        elif kept is not None and kept.etag is not None:
            options = {"if_none_match": kept.etag}
        got = obstore.get(self._store, self._name, options=options)
        if self._content is None or not going_on:
            self.etag = got.meta["e_tag"]
            self.media_type = got.attributes.get("Content-Type")
            encoding = str(got.attributes.get("Content-Encoding", "")).lower()
            total = got.meta["size"]
            self._content = Receiving(file, bounds, self._expansion, self._where, encoding, total)
        elif got.range[0] != self._content.received or got.meta["size"] != self._content.total:
            raise OtherContent
        self._content.take(map(bytes, got.stream(PIECE)), attempts, self._told)
        if not self._content.complete:
            raise _Passing(f"only {self._content.received:,} of {self._content.total:,} bytes came")
        self._content.end()
        return self._content

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from obstore import exceptions

        try:
            yield
        except exceptions.PreconditionError:
            raise OtherContent from None
        except exceptions.NotModifiedError:
            raise _NotModified from None
        except FileNotFoundError as error:
            if error.errno is not None:  # of the system, and not of obstore
                raise
            raise FetchFailed(f"404 Not Found from {self._where}") from None
        except exceptions.BaseError as error:
            # What it says is long, and names the service, which is nobody's business.
            status, code = _STATUS.search(str(error)), _CODE.search(str(error))
            if status is None:
                raise _Passing(f"no answer, or a broken one, from the store of {self._where}") from None
            said = status[1].strip() + (f" ({code[1]})" if code else "")
            kind = _Passing if _PASSING.match(status[1]) else FetchFailed
            raise kind(f"{said} from {self._where}") from None
