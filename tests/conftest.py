"""The official schemas, loaded once for the tests of every folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Speed is measured in benchmarks; a test that is slow because the machine is busy is not wrong.
settings.register_profile("azenha", deadline=None)
settings.load_profile("azenha")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "schemas" / "ogcapi-processes"


@pytest.fixture(scope="session")
def validate() -> Callable[[Mapping[str, Any], str], None]:
    """The validator of documents by the schemas of OGC API - Processes 1.0.

    Skips the test where they are not: they lie beside the checkout.
    """
    if not (SHARED / "oapschemas.py").exists():
        pytest.skip("the official schemas (../shared/schemas) are not beside this checkout")
    pytest.importorskip("jsonschema", reason="the official schemas need jsonschema")
    pytest.importorskip("yaml", reason="the official schemas need PyYAML")
    spec = importlib.util.spec_from_file_location("oapschemas", SHARED / "oapschemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    schemas = module.Schemas(SHARED)

    def validate(found: Mapping[str, Any], name: str) -> None:
        """By the schema of 1.0, or by that of the draft of 2.0 where `name` is its path."""
        path = name if "/" in name else f"part1-1.0/{name}"
        wrong = schemas.errors(found, path)
        assert not wrong, f"{path}: {wrong}"

    return validate
