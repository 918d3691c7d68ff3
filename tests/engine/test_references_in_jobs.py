"""References fetched by a worker's own children, from servers on loopback: what a job's owner sees of it."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from workshop import Offered, Workshop, eventually, quick

from azenha.domain.job import FailureKind, JobState
from azenha.domain.process import Format
from azenha.domain.values import Reference, Value
from azenha.engine.sandbox import tree
from azenha.settings import Addresses, Formats, ReferenceSettings, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "fetch"))

from s3server import KEY, REGION, SECRET, storing
from webserver import Web, serving

BODY = os.urandom(500_000)
OCTETS = Format("application/octet-stream")


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def working(offers: Offered, tmp_path: Path) -> Iterator[Callable[..., Workshop]]:
    """Makes a running worker whose settings are those of `quick`, with other ones for references."""
    shops: list[Workshop] = []
    tree.become_subreaper()

    def make(formats: Formats = Formats(), **references: object) -> Workshop:  # noqa: B008 - frozen
        data = tmp_path / "data"
        data.mkdir()
        settings: Settings = replace(
            quick(data),
            addresses=Addresses(allow=("127.0.0.1",)),
            references=replace(ReferenceSettings(), **references),  # type: ignore[arg-type]
            formats=formats,
        )
        shops.append(Workshop(offers, settings))
        shops[-1].worker.start()
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()


def to(*urls: str) -> dict[str, tuple[Value, ...]]:
    return {"files": tuple(Reference(url, OCTETS) for url in urls)}


def test_the_job_tells_how_much_of_what_has_come(web: Web, working: Callable[..., Workshop]) -> None:
    shop = working()
    id = shop.submit("many", values=to(web.hangs("/a", b"12345")))
    eventually(lambda: shop.job(id).message == "fetching 'files': 5 of 1,000 bytes", "the progress")
    shop.jobs.dismiss(id)
    shop.worker.interrupt(id)


def test_what_is_tried_again_stands_in_the_jobs_log(web: Web, working: Callable[..., Workshop]) -> None:
    shop = working(delay=0.01)
    url = web.has("/a.bin", BODY, [200_000], ETag='"1"')
    good = shop.submit("many", values=to(url))
    assert shop.text(good) == "a.bin 500000 1"
    assert shop.job(good).message is None
    id = shop.submit("many", values=to(web.gives("/b", b"", 503)))
    failure = shop.failure(id)
    assert failure.kind is FailureKind.FETCH
    assert failure.locator == "files"
    assert failure.message.endswith(f"503 Service Unavailable from {web.base}/b (4 attempts)")
    assert "INFO: input 'files': 503 Service Unavailable from" in shop.log(id)
    assert "attempt 2 of 4" in shop.log(id)


FEATURES = b'{"type": "FeatureCollection", "features": []}'


@pytest.mark.parametrize("served", ["application/octet-stream", "text/plain", "application/json", None])
def test_what_its_server_calls_nothing_in_particular_is_what_its_content_says(
    served: str | None, web: Web, working: Callable[..., Workshop]
) -> None:
    shop = working()
    more = {} if served is None else {"Content_Type": served}
    id = shop.submit("measured", values={"a": (Reference(web.has("/a", FEATURES, **more)),)})
    assert shop.text(id) == "Features application/geo+json []"


def test_the_type_of_a_file_that_nobody_declared_is_not_called_declared(
    web: Web, working: Callable[..., Workshop]
) -> None:
    shop = working()
    untold = shop.submit("measured", values={"a": (Reference(web.has("/a", b"%PDF-1.4")),)})
    assert shop.failure(untold).message == (
        "input 'a': has no declared type and is taken for image/tiff; application=geotiff, "
        "and its content is PDF"
    )
    url = web.has("/b", b"%PDF-1.4", Content_Type="text/plain")
    assert shop.failure(shop.submit("measured", values={"a": (Reference(url),)})).message == (
        "input 'a': is declared text/plain and is taken for image/tiff; application=geotiff, "
        "and its content is PDF"
    )


def test_a_job_that_waits_for_the_next_attempt_is_dismissed_at_once(
    web: Web, working: Callable[..., Workshop]
) -> None:
    shop = working(delay=600.0, wait=600.0)
    id = shop.submit("many", values=to(web.gives("/a", b"", 503)))
    eventually(lambda: "attempt 2 of 4 in" in shop.log(id), "the wait")
    shop.jobs.dismiss(id)
    shop.worker.interrupt(id)
    eventually(lambda: not shop.worker._attempts._runs, "the end of its child")
    assert shop.job(id).state is JobState.DISMISSED


def test_jobs_share_what_was_fetched_and_none_can_change_it_for_another(
    web: Web, working: Callable[..., Workshop]
) -> None:
    shop = working()
    url = web.has("/a.bin", BODY, ETag='"1"')
    for _ in range(3):
        assert shop.text(shop.submit("many", values=to(url, url), change=True)) == ", ".join(
            ["a.bin 500000 1"] * 2
        )
    assert [sent.get("If-None-Match") for _, sent in web.asked] == [None, *['"1"'] * 5]
    (entry,) = (shop.settings.data / "cache" / "references").iterdir()
    assert entry.read_bytes().startswith(BODY)


def test_without_a_cache_nothing_is_kept(web: Web, working: Callable[..., Workshop]) -> None:
    shop = working(cache=0)
    url = web.has("/a.bin", BODY, ETag='"1"')
    for _ in range(2):
        shop.text(shop.submit("many", values=to(url)))
    assert [sent.get("If-None-Match") for _, sent in web.asked] == [None, None]
    assert not (shop.settings.data / "cache" / "references").exists()


def test_files_and_objects_of_roots_come_into_the_job_like_all_others(
    web: Web, working: Callable[..., Workshop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed: extra s3")
    monkeypatch.setenv("SCENES_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("SCENES_SECRET_ACCESS_KEY", SECRET)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "b.bin").write_bytes(b"of this machine")
    with storing() as store:
        store.put("scenes/2026/c.bin", b"of a bucket")
        bucket = f"s3://scenes/2026?endpoint={store.endpoint}&region={REGION}&credentials=SCENES"
        shop = working(roots=(str(tmp_path / "root"), bucket))
        urls = [web.gives("/a.bin", b"1"), (tmp_path / "root" / "b.bin").as_uri(), "s3://scenes/2026/c.bin"]
        text = shop.text(shop.submit("many", values=to(*urls), change=True))
        assert text == "a.bin 1 1, b.bin 15 1, c.bin 11 1"
        assert (tmp_path / "root" / "b.bin").read_bytes() == b"of this machine"
        outside = shop.failure(shop.submit("many", values=to("s3://scenes/2025/c.bin")))
    assert (outside.kind, outside.locator) == (FailureKind.FETCH, "files")
    assert "setting references.roots" in outside.message
    forbidden = shop.failure(shop.submit("many", values=to((tmp_path / "data").as_uri())))
    assert "in no folder that the operator allowed" in forbidden.message


def test_the_limits_of_archives_reach_the_function(
    web: Web, working: Callable[..., Workshop], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in "abc":
            archive.writestr(name, name)
    shop = working(formats=Formats(archive_members=2, validation="none"))
    url = web.gives("/a.zip", (tmp_path / "a.zip").read_bytes())
    failure = shop.failure(shop.submit("unpacking", values={"zip": (Reference(url, OCTETS),)}))
    assert "it has 3 members; at most 2 are looked at" in failure.message
