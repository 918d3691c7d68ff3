"""Where jobs run: a warm parent, which forks, or a spawned child. Authors' code is imported here alone."""

from __future__ import annotations

import base64
import json
import logging
import os
import pickle
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from azenha.settings import Addresses, LimitSettings, ReferenceSettings, Settings

if TYPE_CHECKING:
    from azenha.authoring.signature import Definition
    from azenha.usecases.ports import Fetch

FETCHING = "fetch:"

_log = logging.getLogger("azenha.warm")


def fetching(settings: Settings) -> str:
    """The source of the children that fetch references: they have the network and none of the authors' code."""
    return FETCHING + base64.b64encode(pickle.dumps(_parts(settings))).decode()


def _parts(settings: Settings) -> tuple[Addresses, LimitSettings, ReferenceSettings, Path]:
    folder = settings.data.absolute() / "cache" / "references"
    return settings.addresses, settings.limits, settings.references, folder


def loaded(source: str) -> tuple[dict[str, Definition], Callable[[], Fetch]]:
    """What a child of that source needs: an author's processes, or (source made by `fetching`) the fetcher."""
    from azenha.authoring.registry import load
    from azenha.engine.discover import source_of

    if source.startswith(FETCHING):
        from azenha.adapters.references.fetching import References
        from azenha.domain.addresses import AddressPolicy

        addresses, limits, references, folder = pickle.loads(base64.b64decode(source.removeprefix(FETCHING)))
        policy = AddressPolicy.of(addresses.allow, addresses.ports)
        return {}, lambda: References.of(policy, limits, references, folder, os.environ)
    from azenha.engine.formats.readiness import preload
    from azenha.engine.formats.vectors import UNWANTED

    # Before any GDAL is loaded. Whoever runs the server may say otherwise.
    os.environ.setdefault("GDAL_SKIP", UNWANTED)
    definitions = load(source_of(source))
    preload(d.description for d in definitions)
    return {d.description.id: d for d in definitions}, _no_fetch


def _no_fetch() -> Fetch:
    raise RuntimeError("a child with an author's code fetches nothing")


def warm_main(arguments: Sequence[str]) -> int:
    from azenha.engine import child
    from azenha.engine.channel import Channel
    from azenha.engine.hearing import PolledInbox
    from azenha.engine.sandbox import warm

    source, _ = json.loads(arguments[1])
    ready: list[tuple[dict[str, Definition], Callable[[], Fetch]]] = []

    def load() -> None:
        ready.append(loaded(source))
        if not source.startswith(FETCHING):  # those children serve a thousand jobs each
            from azenha.engine.rehearsal import rehearse

            try:
                rehearse()
            except Exception:  # whatever the author's module has done to Python: the job itself will tell
                _log.warning("the rehearsal of a job failed; children will be slower to start", exc_info=True)

    def run(channel: Channel) -> None:
        child.serve(channel, PolledInbox(channel), *ready[0])

    warm.main(socket.socket(fileno=0), load, run, int(arguments[0]))
    return 0


def child_main(arguments: Sequence[str]) -> int:
    from azenha.engine import child
    from azenha.engine.channel import Channel
    from azenha.engine.hearing import ThreadedInbox
    from azenha.engine.sandbox import tree

    tree.die_with_parent()
    tree.become_subreaper()
    source, nice = json.loads(arguments[0])
    channel = Channel(os.dup(0), os.dup(1))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    if nice and hasattr(os, "nice"):
        os.nice(nice)
    inbox = ThreadedInbox(channel)
    try:
        definitions, fetch = loaded(source)
    except BaseException as error:
        text = f"it could not be started: {error}"
        channel.send({"t": "failed", "kind": "unavailable", "text": text, "locator": None})
        return 1
    child.serve(channel, inbox, definitions, fetch)
    os._exit(0)
