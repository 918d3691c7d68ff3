"""A STAC Item of what a real job made: recorded at its end, told by the web tier, which opens nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from live_server import LiveServer

HERE = Path(__file__).parent


@pytest.mark.parametrize("on", [True, False])
def test_results_tell_where_they_lie_if_the_server_looks_into_them(tmp_path: Path, on: bool) -> None:
    server = LiveServer(tmp_path, [HERE / "processes_that_make_places.py"], {"results": {"stac": on}})
    server.start()
    try:
        job = server.submit("make_places")
        assert server.ended(job)["status"] == "successful", server.said()
        reply = server.get(f"/jobs/{job}/stac")
        if not on:
            assert reply.status == 404
            return
        assert (reply.status, reply.headers["content-type"]) == (200, "application/geo+json")
        item = reply.json
        assert item["bbox"] == pytest.approx([-34.906, -7.961, -34.898, -7.955], abs=0.003)
        assert item["assets"]["scene"]["proj:code"] == "EPSG:32725"
        assert item["assets"]["scene"]["bands"] == [{"name": "band 1", "data_type": "uint8"}]
        assert item["assets"]["points"]["table:row_count"] == 2
        for asset in item["assets"].values():
            data = server.get(asset["href"], {"Accept": "*/*"}).body
            assert len(data) == asset["file:size"]
            assert "1220" + hashlib.sha256(data).hexdigest() == asset["file:checksum"]
        assert item["assets"]["scene"]["title"] == "Cena de São Tomé.tif"
    finally:
        server.end()
