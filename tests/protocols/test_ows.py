"""OWS Common: versions, sections, and errors as exception reports."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from lxml import etree

from azenha.domain import errors
from azenha.domain.errors import AppError
from azenha.domain.process import Format
from azenha.protocols import ows
from azenha.protocols.ows import FAULTS, Edition
from azenha.protocols.xml_write import document

SCHEMAS = Path(__file__).parents[3] / "shared" / "schemas"
CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, AppError)]
CODES = {
    *("MissingParameterValue", "InvalidParameterValue", "VersionNegotiationFailed", "InvalidUpdateSequence"),
    *("OperationNotSupported", "OptionNotSupported", "NoApplicableCode", "ServerBusy"),
}
OURS = "JobStateConflict"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [((), "2.0.0"), (("1.0.0",), "1.0.0"), (("3.0.0", "1.0.0", "2.0.0"), "1.0.0"), (("2.0.0", "1.0.0"), "2.0.0")],
)  # fmt: skip
def test_the_clients_first_version_that_is_spoken_wins(accepted: tuple[str, ...], expected: str) -> None:
    assert ows.version(accepted, ("2.0.0", "1.0.0")) == expected


def test_no_common_version_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        errors.VersionNotOffered, match=r"'3\.0\.0' is not offered; offered: 2\.0\.0, 1\.0\.0"
    ):
        ows.version(["3.0.0"], ("2.0.0", "1.0.0"))


def test_sections_and_update_sequence() -> None:
    known = ("Contents", "Languages")
    assert ows.sections((), known) == ows.sections(["All"], known) == {"Contents", "Languages"}
    assert ows.sections(["Languages", "Nonsense"], known) == {"Languages"}
    assert ows.is_current("7", "7")
    assert not ows.is_current(None, "7")
    assert not ows.is_current("6", "7")
    assert not ows.is_current("zzz", "abc")
    with pytest.raises(errors.UpdateSequenceAhead):
        ows.is_current("8", "7")


def test_empty_attributes_name_no_format() -> None:
    assert ows.format_of("", None, "") is None
    assert ows.format_of(None, "base64", "") == Format("", "base64")
    assert ows.format_of("text/xml", "", None) == Format("text/xml")


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_has_a_code_of_its_own_or_its_kinds(error: type[AppError]) -> None:
    own = [c for c in error.__mro__ if c in FAULTS]
    assert own[0] is not AppError or error is AppError


def test_only_codes_of_ows_common_and_the_one_of_our_extension_stand_in_the_table() -> None:
    assert {code for code, _ in FAULTS.values()} == {*CODES, OURS}


def test_every_problem_is_told_and_the_first_decides() -> None:
    error = errors.InvalidInputs(
        [errors.MissingInput("band", "is missing"), errors.InvalidValue("n", "is 0")]
    )
    status, found = ows.status_and_exceptions(error, FAULTS)
    assert status == 400
    assert [(e.code, e.locator) for e in found] == [
        ("MissingParameterValue", "band"),
        ("InvalidParameterValue", "n"),
    ]
    status, found = ows.status_and_exceptions(errors.NoSuchOperation("no operation 'x'", "x"), FAULTS)
    assert (status, found[0].locator) == (501, "x")
    status, found = ows.status_and_exceptions(errors.JobFailed("j", "process", "it broke", "R-1"), FAULTS)
    assert (status, found[0].locator) == (500, None)


@pytest.mark.parametrize(("edition", "folder"), [(Edition.V1_1, "1.1.0"), (Edition.V2_0, "2.0")])
def test_a_report_is_valid_in_both_editions(edition: Edition, folder: str) -> None:
    error = errors.BadParameter("no <good>", "version")
    _, found = ows.status_and_exceptions(error, FAULTS)
    (whole,) = document(ows.exception_report(found, edition, "en"), {"ows": edition})
    assert isinstance(whole, bytes)
    root = etree.fromstring(whole)
    assert root.tag == f"{{{edition}}}ExceptionReport"
    assert root[0].get("exceptionCode") == "InvalidParameterValue"
    assert root[0].get("locator") == "version"
    assert root[0][0].text == "no <good>"
    schema = SCHEMAS / "ows" / folder / "owsExceptionReport.xsd"
    if not schema.exists():
        pytest.skip("the schemas are not beside this checkout")
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    etree.XMLSchema(etree.parse(str(schema), parser)).assertValid(root)


class Local(etree.Resolver):
    """Schemas by their address, from the folder."""

    def resolve(self, url: str, public: str, context: object) -> object:
        for host, folder in (("schemas.opengis.net/", ""), ("www.w3.org/", "w3/")):
            if host in url:
                found = SCHEMAS / f"{folder}{url.partition(host)[2]}"
                if not found.exists():
                    found = next(SCHEMAS.rglob(Path(url).name))
                return self.resolve_filename(str(found), context)
        return None
