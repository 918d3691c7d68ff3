"""The words of each edition for the states of a job."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from azenha.domain.job import JobState as S

# 1.0.0 (wpsExecute_response.xsd, StatusType): the element in `wps:Status`. It knows no dismissal: for whoever
# looks, the job came to nothing. A removed one is shown to nobody.
V1: Final[Mapping[S, str]] = MappingProxyType(
    {
        S.CREATED: "ProcessAccepted",
        S.ACCEPTED: "ProcessAccepted",
        S.HELD: "ProcessPaused",
        S.RUNNING: "ProcessStarted",
        S.PAUSED: "ProcessPaused",
        S.SUCCEEDED: "ProcessSucceeded",
        S.FAILED: "ProcessFailed",
        S.DISMISSED: "ProcessFailed",
        S.REMOVED: "ProcessFailed",
    }
)

# 2.0 (14-065r2 §9.5): the text of `wps:Status`, an open list. Dismissed and Paused are ours to say.
V2: Final[Mapping[S, str]] = MappingProxyType(
    {
        S.CREATED: "Accepted",
        S.ACCEPTED: "Accepted",
        S.HELD: "Paused",
        S.RUNNING: "Running",
        S.PAUSED: "Paused",
        S.SUCCEEDED: "Succeeded",
        S.FAILED: "Failed",
        S.DISMISSED: "Dismissed",
        S.REMOVED: "Dismissed",
    }
)
