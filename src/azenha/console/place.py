"""Where a command works: its settings, and the server that it asks."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from azenha import interrupts
from azenha.console.exits import UNREACHABLE, USAGE, Stop
from azenha.loading import DEFAULT_FILE, Loaded, SettingsError, load_with_sources
from azenha.settings import Settings

if TYPE_CHECKING:
    from azenha.console.client import Client

SERVER_FILE = "server.json"  # in the data folder, while a server runs on it


def settings(options: argparse.Namespace) -> Loaded:
    """Settings from the file, the environment and the command's options.

    Raises:
        Stop: with every problem.
    """
    try:
        return read(options)
    except SettingsError as error:
        raise Stop(USAGE, "the settings are wrong", *(f"  {problem}" for problem in error.problems)) from None


def read(options: argparse.Namespace) -> Loaded:
    """As `settings`; raises SettingsError."""
    path = Path(options.config) if options.config else None
    if path is None and Path(DEFAULT_FILE).exists():
        path = Path(DEFAULT_FILE)
    given = vars(options)
    overrides = {
        name: given[option]
        for option, name in (
            ("data", "data"),
            ("host", "server.host"),
            ("port", "server.port"),
            ("slots", "queue.slots"),
        )
        if given.get(option) is not None
    }
    if given.get("targets"):
        overrides["targets"] = tuple(given["targets"])
    if given.get("public"):
        overrides["server.public"] = True
    return load_with_sources(path, os.environ, overrides)


@contextmanager
def server(options: argparse.Namespace) -> Iterator[tuple[Client, bool]]:
    """The server that a command asks, and whether it goes on after the command."""
    from azenha.console.client import Client

    if options.url:
        with Client(options.url) as client:
            yield client, True
        return
    here = settings(options).settings
    running = recorded(here)
    from azenha.bootstrap.serving import NotStarted, local

    with ExitStack() as stack:
        try:
            url = stack.enter_context(local(here))
        except NotStarted:
            raise Stop(
                UNREACHABLE, f"no server runs on {here.data}, and none could be started for this command"
            ) from None
        interrupts.check()
        yield stack.enter_context(Client(url)), url == running


def recorded(settings: Settings) -> str | None:
    """The address that a server wrote into the data folder. It may have gone without removing it."""
    try:
        content = json.loads((settings.data / SERVER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    url = content.get("url") if isinstance(content, dict) else None
    return url if isinstance(url, str) else None
