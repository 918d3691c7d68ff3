"""What the programs that a supervisor starts have in common: how they are called and what they are told."""

from __future__ import annotations

import base64
import logging
import pickle
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from azenha.settings import Settings

if TYPE_CHECKING:
    from azenha.domain.process import Catalogue


def program(name: str) -> list[str]:
    return [sys.executable, "-m", "azenha", name]


def log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # What they do at each request or start would bury our own lines.
    for name in ("alembic", "httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


def to_parts(settings: Settings, catalogue: Catalogue, keys: Mapping[str, str], descriptor: int) -> bytes:
    """One line for the standard input of web tier and worker: all that they have to know."""
    from azenha.domain.described import dump_description

    offered = {id: (dump_description(o.description), o.source) for id, o in catalogue.offerings.items()}
    missing = [asdict(u) for u in catalogue.unavailable]
    return base64.b64encode(pickle.dumps((settings, offered, missing, dict(keys), descriptor))) + b"\n"


def from_supervisor() -> tuple[Settings, Catalogue, dict[str, str], int]:
    from azenha.domain.described import load_description
    from azenha.domain.process import Catalogue, Offering, Unavailable

    line = sys.stdin.buffer.readline()
    if not line:  # the supervisor ended before it knew what to say
        sys.exit(1)
    # From our own supervisor, through a pipe that nobody else has.
    settings, offered, missing, keys, descriptor = pickle.loads(base64.b64decode(line))
    offerings = {id: Offering(load_description(d), source) for id, (d, source) in offered.items()}
    return settings, Catalogue(offerings, tuple(Unavailable(**u) for u in missing)), keys, descriptor
