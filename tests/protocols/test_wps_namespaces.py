"""A namespace that is not the right one is named in the refusal: a prefix does not show the difference."""

from __future__ import annotations

import pytest
from tests.protocols.test_wps1_read import post as post1
from tests.protocols.test_wps2_read import EDITION as EDITION_2
from tests.protocols.test_wps2_read import post as request2

from azenha.domain.errors import BadRequest, NoSuchOperation

WPS1 = "http://www.opengis.net/wps/1.0.0"
WPS2 = "http://www.opengis.net/wps/2.0"


def post2(body: str) -> object:
    return EDITION_2.read(request2(body))


@pytest.mark.parametrize(("post", "namespace"), [(post1, WPS1), (post2, WPS2)])
def test_a_request_in_another_namespace_is_told_which_is_expected(post, namespace: str) -> None:
    with pytest.raises(NoSuchOperation) as caught:
        post('<wps:Execute service="WPS" xmlns:wps="http://www.opengis.net/wps"/>')
    assert str(caught.value).endswith(
        f"(its namespace is 'http://www.opengis.net/wps'; expected '{namespace}')"
    )
    assert caught.value.locator == "Execute"
    with pytest.raises(NoSuchOperation) as caught:
        post('<Execute service="WPS"/>')
    assert str(caught.value).endswith(f"(it has no namespace; expected '{namespace}')")


@pytest.mark.parametrize("post", [post1, post2])
def test_of_an_operation_that_is_in_no_edition_the_namespace_does_not_matter(post) -> None:
    with pytest.raises(NoSuchOperation) as caught:
        post("<a/>")
    assert "namespace" not in str(caught.value)


@pytest.mark.parametrize(
    ("post", "wps", "expected", "given"),
    [
        (post1, WPS1, "http://www.opengis.net/ows/1.1", "http://www.opengis.net/ows/2.0"),
        (post2, WPS2, "http://www.opengis.net/ows/2.0", "http://www.opengis.net/ows/1.1"),
    ],
)
def test_an_element_of_the_other_edition_is_told_which_is_expected(
    post, wps: str, expected: str, given: str
) -> None:
    version = "1.0.0" if wps == WPS1 else "2.0.0"
    with pytest.raises(BadRequest) as caught:
        post(
            f'<wps:Execute service="WPS" version="{version}" xmlns:wps="{wps}" xmlns:ows="{given}">'
            "<ows:Identifier>echo</ows:Identifier></wps:Execute>"
        )
    assert f"'ows:Identifier' (its namespace is '{given}'; expected '{expected}')" in str(caught.value)
    assert caught.value.locator == "Identifier"
