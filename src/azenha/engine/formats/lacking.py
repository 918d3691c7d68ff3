"""Schemas that a job is checked by and that are not here, fetched for it where the server's settings allow that.

In the child that fetches references: it has the network and none of the author's code. What came stays for the next
job. Which schemas an output names itself nobody knows before: these are not fetched.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urldefrag

from azenha.domain.errors import NotFetched, TooLarge
from azenha.domain.process import (
    ComplexDomain,
    InputDescription,
    Level,
    ObjectDomain,
    ProcessDescription,
)
from azenha.domain.values import InlineBytes, InlineText, Record, StoredFile, Value
from azenha.engine.formats import known
from azenha.engine.formats.checking import nearest
from azenha.engine.formats.collecting import collect
from azenha.engine.formats.mirror import place
from azenha.engine.formats.policy import Policy
from azenha.engine.formats.schemas import read_catalogue, to_follow
from azenha.engine.formats.sniff import detect, detect_at_hand
from azenha.usecases.ports import FREELY, PLAINLY, Ask, Fetch, Fetched, Terms

MOST: Final = 500  # schemas for one job
BYTES: Final = 64 * 1024**2  # of all that one job fetches
AGAIN: Final = 600.0  # seconds after which what a schema imports, and could not be had, is asked for again

Progress = Callable[[str, int, int | None], None]

_asked: dict[str, float] = {}  # by this process: when the imports of a schema were last looked after


def fetch_schemas(
    inputs: Mapping[str, tuple[Value, ...]],
    description: ProcessDescription,
    folder: Path,
    policy: Policy,
    fetch: Fetch,
    on_progress: Progress,
    say: Callable[[str], None],
) -> None:
    """Fetch what the inputs and outputs of a job are checked by, so far as it is not here.

    Args:
        folder: what the keys of stored files are relative to.
        on_progress: told the locator, the bytes received, and how many there will be (None: not known).
        say: told in a sentence what came, and what could not be had.
    Raises:
        NotFetched: none of the schemas of an input is here, or could be had.
    """
    assert policy.schemas is not None
    needed = dict(_of_inputs(inputs, description.inputs, folder, policy, ""))
    addresses = dict.fromkeys(one for several in needed.values() for one in several)
    addresses |= dict.fromkeys(_of_outputs(description, policy))
    found, now = read_catalogue(policy.schemas), time.monotonic()
    due = [one for one in addresses if found.find(one) is None or now - _asked.get(one, -AGAIN) >= AGAIN]
    if not due:
        return
    reasons: dict[str, str] = {}
    try:
        outcome = collect(due, policy.schemas, _Bounded(fetch, policy, on_progress), most=MOST)
    except OSError as error:
        reasons = dict.fromkeys(due, f"the folder of schemas cannot be written: {error.strerror}")
    else:
        reasons = outcome.failed
        _asked.update(dict.fromkeys(due, now))
        for address, size in outcome.fetched.items():
            say(f"the schema {address[:200]} was fetched: {size:,} bytes")
    for address, reason in reasons.items():
        say(f"the schema {address[:200]} could not be fetched: {reason}")
    for locator, several in needed.items():
        if several and all(found.find(one) is None for one in several):
            reason = reasons.get(several[0], "it was left out")
            raise NotFetched(locator, f"its schema {several[0][:200]} could not be fetched: {reason}")


class _Bounded:
    """Fetches for one job, no more than that and its folder may have."""

    def __init__(self, fetch: Fetch, policy: Policy, on_progress: Progress) -> None:
        self._fetch, self._most, self._on_progress = fetch, policy.most, on_progress
        files = policy.schemas.rglob("*") if policy.schemas else ()
        self._here = sum(file.stat().st_size for file in files if file.is_file())
        self._came = 0

    def __call__(self, url: str, target: Path, ask: Ask = PLAINLY, terms: Terms = FREELY) -> Fetched:
        room = min(BYTES - self._came, self._most - self._here)
        if room <= 0 and self._came >= BYTES:
            raise TooLarge(f"the schemas for one job have more than {BYTES:,} bytes")
        if room <= 0:
            raise TooLarge(f"there are {self._most:,} bytes of schemas here (setting formats.schemas_bytes)")

        def on_progress(received: int, total: int | None) -> None:
            self._on_progress(f"schema {url[:200]}", received, total)

        least = room if terms.limit is None else min(terms.limit, room)
        got = self._fetch(url, target, ask, Terms(least, on_progress))
        self._came += got.size
        self._here += got.size
        return got


# -- which ---------------------------------------------------------------------------------------------


def _of_inputs(
    values: Mapping[str, tuple[Value, ...]],
    described: Sequence[InputDescription],
    folder: Path,
    policy: Policy,
    prefix: str,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The locator of each value, with the addresses of its schemas."""
    for one in described:
        several = values.get(one.id, ())
        for number, value in enumerate(several):
            locator = f"{prefix}{one.id}" + (f"[{number}]" if len(several) > 1 else "")
            if isinstance(value, Record) and isinstance(one.domain, ObjectDomain):
                yield from _of_inputs(value.fields, one.domain.fields, folder, policy, f"{locator}.")
            elif (
                isinstance(value, InlineText | InlineBytes | StoredFile)
                and isinstance(one.domain, ComplexDomain)
                and policy.level_of(one.domain) is Level.VERY_STRICT
            ):
                yield locator, tuple(map(_whole, filter(place, _of_value(value, folder))))


def _of_value(value: InlineText | InlineBytes | StoredFile, folder: Path) -> tuple[str, ...]:
    from lxml import etree

    table = known.table()
    data = value.text.encode() if isinstance(value, InlineText) else b""
    data = value.data if isinstance(value, InlineBytes) else data
    stored = folder / value.key if isinstance(value, StoredFile) else None
    detected = detect(stored, table) if stored else detect_at_hand(data, table)
    format = nearest(table.named(value.format.media_type), detected)
    if format is None:
        return ()
    try:
        named = to_follow(
            format, value.format.schema, lambda: stored.open("rb") if stored else io.BytesIO(data)
        )
    except etree.XMLSyntaxError:
        return ()  # the check says so
    return tuple(address for _, address in named)


def _of_outputs(description: ProcessDescription, policy: Policy) -> Iterator[str]:
    table = known.table()
    for output in description.outputs:
        if policy.outputs == "off" or not isinstance(output.domain, ComplexDomain):
            continue
        if policy.level_of(output.domain) is not Level.VERY_STRICT:
            continue
        for format in output.domain.formats:
            one = table.named(format.media_type)
            address = one and one.schema_of(format.schema)
            if address and place(address):
                yield _whole(address)


def _whole(address: str) -> str:
    """Of the whole schema, of which an address may name a part."""
    return urldefrag(address).url
