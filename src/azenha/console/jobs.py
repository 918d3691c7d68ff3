"""`azenha jobs`, `azenha logs`, `azenha pause`, `azenha resume` and `azenha cancel`."""

from __future__ import annotations

import argparse
import sys
import time

from azenha.console.client import ENDED, Client, JobAt
from azenha.console.exact import write_json
from azenha.console.exits import OK
from azenha.console.place import server
from azenha.console.text import printable, say, table

PAUSE = 0.5  # seconds between looks at a log that is followed


def jobs(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        found = client.jobs(options.limit, tuple(options.status), tuple(options.process))
    if options.json:
        print(write_json(found, 2))
        return OK
    rows = [
        (
            job.get("jobID") or job.get("id") or "",
            job.get("processID") or "",
            job.get("status") or "",
            f"{job['progress']} %" if "progress" in job else "",
            job.get("created") or "",
            job.get("message") or "",
        )
        for job in found["jobs"]
    ]
    print(*table(("job", "process", "status", "progress", "created", "message"), rows), sep="\n")
    return OK


def logs(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        job = client.job(options.job)
        offset = 0
        while True:
            # Asked before the log: what was written until the end is then in the log that is read.
            ended = job.info.get("status") in ENDED
            offset += _print(client, job, offset)
            if ended or not options.follow:
                return OK
            time.sleep(PAUSE)
            job = client.again(job)


def _print(client: Client, job: JobAt, offset: int) -> int:
    """Print the log from `offset` on; how many bytes that was. A line that is half written waits."""
    content = client.log(job, offset)
    if job.info.get("status") not in ENDED:
        content = content[: content.rfind(b"\n") + 1]
    text = content.decode("utf-8", errors="replace")
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()
    return len(content)


def pause(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        job = client.pause(client.job(options.job))
    say(f"job {job.id} is {'held in the queue' if job.info.get('status') == 'accepted' else 'paused'}")
    return _told(options, job)


def resume(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        job = client.resume(client.job(options.job))
    say(f"job {job.id} {'waits in the queue' if job.info.get('status') == 'accepted' else 'runs'}")
    return _told(options, job)


def cancel(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        job = client.job(options.job)
        status = job.info.get("status")
        if status in ENDED and not options.remove:
            say(f"job {job.id} has ended already ({status}); --remove removes it with its results")
        else:
            job = client.dismiss(job)
            say(f"job {job.id} was {'removed' if status in ENDED else 'dismissed'}")
    return _told(options, job)


def _told(options: argparse.Namespace, job: JobAt) -> int:
    if options.json:
        print(write_json(job.info, 2))
    return OK
