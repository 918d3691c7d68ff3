"""Where results are kept, by the settings."""

from __future__ import annotations

from azenha.adapters.blobs.local import LocalBlobs
from azenha.settings import LOCAL, Settings
from azenha.usecases.ports import Blobs


def blobs_of(settings: Settings) -> Blobs:
    if settings.results.store == LOCAL:
        return LocalBlobs(settings.data)
    # Not needed, and not loaded, by a server that keeps its results itself.
    from azenha.adapters.blobs.s3 import s3_blobs
    from azenha.protocols.entity import headers_of

    return s3_blobs(settings.results, settings.data, lambda file: dict(headers_of(file)))
