"""`azenha check`: what would be served, and with which settings."""

from __future__ import annotations

import argparse

from azenha.bootstrap.folder import Unusable, signing_key
from azenha.console.exact import write_json
from azenha.console.exits import FAILED, OK, Stop
from azenha.console.place import read
from azenha.console.text import table
from azenha.domain.process import Catalogue
from azenha.loading import Loaded, SettingsError

EXAMPLES = "azenha.examples"


def check(options: argparse.Namespace) -> int:
    try:
        loaded = read(options)
    except SettingsError as error:
        raise Stop(
            FAILED, "the settings are wrong", *(f"  {problem}" for problem in error.problems)
        ) from None
    from azenha.bootstrap.catalogue import discover

    try:
        catalogue = discover(loaded.settings)
    except Unusable as unusable:
        raise Stop(FAILED, str(unusable)) from None
    print(write_json(_data(loaded, catalogue), 2) if options.json else "\n".join(_page(loaded, catalogue)))
    return FAILED if _failed(loaded, catalogue) else OK


def _failed(loaded: Loaded, catalogue: Catalogue) -> bool:
    """Whether what was asked for cannot be served; an example that lacks its extra was not asked for."""
    return any(loaded.settings.targets or not u.source.startswith(EXAMPLES) for u in catalogue.unavailable)


def _page(loaded: Loaded, catalogue: Catalogue) -> list[str]:
    lines = table(("setting", "value", "from"), list(loaded.rows()))
    lines += ["", f"callbacks are signed with the key in {signing_key(loaded.settings.data)}"]
    offered = [(id, o.description.version, o.source) for id, o in sorted(catalogue.offerings.items())]
    lines += ["", *table(("process", "version", "source"), offered)] if offered else ["", "no processes"]
    missing = [(u.source, u.reason) for u in catalogue.unavailable]
    return lines + (["", *table(("unavailable", "reason"), missing)] if missing else [])


def _data(loaded: Loaded, catalogue: Catalogue) -> object:
    return {
        "signing_key": str(signing_key(loaded.settings.data)),
        "settings": {name: {"value": value, "from": source} for name, value, source in loaded.rows()},
        "processes": [
            {"id": id, "version": o.description.version, "source": o.source}
            for id, o in sorted(catalogue.offerings.items())
        ],
        "unavailable": [{"source": u.source, "reason": u.reason} for u in catalogue.unavailable],
    }
