"""Results in an S3-compatible object store, through obstore. Implements `Blobs`; its paths have presigned links.

`<prefix>/<server>/<job>/<attempt>/<key>`: the server's own name keeps those apart that share a bucket. Large files go
in parts and come in ranges, a few MiB at a time. What was kept on this machine before is still read from there.
Copies that are served stay here: whoever serves them opens files.
"""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from azenha.adapters.blobs.local import LocalBlobs
from azenha.domain.blob_path import BlobPath
from azenha.domain.errors import ResultsUnreachable
from azenha.domain.values import StoredFile
from azenha.usecases.ports import NotKept

PIECE: Final = 8 * 1024 * 1024  # bytes of one range that is read, and of one part that is sent
PARTS: Final = 9_000  # S3 takes 10,000 parts of one object
PARTS_AT_ONCE: Final = 4
COPIES: Final = "copies"  # folder in the data folder, of what is served
REMOVED_AT_ONCE: Final = 500
LONGEST_LINK: Final = timedelta(days=7)  # Signature Version 4 allows no more
TIMEOUT: Final = "120s"  # one request with its piece
CONNECT: Final = "10s"

_log = logging.getLogger("azenha")

Headers = Callable[[StoredFile], Mapping[str, str]]


class Place(Protocol):
    """Where the store is: the settings of results."""

    @property
    def store(self) -> str: ...
    @property
    def endpoint(self) -> str | None: ...
    @property
    def region(self) -> str | None: ...


def s3_blobs(place: Place, data: Path, headers: Headers) -> S3Blobs:
    """The store that the settings name; keys are taken from the environment (`AWS_*`), as all clients of S3 do.

    Args:
        headers: that a file is served with by the store itself.
    """
    address = urlsplit(place.store)
    options: dict[str, Any] = {}
    if place.endpoint is not None:
        options |= {"endpoint": place.endpoint, "virtual_hosted_style_request": False}
    if place.region is not None:
        options["region"] = place.region
    elif place.endpoint is not None and not _region_of_environment():
        options["region"] = "us-east-1"  # what servers of one's own are called by default
    client: Any = {"timeout": TIMEOUT, "connect_timeout": CONNECT, "allow_http": _is_http(place.endpoint)}
    prefix = "/".join((*address.path.strip("/").split("/"), _name_of(data))).strip("/")
    store = S3Store(address.netloc, prefix=prefix, client_options=client, **options)
    return S3Blobs(store, place.store.rstrip("/"), headers, LocalBlobs(data), LocalBlobs(data, COPIES))


def _region_of_environment() -> bool:
    return any(name in os.environ for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))


def _is_http(endpoint: str | None) -> bool:
    return endpoint is not None and endpoint.lower().startswith("http://")


def _name_of(data: Path) -> str:
    """This data folder's name in the store, made with the first use; two that start at once agree on it."""
    file = data / "results.id"
    fresh = data / f"results.id.{uuid.uuid4().hex}"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        fresh.write_text(uuid.uuid4().hex)
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            fresh.rename(file)
        fresh.unlink(missing_ok=True)
    return file.read_text().strip()


