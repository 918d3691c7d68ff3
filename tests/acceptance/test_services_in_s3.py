"""Outputs as services where results are in an S3-compatible store: the copies that are served stay here."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_server import SHORT, LiveServer, until

sys.path.insert(0, str(Path(__file__).parent.parent / "blobs"))
from s3_server import KEY, S3, SECRET, serving

HERE = Path(__file__).resolve().parent
ENVIRON = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1"}
WFS = "application/x-ogc-wfs"
DATA = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"n": 1}, "geometry": {"type": "Point", "coordinates": [10, 50]}}
    ],
}

for needed in ("rasterio", "pyogrio", "shapely"):
    pytest.importorskip(needed, reason="needs the extra azenha[examples]")

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("mapserv", "/usr/lib/cgi-bin/mapserv"))),
    reason="MapServer is not installed (.ci/install-parts.sh)",
)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serving() as store:
        yield store


@pytest.fixture(scope="module")
def server(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    results = {"store": "s3://bucket/azenha", "endpoint": s3.address, "stac": True}
    folder = tmp_path_factory.mktemp("services-in-s3")
    server = LiveServer(folder, [HERE / "processes_to_publish.py"], SHORT | {"results": results}, ENVIRON)
    server.start()
    yield server
    server.end()


def run(server: LiveServer) -> tuple[str, str]:
    """A job that was asked for a service, and the address of a request for its features."""
    body = {
        "inputs": {"data": {"value": DATA, "mediaType": "application/geo+json"}},
        "outputs": {"result": {"format": {"mediaType": WFS}}},
        "response": "document",
    }
    reply = server.execute("features", body)
    assert reply.status == 200, reply.text
    ready = urlsplit(reply.json["result"][1]["href"])
    return ready.path.split("/")[2], f"{ready.path}?{ready.query}"


def objects(s3: S3, job: str) -> list[str]:
    return [key.partition(f"/{job}/")[2] for key in list(s3.objects) if f"/{job}/" in key]


def test_the_file_is_in_the_store_and_its_service_answers(server: LiveServer, s3: S3) -> None:
    job, features = run(server)
    (key,) = objects(s3, job)
    assert key.startswith("1/result/")
    reply = server.get(features)
    assert (reply.status, "FeatureCollection" in reply.text) == (200, True), reply.text
    assert reply.text.count("<gml:Point") == 1
    assert server.get(f"/jobs/{job}/results?f=zip").status == 200


def test_what_is_published_is_a_stac_item_as_well(server: LiveServer) -> None:
    job, _ = run(server)
    item = server.get(f"/jobs/{job}/stac")
    assert item.status == 200, item.text
    assert item.json["bbox"] == pytest.approx([10, 50, 10, 50])


def test_a_removed_job_takes_its_copy_along(server: LiveServer, s3: S3) -> None:
    job, features = run(server)
    assert (server.data / "copies" / job).is_dir()
    assert server.ask("DELETE", f"/jobs/{job}").status == 200
    until(lambda: not (server.data / "copies" / job).exists(), 30, "its copy is gone")
    until(lambda: not objects(s3, job), 30, "its objects are gone")
    assert server.get(features).status == 404
