"""The child that answers: bounded, limited, with nothing but what it needs, and gone when it is not wanted.

A script stands in for `mapserv` where it shall do what a good one does not.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from publishing import JOB, PIXELS, TRACTS, output, request

from azenha.adapters.publishers.mapserver.program import found
from azenha.adapters.publishers.mapserver.publisher import MapServer
from azenha.domain.errors import BadRequest, NoSuchService, ServiceBusy, ServiceFailed, ServiceTookTooLong
from azenha.settings import Publishing
from azenha.usecases.ports import ServiceAnswer, ServiceRequest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in: not on Windows")

HEAD = "printf 'Content-Type: text/plain\\r\\n\\r\\n'\n"
CAPABILITIES = request("service=WMS&request=GetCapabilities")
SETTINGS = Publishing(at_once=2, waiting=1, time=20.0)

Make = Callable[..., MapServer]


@pytest.fixture
def serving(tmp_path: Path) -> Make:
    def made(script: str, settings: Publishing = SETTINGS) -> MapServer:
        program = tmp_path / "mapserv"
        program.write_text(f"#!/bin/sh\n{script}")
        program.chmod(0o755)
        return MapServer(program, None, tmp_path / "services", settings)

    return made


async def answer(server: MapServer, asked: ServiceRequest = CAPABILITIES) -> ServiceAnswer:
    return await server.answer(JOB, output(PIXELS), Path("/results"), asked)


async def whole(server: MapServer, asked: ServiceRequest = CAPABILITIES) -> bytes:
    return b"".join([piece async for piece in (await answer(server, asked)).content])


def ran(work: Awaitable[object]) -> object:
    async def within() -> object:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(within())


def alive(pid: int) -> bool:
    """A dead one that nobody has collected yet is none."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip()[:1] not in ("", "Z")


async def gone(pid: int) -> None:
    while alive(pid):
        await asyncio.sleep(0.02)


def test_status_and_headers_are_the_child_s_and_the_content_is_passed_on(
    serving: Make, tmp_path: Path
) -> None:
    server = serving(
        "printf 'Status: 404 Not Found\\nContent-Type: text/x\\nX-Evil: 1\\nSet-Cookie: a=b\\n\\nno\\n\\nmore'"
    )

    async def asked() -> tuple[int, object, bytes]:
        got = await answer(server)
        return got.status, got.headers, b"".join([piece async for piece in got.content])

    assert ran(asked()) == (404, (("Content-Type", "text/x"),), b"no\n\nmore")
    assert list((tmp_path / "services").iterdir()) == []


