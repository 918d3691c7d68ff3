from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.packed import is_packed, unpacked


@given(st.binary())
def test_what_was_packed_is_unpacked(data: bytes) -> None:
    packed = base64.b64encode(data)
    assert unpacked(packed) == unpacked(packed.decode()) == data


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("QQ", "incorrect padding"),
        ("QQ=", "incorrect padding"),
        ("QUJD=", "(incorrect padding|excess padding not allowed)"),  # the latter since Python 3.13
        ("QQ==QUJD", "excess data after padding"),
        ("QQ==\n", "excess data after padding"),
        ("Q Q=", "only base64 data is allowed"),
        ("QU_-", "only base64 data is allowed"),
        ("====", "leading padding not allowed"),
        ("QQ=Q", "discontinuous padding not allowed"),
        ("QÄ==", "string argument should contain only ascii characters"),
    ],
)
def test_what_is_none_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        unpacked(text)


@given(st.text("QUJD=_ \n", max_size=12))
def test_the_standard_library_takes_what_is_taken(text: str) -> None:
    try:
        data = unpacked(text)
    except ValueError:
        return
    assert binascii.a2b_base64(text, strict_mode=True) == data


@given(st.binary(max_size=40), st.integers(0, 3))
def test_what_is_packed_is_known_wherever_it_is_cut(data: bytes, begin: int) -> None:
    packed = base64.b64encode(data).rstrip(b"=")
    assert is_packed(packed[begin:])


@given(st.text("QUJD=+/", max_size=12), st.sampled_from('\x00\x1f\n" \\-_é'), st.integers(0, 12))
def test_what_has_another_letter_is_not(text: str, other: str, at: int) -> None:
    assert not is_packed((text[:at] + other + text[at:]).encode())
