"""`azenha schemas`: the folder of XML and JSON Schemas that data is checked by (`very strict`)."""

from __future__ import annotations

import argparse
from pathlib import Path

from azenha.bootstrap import schemas
from azenha.bootstrap.folder import Unusable
from azenha.console import place
from azenha.console.exact import write_json
from azenha.console.exits import FAILED, OK, USAGE, Stop
from azenha.console.text import say, table
from azenha.settings import Settings


def fetch(options: argparse.Namespace) -> int:
    settings, folder = _folder(options)
    addresses = list(options.addresses) or list(_wanted(settings))
    if not addresses:
        say("no process asks for `very strict`: name the addresses of the schemas that you want")
        return OK

    def told(address: str, size: int | None, reason: str | None) -> None:
        if reason is not None:
            say(f"failed   {address}: {reason}")
        else:
            say(f"here     {address}" if size is None else f"fetched  {address} ({size:,} bytes)")

    found = schemas.collected(settings, addresses, folder, told)
    failed = f", {len(found.failed):,} could not be had" if found.failed else ""
    say(f"{len(found.fetched):,} schemas fetched, {len(found.here):,} were there{failed}: {folder}")
    return FAILED if found.failed else OK


def _wanted(settings: Settings) -> dict[str, list[str]]:
    try:
        return schemas.wanted(settings)
    except Unusable as unusable:
        raise Stop(FAILED, str(unusable)) from None


def list_schemas(options: argparse.Namespace) -> int:
    from azenha.engine.formats.collecting import listed
    from azenha.engine.formats.schemas import read_catalogue

    settings, folder = _folder(options)
    here = list(listed(folder)) if folder.is_dir() else []
    found = read_catalogue(folder)
    wanted = {address: (found.find(address), who) for address, who in _wanted(settings).items()}
    missing = [address for address, (file, _) in wanted.items() if file is None]
    if options.json:
        data = {
            "folder": str(folder),
            "schemas": [{"path": path.as_posix(), "size": size} for path, size in here],
            "wanted": [
                {"address": address, "here": file is not None, "by": who}
                for address, (file, who) in wanted.items()
            ],
        }
        print(write_json(data, 2))
    else:
        lines = table(("schema", "bytes"), [(path.as_posix(), f"{size:,}") for path, size in here])
        rows = [(a, "no" if file is None else "yes", "; ".join(who)) for a, (file, who) in wanted.items()]
        lines += ["", *table(("wanted", "here", "by"), rows)]
        print("\n".join(lines))
        if missing:
            say("what is missing is fetched by `azenha schemas fetch`")
    return FAILED if missing else OK


def _folder(options: argparse.Namespace) -> tuple[Settings, Path]:
    settings = place.settings(options).settings
    folder = settings.formats.schemas
    if folder is None:
        raise Stop(
            USAGE, "there is no folder for schemas: set formats.schemas (AZENHA_FORMATS__SCHEMAS=schemas)"
        )
    return settings, folder.absolute()