def test_its_environment_is_what_is_told_and_nothing_of_ours(
    serving: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZENHA_SECRET", "LD_PRELOAD_NOT", "MS_MAPFILE", "MAPSERVER_CONFIG_FILE", "HTTP_X_EVIL"):
        monkeypatch.setenv(name, "ours")
    server = serving(f"{HEAD}export -p")
    told = ran(whole(server, replace(CAPABILITIES, headers={"x-evil": "1", "proxy": "http://evil"})))
    assert isinstance(told, bytes)
    text = told.decode()
    names = {line.removeprefix("export ").split("=")[0] for line in text.splitlines()}
    assert names - {"PWD", "OLDPWD"} == {
        "LC_ALL", "GDAL_SKIP", "OGR_SKIP", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "GDAL_DISABLE_READDIR_ON_OPEN",
        "GDAL_PAM_ENABLED", "GDAL_CACHEMAX", "PROJ_NETWORK", "OGR_SQLITE_LOAD_EXTENSIONS", "MAPSERVER_CONFIG_FILE",
        "GATEWAY_INTERFACE", "SERVER_PROTOCOL", "SERVER_NAME", "SERVER_PORT", "REQUEST_METHOD", "QUERY_STRING",
        "SCRIPT_NAME", "MS_MAPFILE", "SPATIALITE_LOAD",
    }  # fmt: skip
    assert "ours" not in text
    assert "SCRIPT_NAME='/services/7e1f/map'" in text


def test_a_child_that_says_nothing_is_ended_after_its_time(serving: Make, tmp_path: Path) -> None:
    server = serving(f"echo $$ > {tmp_path}/pid\nexec /bin/sleep 600", replace(SETTINGS, time=0.5))
    with pytest.raises(ServiceTookTooLong, match=r"0.5 s \(setting services.time\)"):
        ran(whole(server))
    assert not alive(int((tmp_path / "pid").read_text()))
    assert list((tmp_path / "services").iterdir()) == []


def test_a_child_that_stops_in_the_midst_of_its_answer_is_ended_after_its_time(serving: Make) -> None:
    server = serving(f"{HEAD}printf begun\nexec /bin/sleep 600", replace(SETTINGS, time=0.5))
    with pytest.raises(ServiceTookTooLong):
        ran(whole(server))


@pytest.mark.parametrize(
    "script",
    ["exit 3", "kill -SEGV $$", "printf 'nonsense\\n\\n'", "printf 'X: y\\n\\n'", "exec /bin/cat /dev/zero"],
    ids=["exits", "crashes", "nonsense", "no type", "endless"],
)
def test_a_child_that_does_not_answer_is_a_failure_and_leaves_nothing(
    serving: Make, tmp_path: Path, script: str
) -> None:
    server = serving(script)
    for _ in range(4):  # a slot that was not given back would be missed by now
        with pytest.raises(ServiceFailed):
            ran(whole(server))
    assert list((tmp_path / "services").iterdir()) == []


@pytest.mark.parametrize("end", ["exit 3", "kill -SEGV $$"], ids=["exits", "crashes"])
def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(serving: Make, end: str) -> None:
    with pytest.raises(ServiceFailed, match="broke off"):
        ran(whole(serving(f"{HEAD}printf half\n{end}")))


def test_a_program_that_cannot_be_started_is_a_failure(serving: Make, tmp_path: Path) -> None:
    server = serving("exit 0")
    (tmp_path / "mapserv").unlink()
    with pytest.raises(ServiceFailed, match="cannot be started"):
        ran(whole(server))


def test_whoever_closes_the_answer_ends_the_child_and_what_it_started(serving: Make, tmp_path: Path) -> None:
    server = serving(
        f"{HEAD}printf begun\n/bin/sleep 600 &\necho $! > {tmp_path}/pid\nexec /bin/cat /dev/zero"
    )

    async def read_a_little() -> None:
        got = await answer(server)
        read = 0
        async for piece in got.content:
            read += len(piece)
            if read > 1_000_000:
                break
        await got.content.aclose()  # type: ignore[attr-defined]
        await gone(int((tmp_path / "pid").read_text()))

    ran(read_a_little())
    assert list((tmp_path / "services").iterdir()) == []


def test_whoever_closes_an_answer_of_which_nothing_was_read_ends_the_child_too(
    serving: Make, tmp_path: Path
) -> None:
    server = serving(f"{HEAD}printf good", replace(SETTINGS, at_once=1))

    async def heads() -> object:
        for _ in range(2):  # as HEAD does
            await (await answer(server)).content.aclose()  # type: ignore[attr-defined]
        return await whole(server)

    assert ran(heads()) == b"good"
    assert list((tmp_path / "services").iterdir()) == []


def test_whoever_is_cancelled_while_the_child_s_folder_is_made_leaves_none(
    serving: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serving(f"{HEAD}printf good", replace(SETTINGS, at_once=1))
    begun, go, made = threading.Event(), threading.Event(), threading.Event()
    prepared = server._prepared

    def slowly(*given: Any) -> Path:
        begun.set()
        go.wait(20)
        try:
            return prepared(*given)
        finally:
            made.set()

    monkeypatch.setattr(server, "_prepared", slowly)

    async def cancelled() -> object:
        asking = asyncio.ensure_future(answer(server))
        await asyncio.to_thread(begun.wait, 20)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        go.set()
        await asyncio.to_thread(made.wait, 20)
        while list((tmp_path / "services").iterdir()):
            await asyncio.sleep(0.02)
        return await whole(server)

    assert ran(cancelled()) == b"good"


def test_whoever_is_cancelled_before_the_answer_ends_the_child(serving: Make, tmp_path: Path) -> None:
    server = serving(f"echo $$ > {tmp_path}/pid\nexec /bin/sleep 600")

    async def cancelled() -> None:
        asking = asyncio.ensure_future(answer(server))
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.02)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await gone(int((tmp_path / "pid").read_text()))
        assert await asyncio.gather(*(still(server) for _ in range(2)))  # both slots are free

    async def still(server: MapServer) -> bool:
        (tmp_path / "mapserv").write_text(f"#!/bin/sh\n{HEAD}printf good")
        return await whole(server) == b"good"

    ran(cancelled())


def test_what_is_large_is_passed_on_in_pieces_and_what_is_said_beside_it_blocks_nothing(
    serving: Make,
) -> None:
    many = "/usr/bin/head -c 3000000 /dev/zero >&2\n"
    server = serving(f"{HEAD}{many}/usr/bin/head -c 30000000 /dev/zero")

    async def measured() -> tuple[int, int]:
        total = largest = 0
        async for piece in (await answer(server)).content:
            total, largest = total + len(piece), max(largest, len(piece))
        return total, largest

    assert ran(measured()) == (30_000_000, pytest.approx(65536, abs=65536))


def test_so_many_are_answered_at_once_some_wait_and_the_rest_are_refused(
    serving: Make, tmp_path: Path
) -> None:
    wait = f"while ! [ -e {tmp_path}/go ]; do /bin/sleep 0.02; done\n"
    server = serving(f"echo x >> {tmp_path}/begun\n{wait}{HEAD}printf done")

    async def asked() -> None:
        three = [asyncio.ensure_future(whole(server)) for _ in range(3)]
        while not (tmp_path / "begun").is_file() or len((tmp_path / "begun").read_text()) < 4:
            await asyncio.sleep(0.02)
        with pytest.raises(ServiceBusy, match=r"services\.waiting"):
            await whole(server)
        assert len((tmp_path / "begun").read_text()) == 4
        (tmp_path / "go").touch()
        assert await asyncio.gather(*three) == [b"done"] * 3

    ran(asked())


@pytest.mark.skipif(sys.platform != "linux", reason="memory of others is limited only on Linux")
def test_a_child_has_so_much_memory(serving: Make) -> None:
    server = serving(f"{HEAD}ulimit -v; ulimit -c; ulimit -t", replace(SETTINGS, memory=512 * 1024 * 1024))
    assert ran(whole(server)) == f"{512 * 1024}\n0\n602\n".encode()


def test_what_is_posted_is_on_its_standard_input(serving: Make) -> None:
    body = b"<?xml version='1.0' encoding='UTF-8'?>\n<GetFeature xmlns=\"http://www.opengis.net/wfs/2.0\"/>"
    server = serving(f"{HEAD}printf '%s %s ' $REQUEST_METHOD $CONTENT_LENGTH; /bin/cat")
    posted = request("", "", "POST", body, content_type="text/xml")
    assert ran(whole(server, posted)) == b"POST %d " % len(body) + body


def test_a_page_that_says_that_nothing_was_understood_is_no_answer_of_a_service(serving: Make) -> None:
    server = serving("printf 'Content-Type: text/html; charset=UTF-8\\r\\n\\r\\n<HTML>MapServer Message'")
    with pytest.raises(BadRequest, match="no request of WMS, WFS or WCS"):
        ran(whole(server))


def test_the_api_is_asked_below_the_key_of_the_map_file(serving: Make) -> None:
    server = serving(f"{HEAD}printf '%s %s' $SCRIPT_NAME $PATH_INFO; [ -z \"$MS_MAPFILE\" ]")

    async def asked() -> bytes:
        got = await server.answer(JOB, output(TRACTS), Path("/r"), request("f=json", "/ogcapi/collections"))
        return b"".join([piece async for piece in got.content])

    assert ran(asked()) == b"/services/7e1f /map/ogcapi/collections"
    with pytest.raises(NoSuchService):
        ran(whole(server, request("f=json", "/ogcapi")))


def test_a_child_that_nobody_reads_waits(serving: Make, tmp_path: Path) -> None:
    server = serving(f"{HEAD}/usr/bin/head -c 30000000 /dev/zero; echo done > {tmp_path}/done")

    async def asked() -> None:
        got = await answer(server)
        first = await anext(got.content)
        began = time.monotonic()
        while time.monotonic() - began < 0.5:  # that nothing happens can only be waited for
            await asyncio.sleep(0.05)
        assert len(first) <= 65536
        assert not (tmp_path / "done").exists()
        rest = [len(piece) async for piece in got.content]
        assert len(first) + sum(rest) == 30_000_000

    ran(asked())


def test_a_client_that_does_not_read_keeps_its_turn_for_so_long_and_gets_no_whole_answer(
    serving: Make, tmp_path: Path
) -> None:
    server = serving(f"{HEAD}exec /bin/cat /dev/zero", replace(SETTINGS, at_once=1, total=0.3))

    async def asked() -> None:
        idle = await answer(server)
        await anext(idle.content)
        (tmp_path / "mapserv").write_text(f"#!/bin/sh\n{HEAD}printf good")
        assert await whole(server) == b"good"
        with pytest.raises(ServiceFailed, match="broke off"):
            [piece async for piece in idle.content]

    ran(asked())


def test_the_program_is_found_where_it_is_named_and_nowhere_else(tmp_path: Path) -> None:
    assert found(tmp_path / "none") is None
    (tmp_path / "mapserv").write_text("")
    assert found(tmp_path / "mapserv") is None  # it cannot be run
    (tmp_path / "mapserv").chmod(0o755)
    assert found(tmp_path / "mapserv") == (tmp_path / "mapserv").resolve()
