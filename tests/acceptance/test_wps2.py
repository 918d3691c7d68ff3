"""WPS 2.0.2 by a running server: every operation, by every binding, in every outcome; and the other dialects."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from live_server import SHORT, LiveServer, Reply, until
from lxml import etree
from wps_client import PROCESSES

import schemas

HERE = Path(__file__).resolve().parent
GENERAL, OWN = "/wps", "/wps/2.0.0"
NAMESPACES = (
    'xmlns:wps="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:jc="urn:azenha:wps:job-control:1.0" '
    'service="WPS" version="2.0.0"'
)
HREF = "{http://www.w3.org/1999/xlink}href"
SOAP = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
SETTINGS: dict[str, Any] = {**SHORT, "addresses": {"allow": ["127.0.0.1"]}}


class Elsewhere(BaseHTTPRequestHandler):
    """Gives what inputs refer to; what is posted comes back."""

    def do_GET(self) -> None:
        found = {"/number": b"7\n", "/word": b"seven", "/big": b"x" * 200_000}.get(self.path)
        self.answer(404 if found is None else 200, found or b"there is nothing")

    def do_POST(self) -> None:
        self.answer(200, self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_address[1]}"
    served.shutdown()
    served.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    schemas.need_shared()
    targets = [PROCESSES, HERE / "processes_to_pause.py", "azenha.examples.basic"]
    server = LiveServer(tmp_path_factory.mktemp("wps2"), targets, SETTINGS)
    server.start()
    yield server
    server.end()


# -- asking ----------------------------------------------------------------------------------------


def post(server: LiveServer, body: str, soap: str | None = None, path: str = OWN) -> Reply:
    if soap is not None:
        body = f'<s:Envelope xmlns:s="{SOAP[soap]}"><s:Body>{body}</s:Body></s:Envelope>'
    return server.ask("POST", path, body.encode(), {"Content-Type": "text/xml"})


def kvp(server: LiveServer, request: str, path: str = OWN, **more: str) -> Reply:
    query = "&".join(f"{name}={value}" for name, value in more.items())
    return server.ask("GET", f"{path}?service=WPS&version=2.0.0&request={request}&{query}")


def execute(process: str, content: str, mode: str = "sync", response: str = "document") -> str:
    attributes = f'{NAMESPACES} mode="{mode}" response="{response}"'
    return f"<wps:Execute {attributes}><ows:Identifier>{process}</ows:Identifier>{content}</wps:Execute>"


def value(id: str, text: str) -> str:
    return (
        f'<wps:Input id="{id}"><wps:Data><wps:LiteralValue>{text}</wps:LiteralValue></wps:Data></wps:Input>'
    )


def of_job(name: str, job: str) -> str:
    return f"<{name} {NAMESPACES}><wps:JobID>{job}</wps:JobID></{name}>"


def document(reply: Reply) -> etree._Element:
    """Of a reply that is valid by the official schemas; without its envelope."""
    found = schemas.valid(reply.body)
    return schemas.carried(found)[0] if etree.QName(found).localname == "Envelope" else found


def told(reply: Reply, name: str) -> str | None:
    return document(reply).findtext(f".//{{*}}{name}")


def report(reply: Reply) -> tuple[int, str | None, str | None]:
    found = document(reply).find(".//{*}Exception")
    assert found is not None, reply.text
    return reply.status, found.get("exceptionCode"), found.get("locator")


def job_of(reply: Reply) -> str:
    assert reply.status == 200, reply.text
    job = told(reply, "JobID")
    assert job
    return job


def ended(server: LiveServer, job: str) -> str:
    def end() -> str | None:
        word = told(kvp(server, "GetStatus", jobid=job), "Status")
        return word if word in ("Succeeded", "Failed") else None

    word: str = until(end, 20, f"job {job} ends")
    return word


BINDINGS: dict[str, Callable[[LiveServer, str, str], Reply]] = {
    "KVP": lambda server, name, job: kvp(server, name, jobid=job),
    "XML": lambda server, name, job: post(server, of_job(f"wps:{name}", job)),
    "SOAP 1.1": lambda server, name, job: post(server, of_job(f"wps:{name}", job), "1.1"),
    "SOAP 1.2": lambda server, name, job: post(server, of_job(f"wps:{name}", job), "1.2"),
}

# -- what is offered -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [GENERAL, OWN])
def test_what_is_offered_is_valid_by_every_binding(server: LiveServer, path: str) -> None:
    body = f"<wps:GetCapabilities {NAMESPACES}/>".replace('version="2.0.0"', "")
    described = (
        f"<wps:DescribeProcess {NAMESPACES}><ows:Identifier>ALL</ows:Identifier></wps:DescribeProcess>"
    )
    for soap in (None, "1.1", "1.2"):
        assert document(post(server, body, soap, path)).tag.endswith("Capabilities")
        assert document(post(server, described, soap, path)).tag.endswith("ProcessOfferings")
    first = kvp(server, "GetCapabilities", path)
    listed = document(first).findall(".//{*}ProcessSummary")
    assert len(listed) == len(document(kvp(server, "DescribeProcess", path, identifier="all")))
    again = server.ask(
        "GET",
        f"{path}?service=WPS&version=2.0.0&request=GetCapabilities&",
        headers={"If-None-Match": first.headers["etag"]},
    )
    assert again.status == 304


def test_descriptions_come_in_the_language_that_is_asked_for(server: LiveServer) -> None:
    assert (
        told(kvp(server, "DescribeProcess", identifier="literals", lang="pt"), "Title") == "Valores literais"
    )
    assert (
        told(kvp(server, "DescribeProcess", identifier="literals", lang="en-GB"), "Title") == "Literal values"
    )
    reply = kvp(server, "DescribeProcess", identifier="literals", lang="xx")
    assert report(reply) == (400, "InvalidParameterValue", "lang")
    assert report(kvp(server, "DescribeProcess", identifier="literals,no,none")) == (
        400,
        "NoSuchProcess",
        "no none",
    )


# -- execute ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("soap", [None, "1.1", "1.2"])
@pytest.mark.parametrize("mode", ["sync", "auto"])
def test_a_quick_process_is_answered_with_its_result(server: LiveServer, mode: str, soap: str | None) -> None:
    content = value("text", "a") + '<wps:Output id="text"/><wps:Output id="count" transmission="reference"/>'
    reply = post(server, execute("literals", content, mode), soap)
    result = document(reply)
    assert (reply.status, result.tag) == (200, "{http://www.opengis.net/wps/2.0}Result")
    assert [one.get("id") for one in result.iterfind("{*}Output")] == ["text", "count"]
    assert told(reply, "LiteralValue") == "a"
    reference = result.find(".//{*}Reference")
    assert reference is not None
    got = server.ask("GET", str(reference.get(HREF)).removeprefix(server.url))
    assert (got.status, got.text, got.headers["content-type"]) == (200, "3", "text/plain; charset=utf-8")


def test_a_slow_process_is_answered_with_its_status(server: LiveServer, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    body = execute("wait_at", value("percent", "1") + value("file", str(gate)), "auto")
    reply = post(server, body)
    assert told(reply, "Status") == "Accepted"
    gate.touch()
    job = job_of(reply)
    assert ended(server, job) == "Succeeded"
    assert told(kvp(server, "GetResult", jobid=job), "LiteralValue") == "it came"


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_job_is_followed_to_its_result_and_dismissed(server: LiveServer, binding: str) -> None:
    ask = BINDINGS[binding]
    reply = post(server, execute("literals", value("text", "a") + '<wps:Output id="text"/>', "async"))
    assert told(reply, "Status") == "Accepted"
    job = job_of(reply)
    assert ended(server, job) == "Succeeded"
    assert told(ask(server, "GetStatus", job), "ExpirationDate")
    for _ in range(2):  # as often as one likes
        result = ask(server, "GetResult", job)
        assert (result.status, told(result, "LiteralValue"), job_of(result)) == (200, "a", job)
    assert told(ask(server, "Dismiss", job), "Status") == "Dismissed"
    for name in ("GetStatus", "GetResult", "Dismiss"):
        _, code, locator = report(ask(server, name, job))
        assert (code, locator) == ("NoSuchJob", job)


def test_raw_is_answered_at_once_and_later(server: LiveServer) -> None:
    content = value("text", "said &amp; done") + '<wps:Output id="result"/>'
    reply = post(server, execute("write_text", content, response="raw"))
    assert (reply.status, reply.text) == (200, "said & done")
    assert reply.headers["content-type"].startswith("text/plain")
    job = job_of(post(server, execute("write_text", content, "async", "raw")))
    ended(server, job)
    assert kvp(server, "GetResult", jobid=job).text == "said & done"
    address = f"{OWN}?service=WPS&version=2.0.0&request=GetResult&jobid={job}"
    for headers, status in (({"If-Match": '"other"'}, 412), ({"Range": "bytes=500-"}, 416)):
        assert report(server.get(address, headers)) == (status, "NoApplicableCode", None)
    _, code, _ = report(post(server, of_job("wps:GetResult", job), "1.2"))
    assert code == "OptionNotSupported"
    literal = post(server, execute("literals", value("text", "a") + '<wps:Output id="text"/>', "sync", "raw"))
    assert literal.text.count("LiteralValue") == 2


def test_a_running_job_has_no_result_yet_and_one_that_is_dismissed_never(
    server: LiveServer, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    body = execute("wait_at", value("percent", "40") + value("file", str(gate)), "async")
    job = job_of(post(server, body))
    until(lambda: told(kvp(server, "GetStatus", jobid=job), "PercentCompleted") == "40", 20, "it is at 40 %")
    status = kvp(server, "GetStatus", jobid=job)
    assert told(status, "Status") == "Running"
    assert told(status, "NextPoll")
    assert told(status, "EstimatedCompletion")
    assert told(server.ask("GET", f"{OWN}/jobs/{job}"), "Status") == "Running"
    assert report(kvp(server, "GetResult", jobid=job)) == (400, "ResultNotReady", job)
    assert told(post(server, of_job("wps:Dismiss", job)), "Status") == "Dismissed"
    for name in ("GetStatus", "GetResult", "Dismiss"):
        assert report(kvp(server, name, jobid=job)) == (400, "NoSuchJob", job)
    lasting = server.ask("GET", f"/jobs/{job}", headers={"Accept": "application/json"})
    assert lasting.json["status"] == "dismissed"  # a lasting state of OGC API


def test_a_process_that_fails_says_no_more_than_that(server: LiveServer) -> None:
    content = value("reason", "a secret")
    for reply in (
        post(server, execute("refuse", content)),
        post(server, of_job("wps:GetResult", failed_job(server, content))),
    ):
        assert report(reply) == (500, "InternalServerError", None)
        assert "secret" not in reply.text


def failed_job(server: LiveServer, content: str) -> str:
    job = job_of(post(server, execute("refuse", content, "async")))
    assert ended(server, job) == "Failed"
    return job


# -- by reference ----------------------------------------------------------------------------------


def reference(id: str, href: str, content: str = "") -> str:
    return f'<wps:Input id="{id}"><wps:Reference xlink:href="{href}">{content}</wps:Reference></wps:Input>'


def test_literals_and_files_come_by_reference_and_a_body_is_posted(
    server: LiveServer, elsewhere: str
) -> None:
    content = value("text", "a") + reference("count", f"{elsewhere}/number") + '<wps:Output id="count"/>'
    assert told(post(server, execute("literals", content)), "LiteralValue") == "7"
    posted = reference("document", f"{elsewhere}/echo", "<wps:Body><a>b</a></wps:Body>")
    reply = post(server, execute("copies", posted + '<wps:Output id="document"/>', "sync", "raw"))
    assert etree.fromstring(reply.body).text == "b"


@pytest.mark.parametrize(("path", "code"), [("/nothing", "DataNotAccessible"), ("/word", "WrongInputData")])
def test_what_lies_elsewhere_and_is_no_input_fails_the_job_with_its_name(
    server: LiveServer, elsewhere: str, path: str, code: str
) -> None:
    content = value("text", "a") + reference("count", elsewhere + path)
    assert report(post(server, execute("literals", content))) == (400, code, "count")
    job = job_of(post(server, execute("literals", content, "async")))
    assert ended(server, job) == "Failed"
    assert report(kvp(server, "GetResult", jobid=job)) == (400, code, "count")


# -- refused before it is accepted -----------------------------------------------------------------

OUTPUT = '<wps:Output id="{}"/>'


@pytest.mark.parametrize(
    ("process", "content", "mode", "response", "code", "locator"),
    [
        ("no", "", "async", "document", "NoSuchProcess", "no"),
        ("literals", value("txt", "a") + value("text", "a"), "async", "document", "NoSuchInput", "txt"),
        ("literals", value("text", "a") + OUTPUT.format("no"), "async", "document", "NoSuchOutput", "no"),
        ("literals", value("text", "a") * 2, "async", "document", "TooManyInputs", "text"),
        ("literals", "", "async", "document", "MissingParameterValue", "text"),
        (
            "literals",
            value("text", "a") + value("count", "101"),
            "async",
            "document",
            "InvalidParameterValue",
            "count",
        ),
        (
            "literals",
            value("text", "a") + '<wps:Output id="text" mimeType="image/png"/>',
            "async",
            "document",
            "NoSuchFormat",
            "text",
        ),
        (
            "copies",
            '<wps:Input id="features"><wps:Data mimeType="image/png">QQ==</wps:Data></wps:Input>',
            "async",
            "document",
            "NoSuchFormat",
            "features",
        ),
        ("literals", value("text", "a"), "sync", "raw", "TooManyOutputs", "text number count flag colour total"),
        ("literals", value("text", "a") + OUTPUT.format("text") + OUTPUT.format("flag"), "async", "raw",
         "TooManyOutputs", "text flag"),
    ],
)  # fmt: skip
def test_what_can_be_checked_is_refused_before_there_is_a_job(
    server: LiveServer, process: str, content: str, mode: str, response: str, code: str, locator: str
) -> None:
    assert report(post(server, execute(process, content, mode, response))) == (400, code, locator)


def test_execute_by_get_is_not_there_until_it_is_switched_on(server: LiveServer) -> None:
    reply = kvp(server, "Execute", identifier="literals", datainputs="text=a")
    assert report(reply) == (501, "OperationNotSupported", "Execute")


def test_execute_by_get_answers_where_it_is_switched_on(start: Callable[..., LiveServer]) -> None:
    server = start(PROCESSES, wps={"kvp_execute": True})
    reply = kvp(server, "Execute", identifier="literals", datainputs="text=a;count=7", rawdataoutput="count")
    assert "7" in reply.text
    reply = kvp(
        server, "Execute", identifier="literals", datainputs="text=a", mode="async", responsedocument="text"
    )
    assert told(reply, "Status") == "Accepted"
    operations = document(kvp(server, "GetCapabilities")).iter("{*}Operation")
    execution = next(one for one in operations if one.get("name") == "Execute")
    assert execution.find(".//{*}Get") is not None


# -- job control -----------------------------------------------------------------------------------


@pytest.mark.parametrize("soap", [None, "1.2"])
def test_a_job_is_paused_goes_on_and_is_deleted(server: LiveServer, tmp_path: Path, soap: str | None) -> None:
    counted = tmp_path / "counted"
    job = job_of(post(server, execute("count", value("file", str(counted)), "async")))
    until(counted.exists, 20, "it counts")

    def control(name: str) -> str | None:
        return told(post(server, of_job(f"jc:{name}", job), soap), "Status")

    for _ in range(2):
        assert control("Pause") == "Paused"
    assert report(kvp(server, "GetResult", jobid=job)) == (400, "ResultNotReady", job)
    assert control("Release") == "Running"
    assert told(kvp(server, "Pause", jobid=job), "Status") == "Paused"
    assert control("Resume") == "Running"
    assert control("Delete") == "Dismissed"
    assert report(kvp(server, "Pause", jobid=job)) == (400, "NoSuchJob", job)


def test_what_cannot_be_paused_says_so(server: LiveServer) -> None:
    job = job_of(post(server, execute("literals", value("text", "a"), "async")))
    ended(server, job)
    assert report(kvp(server, "Pause", jobid=job)) == (501, "OperationNotSupported", "Pause")


# -- the other dialects ----------------------------------------------------------------------------


def test_a_job_is_the_same_in_every_dialect(server: LiveServer) -> None:
    body = {"inputs": {"text": "a"}, "response": "raw", "outputs": {"text": {}}}
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    created = server.ask("POST", "/processes/literals/execution", json.dumps(body).encode(), headers)
    theirs = str(created.json["jobID"])
    assert ended(server, theirs) == "Succeeded"
    assert told(kvp(server, "GetResult", jobid=theirs), "LiteralValue") == "a"

    ours = job_of(post(server, execute("literals", value("text", "b") + OUTPUT.format("text"), "async")))
    ended(server, ours)
    accept = {"Accept": "application/json"}
    assert server.ask("GET", f"/jobs/{ours}", headers=accept).json["status"] == "successful"
    assert server.ask("GET", f"/jobs/{ours}/results", headers=accept).json["text"] == "b"
    followed = schemas.valid(server.ask("GET", f"/wps/1.0.0/jobs/{ours}").body)
    assert followed.find(".//{*}ProcessSucceeded") is not None
    assert server.ask("DELETE", f"/jobs/{ours}", headers=accept).status == 200
    assert report(kvp(server, "GetStatus", jobid=ours)) == (400, "NoSuchJob", ours)


# -- nested and large values -----------------------------------------------------------------------


def test_an_object_goes_in_and_comes_out_in_its_parts(server: LiveServer) -> None:
    place = "".join(
        value(id, text) for id, text in (("name", "Foz"), ("latitude", "41"), ("longitude", "-8.6"))
    )
    content = value("text", "a") + f'<wps:Input id="place">{place}</wps:Input>'
    described = document(kvp(server, "DescribeProcess", identifier="echo"))
    assert described.find(".//{*}Process/{*}Input/{*}Input") is not None
    result = document(post(server, execute("echo", content + '<wps:Output id="place"/>')))
    told = [(one[0].get("id"), one.findtext(".//{*}LiteralValue")) for one in result.iterfind("{*}Output")]
    assert told == [("name", "Foz"), ("latitude", "41.0"), ("longitude", "-8.6")]
    part = '<wps:Output id="place"><wps:Output id="name"/></wps:Output>'
    reply = post(server, execute("echo", content + part))
    assert [one.text for one in document(reply).iter("{*}LiteralValue")] == ["Foz"]
    assert "Foz" in post(server, execute("echo", content + part, response="raw")).text
    by_reference = part.replace('"name"', '"name" transmission="reference"')
    assert report(post(server, execute("echo", content + by_reference))) == (400, "StorageNotSupported", None)
    wrong = content.replace(">41<", ">91<")
    assert report(post(server, execute("echo", wrong)))[1:] == ("InvalidParameterValue", "place.latitude")


def test_large_values_go_in_and_come_out_inside_of_documents(server: LiveServer) -> None:
    pieces = "".join(f"<p n='{n}'>&amp;ção</p>" for n in range(250_000))
    xml = f"<a>{pieces}</a>"
    content = f'<wps:Input id="document"><wps:Data mimeType="text/xml">{xml}</wps:Data></wps:Input>'
    reply = post(server, execute("copies", content + '<wps:Output id="document"/>'))
    data = document(reply).find(".//{*}Data")
    assert data is not None
    assert data.get("encoding") is None
    assert len(data[0]) == 250_000
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a", bytes(range(256)) * 20_000)
    coded = base64.b64encode(archive.getvalue()).decode()
    data_in = f'<wps:Data mimeType="application/zip" encoding="base64">{coded}</wps:Data>'
    content = f'<wps:Input id="archive">{data_in}</wps:Input>'
    reply = post(server, execute("copies", content + '<wps:Output id="archive"/>'))
    data = document(reply).find(".//{*}Data")
    assert data is not None
    assert (data.get("encoding"), data.text) == ("base64", coded)
