"""A stub of an OGC API - Processes server, and a clean place to run commands in."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from stub_server import Stub

from azenha.cli import main
from azenha.loading import PREFIX


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.close()


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    """No settings but the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


@pytest.fixture
def azenha(capsys) -> Callable[..., Ran]:
    """Run a command line; its exit code and what it printed."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def bootstrap(monkeypatch):
    """Stands for every module of azenha.bootstrap, whose functions the tests set."""
    module = types.ModuleType("azenha.bootstrap")
    for name in ("catalogue", "serving", "web", "worker"):
        monkeypatch.setitem(sys.modules, f"azenha.bootstrap.{name}", module)

    def local_at(url: str) -> None:
        @contextlib.contextmanager
        def local(settings):
            module.settings = settings
            yield url

        module.local = local
        module.NotStarted = type("NotStarted", (Exception,), {})

    module.local_at = local_at
    return module
