"""birdy, which makes a Python function of each process of a WPS, against a running server."""

from __future__ import annotations

import inspect
import json
import logging
import pydoc
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_server import SHORT, LiveServer
from wps_client import ADDRESSES, GEOJSON, PROCESSES, XML, archive, bounded, canonical, report

birdy = pytest.importorskip("birdy", reason="birdy is not installed (the group 'dev')")
wps = pytest.importorskip("owslib.wps")
util = pytest.importorskip("owslib.util")
failures = pytest.importorskip("birdy.exceptions")

# What birdy calls OWSLib with is for its authors to change.
pytestmark = pytest.mark.filterwarnings('ignore:The use of "username":DeprecationWarning')

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("birdy"), [PROCESSES], SHORT)
    server.start()
    yield server
    server.end()


@pytest.fixture
def connect(server: LiveServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Connect]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # It makes folders for what it downloads and never takes them away, and sleeps for 3 s between two looks.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pause = wps.sleep
    monkeypatch.setattr(wps.WPSExecution, "checkStatus", bounded(wps.WPSExecution.checkStatus, 60))
    monkeypatch.setattr(wps, "sleep", lambda seconds: pause(0.05))
    logger, interrupt = logging.getLogger("WPSClient"), signal.getsignal(signal.SIGINT)
    logging.getLogger("owslib").setLevel(logging.CRITICAL)

    def connected(path: str = "/wps/1.0.0", **options: Any) -> Any:
        return birdy.WPSClient(server.url + path, **options)

    yield connected
    signal.signal(signal.SIGINT, interrupt)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)


@pytest.fixture
def client(connect: Connect) -> Any:
    return connect()


# -- what there is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ADDRESSES)
def test_each_process_is_a_function_by_one_request(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    asked: list[str] = []
    describe = wps.WebProcessingService.describeprocess
    monkeypatch.setattr(
        wps.WebProcessingService,
        "describeprocess",
        lambda self, identifier, xml=None: asked.append(identifier) or describe(self, identifier, xml=xml),
    )

    client = connect(path)

    assert asked == ["all"]
    for name in ("literals", "copies", "edges", "write_text", "wait_at", "refuse"):
        assert callable(getattr(client, name))
        assert name in client.__doc__
    assert "Returns what it is given." in client.__doc__


def test_the_help_of_a_function_is_its_description(client: Any) -> None:
    told = pydoc.render_doc(client.literals, renderer=pydoc.plaintext)

    assert "Returns what it is given." in told
    for words in ("Parameters", "text : string", "A number from 0 to 100.", "{'red', 'green', 'blue'}string"):
        assert words in told
    assert "total : integer" in told.partition("Returns\n")[2]
    assert ":mimetype:`application/geo+json`" in (client.copies.__doc__ or "")


def test_the_signature_has_what_is_required_first_and_the_defaults(client: Any) -> None:
    parameters = inspect.signature(client.literals).parameters

    assert list(parameters) == ["text", "number", "count", "flag", "colour", "numbers"]
    assert parameters["text"].default is inspect.Parameter.empty
    assert float(parameters["number"].default) == 1.5
    assert (parameters["count"].default, parameters["colour"].default) == (3, "red")
    assert parameters["numbers"].default is None


# -- running ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ADDRESSES)
def test_literals_go_in_and_come_out_typed(connect: Connect, path: str) -> None:
    given = {"number": 2.5, "count": 7, "flag": "true", "colour": "blue", "numbers": [1, 2]}
    found = connect(path).literals("a < b", **given).get()

    assert (found.text, float(found.number), found.count) == ("a < b", 2.5, 7)
    assert (found.colour, found.total) == ("blue", 3)


@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_comes_as_python_writes_it(client: Any, flag: bool) -> None:
    done = client.literals("x", flag=flag)

    assert f"LiteralData>{flag}<".encode() in done.request
    (found,) = [o.data for o in done.processOutputs if o.identifier == "flag"]
    assert found == [str(flag).lower()]
    assert client.literals("x").get().flag is True  # it sends the defaults too


def test_local_files_are_embedded_and_outputs_are_references(
    client: Any, server: LiveServer, tmp_path: Path
) -> None:
    places, document, packed = tmp_path / "places.geojson", tmp_path / "place.xml", tmp_path / "said.zip"
    places.write_text(GEOJSON)
    document.write_text(XML)
    packed.write_bytes(archive())

    done = client.copies(document=document, features=places, archive=packed)

    assert b"Reference xlink" not in done.request
    found = done.get()
    assert f"archive={len(archive())}" in found.sizes.split(";")
    for reference in (found.document, found.features, found.archive):
        assert reference.startswith(server.url)
    assert json.loads(server.get(found.features).body) == json.loads(GEOJSON)
    assert canonical(server.get(found.document).body) == canonical(XML)
    assert server.get(found.archive).body == archive()


def test_a_reference_is_made_an_object_by_its_type(client: Any) -> None:
    assert client.write_text("kept").get(asobj=True).result == "kept"


def test_a_zip_is_unpacked(client: Any, tmp_path: Path) -> None:
    packed = tmp_path / "said.zip"
    packed.write_bytes(archive())

    (unpacked,) = client.copies(archive=packed).get(asobj=True).archive

    assert unpacked == "line\n" * 1000


def test_the_format_of_an_output_is_chosen(client: Any) -> None:
    chosen = {"document": {"as_ref": False, "mimetype": "application/xml"}}

    done = client.copies(document=XML, output_formats=chosen)

    assert done.status == "ProcessSucceeded", [vars(error) for error in done.errors]
    (output,) = done.processOutputs
    assert (output.identifier, output.mimeType) == ("document", "application/xml")
    assert canonical(output.data[0]) == canonical(XML)


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_job_is_followed_with_its_progress(
    connect: Connect, path: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    client = connect(path, progress=True)
    go = tmp_path / "go"
    pause = wps.sleep

    # It is told to go on when its progress was seen: the client looks before it sleeps.
    def seen(seconds: float) -> None:
        pause(seconds)
        if "[40/100] - it waits" in caplog.text:
            go.touch()

    with caplog.at_level(logging.INFO, "WPSClient"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(wps, "sleep", seen)
        try:
            done = client.wait_at(percent=40, file=str(go))
        finally:
            go.touch()  # the slot is needed

    assert done.statusLocation
    assert "wait_at [40/100] - it waits" in caplog.text
    assert caplog.messages[-1] == "wait_at done."
    assert done.get().result == "it came"


# -- errors and languages --------------------------------------------------------------------------


def test_a_mistake_is_told_with_code_and_locator(client: Any) -> None:
    with pytest.raises(util.ServiceException) as refused:
        client.literals("x", count=1000)

    told = report(refused.value)
    assert (told.code, told.locator) == ("InvalidParameterValue", "count")
    assert "100" in told.text


@pytest.mark.parametrize("progress", [False, True])
def test_a_process_that_fails_raises(connect: Connect, progress: bool) -> None:
    # Its own loop reads the text of the status, whatever it is: a failed one has white space round its report.
    done = connect(progress=progress).refuse("the river is dry")

    with pytest.raises(failures.ProcessFailed):
        done.get()
    assert "the river is dry" in done.errors[0].text


def test_the_help_is_in_the_language_that_is_asked_for(connect: Connect) -> None:
    client = connect(language="pt")

    assert "pt" in client.languages.supported
    assert "Devolve o que lhe dão." in client.literals.__doc__
    assert client.write_text("x").get(asobj=True).result == "x"
