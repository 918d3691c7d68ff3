"""`azenha serve` and `azenha demo`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from azenha.console.exits import NOT_FOUND, Stop
from azenha.console.place import settings
from azenha.console.ports import free_port
from azenha.console.text import say
from azenha.settings import Settings

EXTRA = 'pip install "azenha[examples]"'


def serve(options: argparse.Namespace) -> int:
    from azenha.bootstrap.serving import serve as until_interrupted

    return until_interrupted(_with_free_port(settings(options).settings), _announce)


def demo(options: argparse.Namespace) -> int:
    """As `serve` with the bundled examples; once the server answers, the main one runs through it."""
    from azenha.bootstrap.serving import serve as until_interrupted

    here = replace(_with_free_port(settings(options).settings), targets=())

    def ready(url: str) -> None:
        _announce(url)
        try:
            show(url, here.data / "demo")
        except Stop as stop:
            say("the example did not run:", *(f"  {line}" for line in stop.lines))
        say("", f"serving at {url} until Ctrl-C")

    return until_interrupted(here, ready)


def _with_free_port(here: Settings) -> Settings:
    host, wanted = here.server.host, here.server.port
    port, holder = free_port(host, wanted)
    if port != wanted:
        say(f"port {wanted} is taken by {holder}; taking {port}")
    return replace(here, server=replace(here.server, port=port))


def _announce(url: str) -> None:
    say(f"azenha serves at {url} (Ctrl-C ends it)")


def show(url: str, folder: Path) -> None:
    """Run the main example through the server, save its results in `folder`, and say what to try next."""
    from azenha.console.client import Client, JobAt, Refused
    from azenha.console.progress import progress
    from azenha.console.results import Places, lines, read_results, request, save

    with Client(url) as client:
        name, inputs = "terrain", dict[str, object]()
        try:
            description = client.process(name)
        except Refused as refused:
            if refused.code != NOT_FOUND:
                raise
            say(f"the main example, terrain, needs the examples' extra ({EXTRA}); running slow instead")
            name, inputs = "slow", {"seconds": 5, "steps": 20}
            description = client.process(name)
        job = client.execute(name, {"inputs": inputs, **request(description)}, background=True)
        assert isinstance(job, JobAt)  # the bundled examples all run in the background
        with progress(name) as seen:
            ended = client.follow(job, seen)
        found = read_results(client.results(ended), list(description.get("outputs") or ()))
        saved = save(client, found, Places(folder, {}))
        say("", f"{name} is done; its results:")
        say(*(f"  {line}" for line in lines(found)))
        say("saved as", *(f"  {path}" for paths in saved.values() for path in paths))
        say("", *next_steps(url, name, ended.id))


def next_steps(url: str, process: str, job: str) -> list[str]:
    """What to try once an example has run."""
    echo = f"{url}/processes/echo/execution -H 'Content-Type: application/json'"
    return [
        "try next:",
        f"  curl {url}/processes",
        f"  curl {url}/jobs/{job}/results",
        f"""  curl {echo} -d '{{"inputs": {{"text": "hello"}}}}'""",
        f"  curl '{url}/wps?service=WPS&request=GetCapabilities'",
        f"  in a browser: {url}/processes/{process}",
    ]
