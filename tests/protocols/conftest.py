"""The official schemas, loaded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ogcapi_outcomes import official


@pytest.fixture(scope="session")
def validate() -> Callable[[Mapping[str, Any], str], None]:
    return official()
