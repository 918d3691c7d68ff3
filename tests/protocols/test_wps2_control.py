"""Job control, our extension of WPS 2.0: its schema takes what we write, and we read what it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from wps2_outcomes import EDITION, OFFERED, root, written

from azenha.domain.messages import DescribeServer, Dismiss, Pause, Resume, ServerDescribed
from azenha.domain.process import Catalogue, JobControl, Offering
from azenha.protocols.http import HttpRequest
from azenha.protocols.wps2.words import CONTROL
from schemas import local_parser, need_shared

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "reference" / "wps-job-control.xsd"


@pytest.fixture(scope="module")
def control() -> etree.XMLSchema:
    need_shared()
    return etree.XMLSchema(etree.parse(SCHEMA, local_parser()))


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("Pause", Pause("j")),
        ("Resume", Resume("j")),
        ("Release", Resume("j")),
        ("Delete", Dismiss("j", transient=True)),
    ],
)
def test_a_request_that_the_schema_takes_is_read(
    control: etree.XMLSchema, name: str, command: object
) -> None:
    body = (
        f'<jc:{name} xmlns:jc="{CONTROL}" xmlns:wps="http://www.opengis.net/wps/2.0" service="WPS" version="2.0.0">'
        f"<wps:Extension/><wps:JobID>j</wps:JobID></jc:{name}>"
    ).encode()
    control.assertValid(etree.fromstring(body))
    assert EDITION.read(HttpRequest("POST", "/", "", {}, body, body)) == command


def test_what_the_capabilities_tell_of_it_is_valid(control: etree.XMLSchema) -> None:
    (offering,) = OFFERED.offerings.values()
    every = replace(offering.description, job_control=frozenset(JobControl))
    catalogue = Catalogue({every.id: Offering(every, "x.py")})
    found = root(written(ServerDescribed(catalogue, DescribeServer(), "en", ("en",))))
    told = found.find(f".//{{{CONTROL}}}JobControl")
    assert told is not None
    control.assertValid(etree.fromstring(etree.tostring(told)))
