"""OWSLib's client of WPS 1.0.0, which most tools of Python and QGIS are built on, against a running server."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_server import SHORT, LiveServer, until
from lxml import etree
from wps_client import (
    ADDRESSES,
    GEOJSON,
    PROCESSES,
    XML,
    archive,
    bounded,
    canonical,
    coded,
    data_server,
    report,
)

import schemas

owslib = pytest.importorskip("owslib.wps", reason="OWSLib is not installed (the group 'dev')")
util = pytest.importorskip("owslib.util")

WPS, OWS = "{http://www.opengis.net/wps/1.0.0}", "{http://www.opengis.net/ows/1.1}"
BOX = ("west", "south", "east", "north")

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """It may fetch from this machine."""
    settings = SHORT | {"addresses": {"allow": ["127.0.0.1"]}}
    server = LiveServer(tmp_path_factory.mktemp("owslib"), [PROCESSES], settings)
    server.start()
    yield server
    server.end()


@pytest.fixture
def connect(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Connect:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(owslib.WPSExecution, "checkStatus", bounded(owslib.WPSExecution.checkStatus, 60))
    logging.getLogger("owslib").setLevel(logging.CRITICAL)

    def connected(path: str = "/wps/1.0.0", **options: Any) -> Any:
        return owslib.WebProcessingService(server.url + path, **options)

    return connected


@pytest.fixture
def client(connect: Connect) -> Any:
    return connect()


def run(client: Any, process: str, *inputs: tuple[str, Any], output: Any = None, **options: Any) -> Any:
    """A synchronous execution that succeeded."""
    done = client.execute(process, list(inputs), output, mode=owslib.SYNC, **options)
    assert done.status == "ProcessSucceeded", [vars(error) for error in done.errors]
    return done


def values(execution: Any) -> dict[str, Any]:
    """Of each output the one value that is embedded, else its reference."""
    return {one.identifier: one.data[0] if one.data else one.reference for one in execution.processOutputs}


def checked(execution: Any) -> Any:
    """The execution after one more look at its status."""
    execution.checkStatus(sleepSecs=0)
    return execution


# -- what there is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ADDRESSES)
def test_the_capabilities_name_the_service_its_operations_and_all_processes(
    connect: Connect, server: LiveServer, path: str
) -> None:
    client = connect(path)

    assert client.identification.type == "WPS"
    assert client.identification.version == "1.0.0"
    assert client.identification.title == "azenha"
    assert client.provider.name
    assert [o.name for o in client.operations] == ["GetCapabilities", "DescribeProcess", "Execute"]
    methods = {m["type"]: m["url"] for m in client.getOperationByName("Execute").methods}
    assert set(methods) == {"Get", "Post"}
    assert all(url.startswith(server.url + "/wps") for url in methods.values())
    assert methods["Get"].endswith("?")
    found = {p.identifier: p for p in client.processes}
    assert {"literals", "copies", "edges", "kinds", "write_text", "wait_at", "refuse"} == set(found)
    assert (found["literals"].title, found["literals"].processVersion) == ("Literal values", "1.0.0")
    assert found["literals"].abstract == "Returns what it is given."


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_process_is_described_as_its_function_is(connect: Connect, path: str) -> None:
    process = connect(path).describeprocess("literals")

    assert (process.storeSupported, process.statusSupported) == (True, True)
    inputs = {i.identifier: i for i in process.dataInputs}
    assert list(inputs) == ["text", "number", "count", "flag", "colour", "numbers"]
    assert (inputs["text"].title, inputs["text"].abstract) == ("A text", "Any text.")
    assert (inputs["text"].dataType, inputs["text"].anyValue) == ("string", True)
    occurs = {name: (i.minOccurs, i.maxOccurs) for name, i in inputs.items()}
    assert occurs == dict.fromkeys(inputs, (0, 1)) | {"text": (1, 1), "numbers": (0, 10)}
    assert float(inputs["number"].defaultValue) == 1.5
    assert (inputs["count"].dataType, inputs["count"].defaultValue) == ("integer", 3)
    assert (inputs["flag"].dataType, inputs["flag"].defaultValue) == ("boolean", True)
    assert inputs["colour"].allowedValues == ["red", "green", "blue"]
    outputs = {o.identifier: o.dataType for o in process.processOutputs}
    assert list(outputs) == ["text", "number", "count", "flag", "colour", "total"]
    assert outputs["total"] == "integer"


def test_all_processes_are_described_at_once(client: Any) -> None:
    described = {p.identifier: p for p in client.describeprocess("all")}

    assert list(described) == [p.identifier for p in client.processes]
    copied = {i.identifier: i for i in described["copies"].dataInputs}
    assert copied["document"].defaultValue.mimeType == "text/xml"
    assert [f.mimeType for f in copied["document"].supportedValues] == ["text/xml", "application/xml"]
    assert copied["features"].defaultValue.mimeType == "application/geo+json"
    assert copied["archive"].dataType == "ComplexData"
    (box,) = described["edges"].dataInputs
    assert box.dataType == "BoundingBoxData"
    assert box.defaultValue.upper().endswith("CRS84")
    assert [name.rpartition(":")[2].rpartition("/")[2].upper() for name in box.supportedValues] == [
        "CRS84",
        "4326",
        "3857",
    ]


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ADDRESSES)
def test_literals_are_typed_and_repeated(connect: Connect, path: str) -> None:
    given = [
        ("text", "a < b & ç"),
        ("number", "-2.5e3"),
        ("count", "7"),
        ("flag", "false"),
        ("colour", "blue"),
    ]
    done = run(connect(path), "literals", *given, ("numbers", "1"), ("numbers", "2"), ("numbers", "-5"))

    found = values(done)
    assert float(found.pop("number")) == -2500
    assert found == {"text": "a < b & ç", "count": "7", "flag": "false", "colour": "blue", "total": "-2"}


def test_what_is_left_out_has_its_default(client: Any) -> None:
    found = values(run(client, "literals", ("text", "x")))

    assert (float(found["number"]), found["count"], found["flag"]) == (1.5, "3", "true")


def test_only_the_outputs_that_are_asked_for_come(client: Any) -> None:
    done = run(client, "literals", ("text", "x"), output=[("total", False), ("text", False)])

    assert values(done) == {"total": "0", "text": "x"}


def test_xml_comes_as_escaped_text_and_is_the_same_document(client: Any) -> None:
    document = owslib.ComplexDataInput(XML, mimeType="text/xml")

    done = run(client, "copies", ("document", document), output=[("document", False), ("sizes", False)])

    assert b"&lt;a:place" in done.request  # this is how this client sends it
    found = values(done)
    assert canonical(found["document"]) == canonical(XML)
    assert int(found["sizes"].removeprefix("document=")) > 0


def test_geojson_is_the_text_that_was_given(client: Any) -> None:
    features = owslib.ComplexDataInput(GEOJSON, mimeType="application/geo+json")

    done = run(client, "copies", ("features", features), output=[("features", False)])

    assert json.loads(values(done)["features"]) == json.loads(GEOJSON)
    assert done.processOutputs[0].mimeType == "application/geo+json"


def test_bytes_travel_as_base64_both_ways(client: Any) -> None:
    packed = owslib.ComplexDataInput(coded(archive()), mimeType="application/zip", encoding="base64")

    done = run(client, "copies", ("archive", packed), output=[("archive", False), ("sizes", False)])

    found = values(done)
    assert base64.b64decode(found["archive"]) == archive()
    assert found["sizes"] == f"archive={len(archive())}"


@pytest.mark.parametrize(
    ("corners", "crs", "edges"),
    [
        ([38, -9, 39.5, -8], None, (-9, 38, -8, 39.5)),  # EPSG:4326 in lower case, as this client names it
        ([38, -9, 39.5, -8], "EPSG:4326", (-9, 38, -8, 39.5)),
        ([38, -9, 39.5, -8], "urn:ogc:def:crs:EPSG::4326", (-9, 38, -8, 39.5)),
        ([38, -9, 39.5, -8], "http://www.opengis.net/def/crs/EPSG/0/4326", (-9, 38, -8, 39.5)),
        ([-9, 38, -8, 39.5], "urn:ogc:def:crs:OGC:1.3:CRS84", (-9, 38, -8, 39.5)),
        ([-9, 38, -8, 39.5], "OGC:CRS84", (-9, 38, -8, 39.5)),
        ([-1e6, 4.5e6, -9e5, 4.6e6], "EPSG:3857", (-1e6, 4.5e6, -9e5, 4.6e6)),
    ],
)
def test_a_box_is_understood_in_the_axis_order_of_its_system(
    client: Any, corners: list[float], crs: str | None, edges: tuple[float, ...]
) -> None:
    done = run(client, "edges", ("box", owslib.BoundingBoxDataInput(corners, crs)))

    found = values(done)
    assert tuple(float(found[name]) for name in BOX) == edges
    # The client swaps what comes back by the system that it comes in.
    box = found["box"]
    assert tuple(float(edge) for edge in (box.minx, box.miny, box.maxx, box.maxy)) == edges


def test_what_is_given_is_told_back_if_asked_for(client: Any) -> None:
    done = run(client, "literals", ("text", "x"), output=[("text", False)], lineage=True)

    assert [i.identifier for i in done.dataInputs] == ["text"]
    assert done.dataInputs[0].data == ["x"]
    assert not run(client, "literals", ("text", "x"), output=[("text", False)]).dataInputs


# -- references ------------------------------------------------------------------------------------


@pytest.fixture
def files() -> Iterator[str]:
    """The address of a web server of GeoJSON, as a WFS would answer it."""
    with data_server(GEOJSON.encode(), "application/geo+json") as (place, _):
        yield f"http://{place}"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_reference_is_fetched(client: Any, files: str, mode: str) -> None:
    features = owslib.ComplexDataInput(f"{files}/places.geojson", mimeType="application/geo+json")
    asked = ([("features", features)], [("features", False)])

    # The client compares modes by identity.
    done = client.execute("copies", *asked, mode=owslib.SYNC if mode == "sync" else owslib.ASYNC)
    owslib.monitorExecution(done, sleepSecs=0.05)

    assert b"Reference" in done.request
    assert done.isSucceeded(), [vars(error) for error in done.errors]
    assert json.loads(values(done)["features"]) == json.loads(GEOJSON)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_an_output_is_had_by_reference(client: Any, server: LiveServer, tmp_path: Path, mode: str) -> None:
    asked = ([("text", "kept")], [("result", True)])

    done = client.execute("write_text", *asked, mode=owslib.SYNC if mode == "sync" else owslib.ASYNC)
    owslib.monitorExecution(done, sleepSecs=0.05)

    (output,) = done.processOutputs
    assert not output.data
    assert output.mimeType.partition(";")[0] == "text/plain"
    assert output.reference.startswith(server.url)
    assert output.retrieveData() == b"kept"
    # Plain paths: this client takes the name of the file from the last part of them.
    output.writeToDisk(path=f"{tmp_path}/")
    assert Path(output.filePath).suffix == ".txt"
    assert Path(output.filePath).read_text() == "kept"


def test_a_literal_is_had_by_reference_too(client: Any) -> None:
    done = run(client, "literals", ("text", "kept"), output=[("text", True), ("count", False)])

    text, count = done.processOutputs
    assert text.retrieveData() == b"kept"
    assert count.data == ["3"]


@pytest.fixture
def go(tmp_path: Path) -> Iterator[Path]:
    """What a job waits for. It comes in the end, whatever became of the test: the slot is needed."""
    file = tmp_path / "go"
    yield file
    file.touch()


# -- in the background -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_job_is_followed_from_acceptance_to_its_result(
    connect: Connect, server: LiveServer, go: Path, path: str
) -> None:
    job = connect(path).execute("wait_at", [("percent", "40"), ("file", str(go))], [("result", False)])

    assert job.statusLocation.startswith(server.url)
    assert not job.isComplete()
    until(lambda: checked(job).percentCompleted == 40, 30, "it tells its progress")
    assert (job.status, job.statusMessage) == ("ProcessStarted", "it waits")
    assert not job.processOutputs
    go.touch()
    owslib.monitorExecution(job, sleepSecs=0.05)
    assert (job.status, job.percentCompleted, values(job)) == ("ProcessSucceeded", 100, {"result": "it came"})


def test_the_result_is_downloaded_when_the_job_has_ended(client: Any, tmp_path: Path) -> None:
    job = client.execute("write_text", [("text", "kept")], [("result", True)])

    owslib.monitorExecution(job, sleepSecs=0.05, download=True, filepath=str(tmp_path / "had.txt"))

    assert (tmp_path / "had.txt").read_text() == "kept"


def test_a_status_is_read_by_whoever_has_its_address(client: Any) -> None:
    job = client.execute("literals", [("text", "x")], [("text", False)])

    other = owslib.WPSExecution()
    other.checkStatus(url=job.statusLocation, sleepSecs=0)
    owslib.monitorExecution(other, sleepSecs=0.05)

    assert values(other) == {"text": "x"}


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    ("process", "inputs", "output", "code", "locator", "words"),
    [
        ("nothing", [("text", "x")], "text", "InvalidParameterValue", "Identifier", "nothing"),
        ("literals", [("text", "x"), ("size", "1")], "text", "InvalidParameterValue", "size", "size"),
        ("literals", [("text", "x"), ("count", "101")], "text", "InvalidParameterValue", "count", "100"),
        ("literals", [("text", "x"), ("count", "1.5")], "text", "InvalidParameterValue", "count", "1.5"),
        ("literals", [("text", "x"), ("flag", "yes")], "text", "InvalidParameterValue", "flag", "yes"),
        ("literals", [("text", "x"), ("colour", "pink")], "text", "InvalidParameterValue", "colour", "pink"),
        ("literals", [("text", "x"), ("text", "y")], "text", "InvalidParameterValue", "text", "2"),
        ("literals", [("count", "1")], "text", "MissingParameterValue", "text", "text"),
        ("literals", [("text", "x")], "size", "InvalidParameterValue", "size", "size"),
    ],
)
def test_a_mistake_is_answered_with_400_and_a_report_that_this_client_can_show(
    client: Any, process: str, inputs: Any, output: str, code: str, locator: str, words: str, mode: str
) -> None:
    with pytest.raises(util.ServiceException) as refused:
        client.execute(
            process, inputs, [(output, False)], mode=owslib.SYNC if mode == "sync" else owslib.ASYNC
        )

    told = report(refused.value)
    assert (told.code, told.locator) == (code, locator)
    assert words in told.text


def test_a_format_that_is_not_offered_is_refused_by_the_name_of_its_input(client: Any) -> None:
    picture = owslib.ComplexDataInput("x", mimeType="image/png")

    with pytest.raises(util.ServiceException) as refused:
        client.execute("copies", [("document", picture)], mode=owslib.SYNC)

    told = report(refused.value)
    assert (told.code, told.locator) == ("InvalidParameterValue", "document")
    assert "image/png" in told.text


def test_an_unknown_process_is_not_described(client: Any) -> None:
    with pytest.raises(util.ServiceException) as refused:
        client.describeprocess("nothing")

    told = report(refused.value)
    assert (told.code, told.locator) == ("InvalidParameterValue", "Identifier")


def test_another_version_is_refused(connect: Connect) -> None:
    with pytest.raises(util.ServiceException) as refused:
        connect(version="3.0.0")

    assert report(refused.value).code == "VersionNegotiationFailed"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_job_that_fails_tells_why(client: Any, mode: str) -> None:
    chosen = owslib.SYNC if mode == "sync" else owslib.ASYNC

    job = client.execute("refuse", [("reason", "the river is dry")], [("result", False)], mode=chosen)
    owslib.monitorExecution(job, sleepSecs=0.05)

    assert (job.status, job.isSucceeded()) == ("Exception", False)
    (error,) = job.errors
    assert error.code == "NoApplicableCode"
    assert "the river is dry" in error.text
    assert "Traceback" not in error.text


# -- languages -------------------------------------------------------------------------------------


def test_titles_come_in_the_language_that_is_asked_for(connect: Connect) -> None:
    client = connect(language="pt")

    assert client.languages.default == "en"
    assert set(client.languages.supported) >= {"en", "pt"}
    assert client._capabilities.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt"
    assert {p.identifier: p.title for p in client.processes}["literals"] == "Valores literais"
    described = client.describeprocess("literals")
    assert (described.title, described.abstract) == ("Valores literais", "Devolve o que lhe dão.")
    assert described.dataInputs[0].title == "Um texto"
    # The client asks for the language at the status's address too.
    job = client.execute("literals", [("text", "x")], [("text", False)])
    owslib.monitorExecution(job, sleepSecs=0.05)
    assert (job.isSucceeded(), job.process.title) == (True, "Valores literais")


def test_a_language_that_is_not_offered_is_refused(connect: Connect) -> None:
    with pytest.raises(util.ServiceException) as refused:
        connect(language="tlh")

    told = report(refused.value)
    assert (told.code, told.locator) == ("InvalidParameterValue", "language")


# -- the standard ----------------------------------------------------------------------------------


def test_whatever_this_client_gets_is_valid_by_the_official_schemas(
    connect: Connect, server: LiveServer
) -> None:
    schemas.need_shared()
    client = connect()
    base = "/wps/1.0.0?service=WPS"
    box = owslib.BoundingBoxDataInput([38, -9, 39, -8])
    document = owslib.ComplexDataInput(XML, mimeType="text/xml")
    packed = owslib.ComplexDataInput(coded(archive()), mimeType="application/zip", encoding="base64")
    files = [("document", document), ("archive", packed)]

    assert schemas.valid(server.get(f"{base}&request=GetCapabilities").body).tag == f"{WPS}Capabilities"
    described = schemas.valid(server.get(f"{base}&version=1.0.0&request=DescribeProcess&identifier=all").body)
    assert described.tag == f"{WPS}ProcessDescriptions"
    refused = server.get(f"{base}&version=1.0.0&request=DescribeProcess&identifier=nothing")
    assert (refused.status, schemas.valid(refused.body).tag) == (400, f"{OWS}ExceptionReport")
    for done in (
        run(client, "literals", ("text", "x"), ("numbers", "1")),
        run(client, "edges", ("box", box), output=[("box", False)], lineage=True),
        run(client, "copies", *files, output=[("document", False), ("archive", False)], lineage=True),
        run(client, "copies", *files, output=[("document", True), ("archive", True), ("sizes", True)]),
        client.execute("refuse", [("reason", "no")], [("result", False)], mode=owslib.SYNC),
    ):
        assert schemas.valid(etree.tostring(done.response)).tag == f"{WPS}ExecuteResponse"
    job = client.execute("refuse", [("reason", "no")], [("result", False)])
    while not job.isComplete():
        assert schemas.valid(server.get(job.statusLocation).body).tag == f"{WPS}ExecuteResponse"
        checked(job)
    assert schemas.valid(server.get(job.statusLocation).body).find(f".//{OWS}ExceptionText") is not None
