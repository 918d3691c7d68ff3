"""`azenha run` and `azenha results`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from azenha.console.client import ENDED, Client, JobAt, Refused
from azenha.console.exact import write_json
from azenha.console.exits import FAILED, INTERRUPTED, OK, USAGE, Stop
from azenha.console.inputs import read_inputs
from azenha.console.place import server
from azenha.console.progress import progress
from azenha.console.results import Places, lines, places, read_results, request, save
from azenha.console.text import say


def run(options: argparse.Namespace) -> int:
    with server(options) as (client, lasting):
        description = client.process(options.process)
        outputs = list(description.get("outputs") or ())
        where = places(options.output, outputs)
        wait = options.wait or bool(where) or not lasting
        if wait and not options.wait:
            # A server for this command alone ends with it, and outputs can only be saved at the end.
            say("waiting for the job" + ("" if lasting else ": no server runs on the data folder"))
        inputs = read_inputs(description.get("inputs") or {}, options.input)
        background = "async-execute" in description.get("jobControlOptions", ("async-execute",))
        answer = client.execute(options.process, {"inputs": inputs, **request(description)}, background)
        if isinstance(answer, JobAt):
            if not wait:
                return _submitted(answer, options)
            job = _followed(client, answer, options.process)
            return _ended(client, job, options, outputs, where)
        return _shown(client, answer, options, outputs, where)


def _submitted(job: JobAt, options: argparse.Namespace) -> int:
    """Standard output has the job's id alone, for scripts: `JOB=$(azenha run …)`."""
    print(write_json(job.info, 2) if options.json else job.id)
    say(f"accepted: {job.url}")
    return OK


def _followed(client: Client, job: JobAt, title: str) -> JobAt:
    say(f"job {job.id}: {job.url}")
    try:
        with progress(title) as seen:
            return client.follow(job, seen)
    except KeyboardInterrupt:
        return _dismissed(client, job)


def _dismissed(client: Client, job: JobAt) -> JobAt:
    """Ctrl-C: dismiss the job, unless it ended in the meantime: then a dismiss would remove its results."""
    try:
        now = client.again(job)
        if now.info.get("status") in ENDED:
            say(f"job {job.id} had ended already ({now.info.get('status')})")
        else:
            client.dismiss(job)
            say(f"job {job.id} was dismissed")
    except Stop as stop:
        say(f"job {job.id} could not be dismissed and may still run", *stop.lines)
    raise Stop(INTERRUPTED, "interrupted")


def results(options: argparse.Namespace) -> int:
    with server(options) as (client, _):
        job = client.job(options.job)
        status = job.info.get("status")
        if status not in ENDED:
            raise Stop(USAGE, f"job {job.id} has no results yet: it is {status}")
        where = places(options.output, ())
        return _ended(client, job, options, _outputs(client, job), where)


def _outputs(client: Client, job: JobAt) -> list[str]:
    """The outputs of a job's process; none if the process is not served any more."""
    process = job.info.get("processID")
    if not isinstance(process, str):
        return []
    try:
        return list(client.process(process).get("outputs") or ())
    except Refused:
        return []


def _ended(client: Client, job: JobAt, options: argparse.Namespace, outputs: list[str], where: Places) -> int:
    status = job.info.get("status")
    if status != "successful":
        raise Stop(
            FAILED, f"job {job.id} {'failed' if status == 'failed' else f'was {status}'}", *_why(client, job)
        )
    return _shown(client, client.results(job), options, outputs, where)


def _why(client: Client, job: JobAt) -> list[str]:
    """The reason of a failure: what the results' address answers says more than the status does."""
    if job.info.get("status") == "failed":
        try:
            client.results(job)
        except Stop as stop:
            return [f"  {line}" for line in stop.lines]
    message = job.info.get("message")
    return [f"  {message}"] if message else []


def _shown(
    client: Client, answer: object, options: argparse.Namespace, outputs: list[str], where: Places
) -> int:
    found = read_results(answer, outputs)
    saved: Mapping[str, Any] = save(client, found, where) if where else {}
    if options.json:
        print(write_json(answer if isinstance(answer, dict | list) else None, 2))
    else:
        for line in lines({id: result for id, result in found.items() if id not in saved}):
            print(line)
    for id, paths in saved.items():
        for path in paths:
            if options.json:
                say(f"{id}: saved as {path}")
            else:
                print(f"{id}: {path}")
    return OK