class S3Blobs:
    def __init__(
        self, store: S3Store, address: str, headers: Headers, before: LocalBlobs, copies: LocalBlobs
    ) -> None:
        """
        Args:
            address: of the bucket and prefix, for messages.
            before: what was kept on this machine, before this store was set.
            copies: those that are served, of what is in this store.
        """
        self._store = store
        self._address = address
        self._headers = headers
        self._before = before
        self._copies = copies

    def put(self, job: str, attempt: int, folder: Path, files: Sequence[StoredFile]) -> None:
        try:
            self._keep_copies(job, attempt, folder, files)
            for file in files:
                obstore.put(
                    self._store,
                    _path(job, attempt, file.key),
                    folder / file.key,
                    attributes=dict(self._headers(file)),
                    use_multipart=file.size > PIECE,
                    chunk_size=max(PIECE, -(-file.size // PARTS)),
                    max_concurrency=PARTS_AT_ONCE,
                )
        except (BaseError, OSError) as error:
            with suppress(BaseError):
                self.remove(job, attempt)
            raise NotKept(f"{self._address} did not take the files: {_short(error)}") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _keep_copies(self, job: str, attempt: int, folder: Path, files: Sequence[StoredFile]) -> None:
        keys = [file.published.key for file in files if file.published is not None]
        if not keys:
            return
        apart = folder.with_name(f"{folder.name}.{COPIES}")
        try:
            for key in keys:
                (apart / key).parent.mkdir(parents=True, exist_ok=True)
                (folder / key).rename(apart / key)
            self._copies.put(job, attempt, apart, ())
        finally:
            shutil.rmtree(apart, ignore_errors=True)

    def place(self, job: str, attempt: int) -> str:
        local = self._before.place(job, attempt)
        if os.path.isdir(local):
            return local
        return BlobPath.of(f"{self._address}/{job}/{attempt}", _Folder(self, job, attempt))

    def served(self, job: str, attempt: int) -> str:
        local = self._before.place(job, attempt)
        return local if os.path.isdir(local) else self._copies.place(job, attempt)

    def size(self, job: str, attempt: int, key: str) -> int | None:
        try:
            return int(obstore.head(self._store, _path(job, attempt, key))["size"])
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise self._unreachable(error) from None

    def read(self, job: str, attempt: int, key: str, start: int, end: int) -> Iterator[bytes]:
        path = _path(job, attempt, key)
        while start < end:
            until = min(start + PIECE, end)
            try:
                piece = bytes(obstore.get_range(self._store, path, start=start, end=until))
            except FileNotFoundError:
                raise
            except BaseError as error:
                raise self._unreachable(error) from None
            if len(piece) != until - start:
                raise FileNotFoundError(f"{key} has no byte {start + len(piece)}")
            yield piece
            start = until

    def _unreachable(self, error: BaseError) -> ResultsUnreachable:
        _log.error("%s does not give out results: %s", self._address, _short(error))
        return ResultsUnreachable()

    def remove(self, job: str, attempt: int | None = None) -> None:
        self._before.remove(job, attempt)
        self._copies.remove(job, attempt)
        prefix = f"{job}/" if attempt is None else f"{job}/{attempt}/"
        for batch in obstore.list(self._store, prefix=prefix, chunk_size=REMOVED_AT_ONCE):
            with suppress(FileNotFoundError):
                obstore.delete(self._store, [one["path"] for one in batch])

    def jobs(self, older: float) -> list[str]:
        before = datetime.now(UTC) - timedelta(seconds=older)
        newest: dict[str, datetime] = {}
        for batch in obstore.list(self._store):
            for one in batch:
                job, changed = one["path"].partition("/")[0], one["last_modified"]
                newest[job] = max(changed, newest.get(job, changed))
        found = [job for job, changed in newest.items() if changed < before]
        here = (*self._before.jobs(older), *self._copies.jobs(older))
        return list(dict.fromkeys((*found, *here)))

    def link(self, job: str, attempt: int, key: str, until: datetime) -> str | None:
        left = min(until - datetime.now(UTC), LONGEST_LINK)
        if left < timedelta(seconds=1):
            return None
        return obstore.sign(self._store, "GET", _path(job, attempt, key), left)


@dataclass(frozen=True, slots=True)
class _Folder:
    """An attempt, as `BlobPath` reads it."""

    blobs: S3Blobs
    job: str
    attempt: int

    def size(self, key: str) -> int | None:
        return self.blobs.size(self.job, self.attempt, key)

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        return self.blobs.read(self.job, self.attempt, key, start, end)

    def link(self, key: str, until: datetime) -> str | None:
        return self.blobs.link(self.job, self.attempt, key, until)


def _path(job: str, attempt: int, key: str) -> str:
    return f"{job}/{attempt}/{key}"


def _short(error: Exception) -> str:
    """The first line: what follows are headers and bodies, which are for nobody who runs a process."""
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
