"""Lists and descriptions where there are many processes, against uvicorn sending the same bytes."""

from __future__ import annotations

import http.client

from benchmarks import floors
from benchmarks.load import get, send
from benchmarks.measures import Row, best
from benchmarks.server import PROCESSES, Server, serving
from benchmarks.workloads import Plan

MANY = PROCESSES / "many.py"
CONNECTIONS = 8
PATHS = {
    "first page of 500 processes": "/processes",
    "list of all 500 processes": "/processes?limit=500",
    "description of one of 500 processes": "/processes/process-250",
}


def listing(plan: Plan) -> list[Row]:
    """Rates with 8 connections."""
    rates, replies = {}, {}
    with serving(plan.fresh("listing"), MANY) as server:
        for about, path in PATHS.items():
            replies[about] = reply(server, path)
            rates[about] = rate(server.port, path, plan)
    rows = []
    for about, path in PATHS.items():
        with floors.bare_asgi(replies[about]) as port:
            floor = rate(port, path, plan)
        size = len(replies[about][1])
        rows.append(Row(f"{about} ({size:,} bytes)", rates[about], "1/s", floor, 0.4, of_ratio=True))
    return rows


def rate(port: int, path: str, plan: Plan) -> float:
    return best(lambda: send(port, get(path), CONNECTIONS, plan.seconds).rate, plan.repeat)


def reply(server: Server, path: str) -> floors.Reply:
    """Headers, without what a server adds to each, and body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers={"Accept": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return [(n, v) for n, v in answer.getheaders() if n.lower() != "date"], body
