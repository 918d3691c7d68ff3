"""Schemas are fetched once, with all that they name, into the folder that data is checked by."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from webserver import Web, serving

from azenha.adapters.references.download import Fetcher
from azenha.authoring.types import File
from azenha.cli import main
from azenha.console.exits import FAILED, OK, USAGE
from azenha.domain.addresses import AddressPolicy
from azenha.domain.process import Level, Validation
from azenha.engine.formats import schemas
from azenha.engine.formats.checking import Check, conforms
from azenha.engine.formats.collecting import Collected, collect
from azenha.engine.formats.mirror import place
from azenha.engine.formats.opening import NotValid
from azenha.engine.formats.policy import Policy
from azenha.settings import LimitSettings

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
ROOT = f"""<xs:schema {XS} targetNamespace="urn:a" xmlns="urn:a" xmlns:b="urn:b" elementFormDefault="qualified">
<xs:import namespace="urn:b" schemaLocation="parts/b.xsd"/><xs:include schemaLocation="/common.xsd"/>
<xs:element name="a"><xs:complexType><xs:sequence><xs:element ref="b:b"/><xs:element ref="c"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""
PART = f"""<xs:schema {XS} targetNamespace="urn:b"><xs:import namespace="urn:a" schemaLocation="../a.xsd"/>
<xs:element name="b" type="xs:integer"/></xs:schema>"""
COMMON = f'<xs:schema {XS} targetNamespace="urn:a"><xs:element name="c" type="xs:boolean"/></xs:schema>'
HERE = AddressPolicy.of(("127.0.0.1",), ())


@pytest.fixture
def fetched(tmp_path: Path) -> Iterator[Callable[..., Collected]]:
    with Fetcher(HERE, LimitSettings()) as fetch:
        yield lambda *addresses, **more: collect(addresses, tmp_path / "schemas", fetch, **more)


@pytest.fixture
def three(web: Web) -> str:
    """The address of a schema that imports one, which imports it, and includes another."""
    web.gives("/x/parts/b.xsd", PART.encode())
    web.gives("/common.xsd", b"\xef\xbb\xbf" + COMMON.encode())
    return web.gives("/x/a.xsd", ROOT.encode())


def judged(path: Path, media_type: str, address: str, folder: Path) -> str:
    schemas.catalogue.cache_clear()
    file = File(path, media_type, schema=address)
    asked = Validation(Level.VERY_STRICT)
    return conforms(Check("a", file, Level.VERY_STRICT, None, asked), Policy(schemas=folder))


def test_a_schema_comes_with_all_that_it_imports_and_data_is_judged_by_it_offline(
    fetched: Callable[..., Collected], three: str, tmp_path: Path
) -> None:
    told: list[tuple[str, int | None, str | None]] = []
    found = fetched(three, told=lambda *one: told.append(one))
    base = three.removesuffix("/x/a.xsd")
    assert list(found.fetched) == [three, f"{base}/x/parts/b.xsd", f"{base}/common.xsd"]
    assert (found.here, found.failed) == ([], {})
    assert [(address, reason) for address, _, reason in told] == [(a, None) for a in found.fetched]
    assert (tmp_path / "schemas/127.0.0.1/x/parts/b.xsd").read_text() == PART
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text('<a xmlns="urn:a" xmlns:b="urn:b"><b:b>1</b:b><c>true</c></a>')
    bad.write_text('<a xmlns="urn:a" xmlns:b="urn:b"><b:b>one</b:b><c>true</c></a>')
    assert "very strict" in judged(good, "application/xml", three, tmp_path / "schemas")
    with pytest.raises(NotValid, match="'one' is not a valid value"):
        judged(bad, "application/xml", three, tmp_path / "schemas")


