"""Servers as processes of their own. Each test starts those whose settings it needs; most share one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from live_server import BASIC, HERE, PROCESSES, SHORT, LiveServer

Start = Callable[..., LiveServer]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if sys.platform != "linux":
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="survivors are looked for in /proc (Linux)"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server of this test's own; settings by table, over the short leases of all."""
    servers: list[LiveServer] = []

    def started(
        *targets: str | Path, environ: Mapping[str, str] | None = None, **tables: Mapping[str, Any]
    ) -> LiveServer:
        settings = {name: {**SHORT.get(name, {}), **tables.get(name, {})} for name in {**SHORT, **tables}}
        server = LiveServer(tmp_path, targets or [PROCESSES, BASIC], settings, environ)
        servers.append(server)
        server.start()
        return server

    yield started
    for server in servers:
        server.end()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for the tests of a module that leave it as it was."""
    server = LiveServer(
        tmp_path_factory.mktemp("server"), [PROCESSES, BASIC], SHORT | {"limits": {"body": 1 << 20}}
    )
    server.start()
    yield server
    server.end()
