"""The JSON documents about jobs, as Python data: statusInfo.yaml and jobList.yaml of 1.0 and of 2.0 at once."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from azenha.domain.callbacks import Standing
from azenha.domain.job import Job, JobState
from azenha.domain.messages import JobsListed, ListJobs, OutputValue
from azenha.protocols.http import Site
from azenha.protocols.ogcapi.documents import (
    Document,
    Link,
    both,
    instant,
    job_address,
    link,
    process_address,
    profile,
)
from azenha.protocols.ogcapi.faults import FAILURES
from azenha.protocols.ogcapi.words import PACKAGES, RELATION, STATUS, WAITS
from azenha.protocols.services.addresses import links as service_links

PROVENANCE = "http://www.w3.org/ns/prov#has_provenance"  # W3C PROV-AQ


def status(
    job: Job,
    site: Site,
    *,
    gone: bool = False,
    callbacks: Sequence[Standing] = (),
    pausable: bool = False,
    published: Sequence[OutputValue] = (),
) -> Document:
    """statusInfo.yaml. Members without a value are left out: its schema knows no null.

    Args:
        gone: the job is removed, so that nothing about it can be linked.
        callbacks: told in a member of our own, where any were asked for.
        pausable: it is known that the job can be paused, where its state allows it.
        published: outputs whose services are linked.
    """
    found: Document = {
        "jobID": job.id,
        "id": job.id,
        "processID": job.process,
        "type": "process",
        "processingEntityType": "ogc-api-processes",
        "status": STATUS[JobState.DISMISSED if gone else job.state],
    }
    message = job.message
    if job.state in WAITS:
        message = f"{WAITS[job.state]}; before that: {message}" if message else WAITS[job.state]
    if job.failure is not None:
        message = f"{job.failure.message} (reference {job.failure.reference})"
    if message:
        found["message"] = message
    if job.failure is not None:
        code, title = FAILURES[job.failure.kind]
        found["exception"] = {"type": "about:blank", "title": title, "status": code, "detail": message}
    found["progress"] = 100 if job.state is JobState.SUCCEEDED else job.progress
    for name, time in (
        ("created", job.created),
        ("started", job.started),
        ("finished", job.finished),
        ("updated", job.updated),
        ("expires", job.expires),
    ):
        if time is not None:
            found[name] = instant(time)
    if callbacks:
        found["callbacks"] = [_standing(one) for one in callbacks]
    found["links"] = _job_links(job, site, gone, pausable, published)
    return found


def _standing(one: Standing) -> Document:
    told: Document = {
        "occasion": str(one.occasion),
        "receiver": one.place,
        "state": str(one.state),
        "attempts": one.attempts,
        "updated": instant(one.updated),
    }
    return told if one.said is None else {**told, "answer": one.said}


def _job_links(
    job: Job, site: Site, gone: bool, pausable: bool, published: Sequence[OutputValue]
) -> list[Link]:
    address = job_address(site, job.id)
    around = [
        link(process_address(site, job.process), f"{RELATION}process", title="Process"),
        link(f"{site.base}/jobs", f"{RELATION}job-list", title="Jobs"),
        link(f"{site.base}/jobs", "up"),
    ]
    if gone or job.state is JobState.REMOVED:
        return around
    links = [*both(address), link(address, "monitor", title="Status")]
    if job.state is JobState.SUCCEEDED:
        links.append(link(f"{address}/results", f"{RELATION}results", title="Results"))
        links += [
            link(f"{address}/results?f={name}", "enclosure", type, f"Results as {name}")
            for name, type in PACKAGES.items()
        ]
    for output in published:
        for one in service_links(output, job.id, site):
            rel = "service" if one.rel == "service" else "preview"
            links.append(link(one.href, rel, one.type, f"{output.id}: {one.title}"))
    # Ours: to be sent an empty POST. There is no room for it in the closed list of jobControlOptions.
    if job.state in WAITS:
        links.append(link(f"{address}/resume", "resume", title="Resume"))
    elif pausable and job.state in (JobState.ACCEPTED, JobState.RUNNING):
        links.append(link(f"{address}/pause", "pause", title="Pause"))
    return [
        *links,
        link(f"{address}/log", f"{RELATION}log", "text/plain", "Log"),
        link(f"{address}/definition", "describedby", title="Definition"),
        link(f"{address}/inputs", "related", title="Inputs"),
        link(f"{address}/prov", PROVENANCE, title="Provenance"),
        *around,
        profile("job"),
    ]


def job_list(outcome: JobsListed, site: Site) -> Document:
    address, asked = f"{site.base}/jobs", outcome.command
    links = both(f"{address}?{_query(asked, asked.after, asked.before)}")
    if outcome.next is not None:
        links.append(link(f"{address}?{_query(asked, outcome.next, None)}", "next"))
    if outcome.prev is not None:
        links.append(link(f"{address}?{_query(asked, None, outcome.prev)}", "prev"))
    links.append(profile("jobs"))
    return {"jobs": [status(job, site) for job in outcome.jobs], "links": links}


def _query(asked: ListJobs, after: str | None, before: str | None) -> str:
    pairs: list[tuple[str, str]] = [("limit", str(asked.limit))]
    pairs += [("status", word) for word in dict.fromkeys(STATUS[JobState(state)] for state in asked.states)]
    pairs += [("processID", process) for process in asked.processes]
    if asked.since is not None or asked.until is not None:
        ends = [".." if end is None else instant(end) for end in (asked.since, asked.until)]
        pairs.append(("datetime", "/".join(ends)))
    for name, seconds in (("minDuration", asked.shortest), ("maxDuration", asked.longest)):
        if seconds is not None:
            pairs.append((name, f"{seconds}"))
    for name, cursor in (("after", after), ("before", before)):
        if cursor is not None:
            pairs.append((name, cursor))
    return urlencode(pairs)