def test_what_is_there_is_not_fetched_again_and_what_it_lacks_is(
    fetched: Callable[..., Collected], three: str, web: Web, tmp_path: Path
) -> None:
    fetched(three)
    (tmp_path / "schemas/127.0.0.1/common.xsd").unlink()
    web.asked.clear()
    again = fetched(three)
    assert [path for path, _ in web.asked] == ["/common.xsd"]
    assert len(again.here) == 2
    assert list(again.fetched) == [f"{web.base}/common.xsd"]


def test_references_of_json_schemas_are_followed(
    fetched: Callable[..., Collected], web: Web, tmp_path: Path
) -> None:
    pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    web.gives("/part.json", json.dumps({"$defs": {"n": {"type": "integer"}}}).encode())
    schema = {"properties": {"n": {"$ref": "part.json#/$defs/n"}, "m": {"$ref": "#/properties/n"}}}
    address = web.gives("/s.json", json.dumps(schema).encode())
    assert list(fetched(address).fetched) == [address, f"{web.base}/part.json"]
    data = tmp_path / "a.json"
    data.write_text('{"n": 1}')
    assert judged(data, "application/json", address, tmp_path / "schemas")
    data.write_text('{"n": "one"}')
    with pytest.raises(NotValid, match="is not of type 'integer'"):
        judged(data, "application/json", address, tmp_path / "schemas")


def test_what_cannot_be_had_is_told_and_the_others_are_there(
    fetched: Callable[..., Collected], three: str, web: Web, tmp_path: Path
) -> None:
    del web.answers["/common.xsd"]
    page = web.gives("/page", b"<html/>")
    prose = web.gives("/prose", b"no schema")
    listing = web.gives("/list", b"[1]")
    found = fetched(three, page, prose, listing, "ftp://x.example/a.xsd", "http://10.0.0.1/a.xsd")
    assert len(found.fetched) == 2
    reasons = {address.rsplit("/", 1)[-1] + address[:3]: reason for address, reason in found.failed.items()}
    assert "404 Not Found" in reasons["common.xsdhtt"]
    assert "what came is no schema, but a document of html" in reasons["pagehtt"]
    assert "what came is neither XML nor JSON" in reasons["prosehtt"]
    assert "no schema: that is an object" in reasons["listhtt"]
    assert "only http and https" in reasons["a.xsdftp"]
    assert "10.0.0.1" in reasons["a.xsdhtt"]
    there = {
        file.relative_to(tmp_path / "schemas").as_posix() for file in (tmp_path / "schemas").rglob("*.*")
    }
    assert there == {"127.0.0.1", "127.0.0.1/x/a.xsd", "127.0.0.1/x/parts/b.xsd"}


def test_an_address_outside_the_policy_is_not_asked_even_if_a_schema_names_it(
    web: Web, tmp_path: Path
) -> None:
    with serving("127.0.0.2") as other:
        inner = (
            f'<xs:schema {XS}><xs:include schemaLocation="http://127.0.0.2:{other.port}/s.xsd"/></xs:schema>'
        )
        address = web.gives("/a.xsd", inner.encode())
        with Fetcher(HERE, LimitSettings()) as fetch:
            found = collect([address], tmp_path / "schemas", fetch)
        assert other.asked == []
    assert list(found.fetched) == [address]
    ((reason,),) = [list(found.failed.values())]
    assert "127.0.0.2" in reason


