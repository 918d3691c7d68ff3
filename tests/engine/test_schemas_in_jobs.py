"""Schemas that a job is checked by, and that are not here, are fetched by its own children where that is allowed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from workshop import Offered, Workshop, quick

from azenha.domain.job import FailureKind, JobState
from azenha.domain.process import Format
from azenha.domain.values import InlineText, Reference, Value
from azenha.engine.formats import lacking
from azenha.engine.sandbox import tree
from azenha.settings import Addresses, Formats, ReferenceSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "fetch"))

from webserver import Web, serving

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
ROOT = f"""<xs:schema {XS}><xs:include schemaLocation="parts/b.xsd"/><xs:element name="a" type="t"/></xs:schema>"""
PART = f"""<xs:schema {XS}><xs:simpleType name="t"><xs:restriction base="xs:integer"/></xs:simpleType></xs:schema>"""
XML, JSON = Format("application/xml"), "application/json"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        web.gives("/x/a.xsd", ROOT.encode())
        web.gives("/x/parts/b.xsd", PART.encode())
        yield web


@pytest.fixture
def working(offers: Offered, tmp_path: Path) -> Iterator[Callable[..., Workshop]]:
    """Makes a running worker with these settings of formats, whose jobs may fetch from 127.0.0.1."""
    shops: list[Workshop] = []
    tree.become_subreaper()

    def make(**formats: object) -> Workshop:
        data = tmp_path / f"data-{len(shops)}"
        data.mkdir()
        given = {"schemas": tmp_path / "schemas", "fetch_schemas": True, **formats}
        settings = replace(
            quick(data),
            addresses=Addresses(allow=("127.0.0.1",)),
            references=replace(ReferenceSettings(), cache=0, attempts=1),
            formats=replace(Formats(), **given),  # type: ignore[arg-type]
        )
        shops.append(Workshop(offers, settings))
        shops[-1].worker.start()
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()


def document(schema: str, content: str = "1") -> InlineText:
    location = "xsi:noNamespaceSchemaLocation"
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    return InlineText(f'<a xmlns:xsi="{xsi}" {location}="{schema}">{content}</a>', XML)


def given(*values: Value) -> dict[str, tuple[Value, ...]]:
    return {"a": values}


def test_a_schema_that_data_names_comes_with_what_it_includes_and_stays_for_the_next_job(
    web: Web, working: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop, schema = working(), f"{web.base}/x/a.xsd"
    first = shop.submit("by_schema", values=given(document(schema)))
    assert shop.text(first) == "called"
    assert f"INFO: the schema {schema} was fetched" in shop.log(first)
    assert shop.job(first).message is None
    assert (tmp_path / "schemas/127.0.0.1/x/parts/b.xsd").read_text() == PART
    bad = shop.failure(shop.submit("by_schema", values=given(document(schema, "one"))))
    assert (bad.kind, bad.locator) == (FailureKind.INPUT, "a")
    assert "'one' is not a valid value" in bad.message
    assert [path for path, _ in web.asked] == ["/x/a.xsd", "/x/parts/b.xsd"]
    assert {one.name for one in (tmp_path / "schemas").iterdir()} == {"127.0.0.1"}


def test_data_that_came_by_reference_is_looked_into_for_its_schemas(
    web: Web, working: Callable[..., Workshop]
) -> None:
    url = web.gives("/data.xml", document(f"{web.base}/x/a.xsd").text.encode())
    shop = working()
    assert shop.text(shop.submit("by_schema", values=given(Reference(url, XML)))) == "called"


def test_a_schema_of_json_that_was_declared_comes_with_what_it_refers_to(
    web: Web, working: Callable[..., Workshop]
) -> None:
    pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    web.gives("/part.json", json.dumps({"type": "integer"}).encode())
    schema = web.gives("/s.json", json.dumps({"properties": {"n": {"$ref": "part.json"}}}).encode())
    shop, format = working(), Format(JSON, None, schema)
    values = given(InlineText('{"n": 1}', format), InlineText('{"n": "one"}', format))
    failure = shop.failure(shop.submit("by_schema", values=values))
    assert failure.locator == "a[1]"
    assert "is not of type 'integer'" in failure.message


def test_nothing_is_fetched_where_that_is_not_allowed_and_the_reason_names_schema_and_command(
    web: Web, working: Callable[..., Workshop]
) -> None:
    shop, schema = working(fetch_schemas=False), f"{web.base}/x/a.xsd"
    failure = shop.failure(shop.submit("by_schema", values=given(document(schema))))
    assert failure.kind is FailureKind.INPUT
    assert f"`azenha schemas fetch {schema}` fetches it" in failure.message
    assert web.asked == []


def test_two_jobs_that_lack_the_same_schemas_do_not_disturb_each_other(
    web: Web, working: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop, schema = working(), f"{web.base}/x/a.xsd"
    ids = [shop.submit("by_schema", values=given(document(schema))) for _ in range(6)]
    assert [shop.text(id) for id in ids] == ["called"] * 6
    files = {file.name for file in (tmp_path / "schemas").rglob("*") if file.is_file()}
    assert files == {"a.xsd", "b.xsd"}


def test_a_schema_that_cannot_be_had_fails_the_job_with_the_reason(
    web: Web, working: Callable[..., Workshop]
) -> None:
    shop, schema = working(), f"{web.base}/none.xsd"
    failure = shop.failure(shop.submit("by_schema", values=given(document(schema))))
    assert (failure.kind, failure.locator) == (FailureKind.FETCH, "a")
    assert f"its schema {schema} could not be fetched: 404 Not Found" in failure.message


def test_an_import_that_cannot_be_had_is_named_by_log_and_reason_and_not_asked_for_at_once_again(
    web: Web, working: Callable[..., Workshop]
) -> None:
    del web.answers["/x/parts/b.xsd"]
    shop, schema = working(), f"{web.base}/x/a.xsd"
    id = shop.submit("by_schema", values=given(document(schema)))
    assert f"`azenha schemas fetch {web.base}/x/parts/b.xsd`" in shop.failure(id).message
    assert f"INFO: the schema {web.base}/x/parts/b.xsd could not be fetched: 404" in shop.log(id)
    again = shop.submit("by_schema", values=given(document(schema)))
    assert shop.job(again).state is not JobState.SUCCEEDED
    shop.failure(again)
    assert [path for path, _ in web.asked] == ["/x/a.xsd", "/x/parts/b.xsd"]


def test_addresses_outside_the_policy_are_not_asked(working: Callable[..., Workshop]) -> None:
    shop = working()
    with serving("127.0.0.2") as other:
        schema = f"http://127.0.0.2:{other.port}/s.xsd"
        failure = shop.failure(shop.submit("by_schema", values=given(document(schema))))
        assert other.asked == []
    assert failure.kind is FailureKind.FETCH
    assert "127.0.0.2" in failure.message


@pytest.mark.parametrize("address", ["file:///etc/passwd", "a.xsd", "http://[", "http://127.0.0.1/../a.xsd"])
def test_what_is_no_address_of_a_schema_is_refused_by_the_check_alone(
    address: str, working: Callable[..., Workshop]
) -> None:
    shop = working()
    failure = shop.failure(shop.submit("by_schema", values=given(document(address))))
    assert failure.kind is FailureKind.INPUT
    assert "there is none here" in failure.message


def test_a_full_folder_takes_no_more_and_the_reason_names_the_setting(
    web: Web, working: Callable[..., Workshop], tmp_path: Path
) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/other.xsd").write_bytes(bytes(2000))
    shop = working(schemas_bytes=2000)
    failure = shop.failure(shop.submit("by_schema", values=given(document(f"{web.base}/x/a.xsd"))))
    assert failure.kind is FailureKind.FETCH
    assert "setting formats.schemas_bytes" in failure.message
    assert web.asked == []


def test_one_job_fetches_no_more_schemas_than_its_number(
    web: Web, working: Callable[..., Workshop], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(lacking.MOST + 10):
        inner = f'<xs:schema {XS}><xs:include schemaLocation="/{number + 1}.xsd"/></xs:schema>'
        web.gives(f"/{number}.xsd", inner.encode())
    shop = working()
    id = shop.submit("by_schema", values=given(document(f"{web.base}/0.xsd")))
    shop.failure(id)
    assert len(web.asked) == lacking.MOST
