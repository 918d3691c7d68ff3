"""Data types that a value says to be of."""

from __future__ import annotations

import pytest

from azenha.domain import datatypes
from azenha.domain.lexical import NotAValue
from azenha.domain.process import LiteralType

NOTATIONS = [
    "{}",
    "xs:{}",
    "xsd:{}",
    " {} ",
    "http://www.w3.org/2001/XMLSchema#{}",
    "https://www.w3.org/2001/XMLSchema#{}",
    "http://www.w3.org/TR/xmlschema-2/#{}",
    "http://www.w3.org/2001/XMLSchema/{}",
    "urn:ogc:def:dataType:OGC:1.1:{}",
    "urn:ogc:def:dataType:OGC::{}",
]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("type", list(LiteralType))
def test_a_type_is_known_in_every_notation_and_case(notation, type):
    assert datatypes.known(notation.format(type)) is type
    assert datatypes.known(notation.format(type.upper())) is type


FINE = [
    ("integer", "xs:int"),
    ("integer", "unsignedShort"),
    ("integer", "xs:string"),
    ("double", "float"),
    ("double", "integer"),
    ("double", "xs:decimal"),
    ("decimal", "double"),
    ("decimal", "long"),
    ("boolean", "xs:boolean"),
    ("boolean", "string"),
    ("string", "xs:double"),
    ("string", "xs:anyURI"),
    ("duration", "dayTimeDuration"),
    ("dateTime", "urn:ogc:def:dataType:OGC:1.1:angle"),
    ("integer", ""),
    ("integer", "http://example.org/"),
    ("integer", None),
]


@pytest.mark.parametrize(("type", "name"), FINE)
def test_a_type_that_fits_or_that_nobody_knows_is_no_contradiction(type, name):
    datatypes.check(LiteralType(type), name)


WRONG = [
    ("integer", "xs:double"),
    ("integer", "boolean"),
    ("boolean", "integer"),
    ("double", "boolean"),
    ("double", "date"),
    ("date", "xs:dateTime"),
    ("dateTime", "date"),
    ("duration", "time_and decimal:decimal"),
]


@pytest.mark.parametrize(("type", "name"), WRONG)
def test_a_contradiction_is_refused_and_both_types_named(type, name):
    with pytest.raises(NotAValue) as refusal:
        datatypes.check(LiteralType(type), name)
    assert str(refusal.value) == f"is of type {type}, got a value of type '{name}'"