def test_too_large_a_schema_and_too_many_of_them_are_left_out(
    fetched: Callable[..., Collected], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azenha.engine.formats.collecting.LARGEST", 1000)
    large = web.gives("/large.xsd", COMMON.encode() + b" " * 1000)
    parts = "".join(f'<xs:include schemaLocation="{n}.xsd"/>' for n in range(9))
    for n in range(9):
        web.gives(f"/{n}.xsd", COMMON.encode())
    found = fetched(large, web.gives("/many.xsd", f"<xs:schema {XS}>{parts}</xs:schema>".encode()), most=3)
    assert "more than 1000 bytes" in found.failed[large]
    assert len(found.fetched) == 2
    assert "more than 3 schemas belong together" in found.failed[f"{web.base}/1.xsd"]


def test_a_schema_takes_its_place_only_when_all_of_it_is_there(
    fetched: Callable[..., Collected], three: str, tmp_path: Path
) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "schemas" / "127.0.0.1").symlink_to(tmp_path / "elsewhere")
    found = fetched(three)
    assert "leads out of the folder" in found.failed[three]
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("http://schemas.opengis.net/kml/2.2.0/ogckml22.xsd", "schemas.opengis.net/kml/2.2.0/ogckml22.xsd"),
        ("https://Geojson.org/schema/GeoJSON.json#x", "geojson.org/schema/GeoJSON.json"),
        ("http://x.example:8080/a%20b/c.xsd", "x.example/a b/c.xsd"),
        ("http://x.example", "x.example/index"),
        ("http://x.example/a/", "x.example/a/index"),
        (
            "http://x.example/wfs?request=DescribeFeatureType&typeName=a:b",
            "x.example/wfs@request=DescribeFeatureType%26typeName=a%3Ab",
        ),
        ("http://x.example/a/%2e%2e/%2e%2e/etc/passwd", None),
        ("http://x.example/a%2fb", None),
        ("http://x.example/a%00b", None),
        ("http://x.example/a\\b", None),
        ("http://x.example/" + "a" * 300, None),
        ("http://[x/a", None),
        ("file:///etc/passwd", None),
        ("urn:a", None),
    ],
)  # fmt: skip
def test_an_address_is_a_path_that_leads_nowhere_else(address: str, path: str | None) -> None:
    assert place(address) == (None if path is None else PurePosixPath(path))


# -- the command -------------------------------------------------------------------------------------

PROCESS = '''
from typing import Annotated
from azenha import File, Media, Validation, process

@process
def strictly(a: Annotated[File, Media("application/xml", schema="{0}"), Validation("very strict")]) -> str:
    """A document."""
    return "followed"
'''


@pytest.fixture
def place_to_work(three: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "strictly.py").write_text(PROCESS.format(three))
    (tmp_path / "azenha.toml").write_text(
        'targets = ["strictly.py"]\n[formats]\nschemas = "kept"\n[addresses]\nallow = ["127.0.0.1"]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_fetches_what_the_processes_ask_for_and_tells_of_each(
    place_to_work: Path, three: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schemas", "list"]) == FAILED
    shown = capsys.readouterr()
    assert three in shown.out
    assert "strictly, input 'a'" in shown.out
    assert "azenha schemas fetch" in shown.err
    assert main(["check"]) == FAILED  # not served without them
    assert "needs schemas" in capsys.readouterr().out
    assert main(["schemas", "fetch"]) == OK
    told = capsys.readouterr().err.splitlines()
    assert told[0] == f"fetched  {three} ({len(ROOT)} bytes)"
    assert told[-1] == f"3 schemas fetched, 0 were there: {place_to_work / 'kept'}"
    assert main(["schemas", "list", "--json"]) == OK
    data = json.loads(capsys.readouterr().out)
    assert [one["path"] for one in data["schemas"]] == [
        "127.0.0.1/common.xsd",
        "127.0.0.1/x/a.xsd",
        "127.0.0.1/x/parts/b.xsd",
    ]
    assert data["wanted"] == [{"address": three, "here": True, "by": ["strictly, input 'a'"]}]
    assert main(["check"]) == OK


def test_the_command_fetches_what_is_named_and_fails_with_the_reason(
    place_to_work: Path, web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schemas", "fetch", f"{web.base}/common.xsd", f"{web.base}/none.xsd"]) == FAILED
    told = capsys.readouterr().err
    assert f"failed   {web.base}/none.xsd: 404" in told
    assert "1 schemas fetched, 0 were there, 1 could not be had" in told
    assert (place_to_work / "kept/127.0.0.1/common.xsd").exists()


def test_without_a_folder_the_command_says_which_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["schemas", "list"]) == USAGE
    assert "set formats.schemas" in capsys.readouterr().err
