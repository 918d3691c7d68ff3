"""OGC API - Processes 1.0 (OGC 18-062r2), core."""

from azenha.protocols.ogcapi.dialect import OgcApi

__all__ = ["OgcApi"]
