"""The built wheel in a clean environment, without extras: it serves, and says what is missing for the rest.

Uses the network of pip.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
EXAMPLES = ("raster", "terrain", "vector")
OFFLINE = re.compile(
    r"Max retries exceeded|NewConnectionError|Temporary failure in name resolution|No matching dist"
)

pytestmark = pytest.mark.skipif(
    util.find_spec("build") is None, reason="build is not installed (make test does)"
)


def environment() -> dict[str, str]:
    """Nothing of this checkout or this environment, and no settings."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
    return {n: v for n, v in os.environ.items() if n not in dropped and not n.startswith("AZENHA_")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("clean") / "env"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, env=environment())
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(CONSTRAINTS), str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True, env=environment())
    if done.returncode and OFFLINE.search(done.stderr):
        pytest.skip("pip reaches no package index: the wheel cannot be installed in a clean environment")
    assert done.returncode == 0, done.stderr
    return python


def get(url: str) -> Any:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=20) as reply:
        return json.load(reply)


@pytest.fixture(scope="module")
def url(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the clean environment, with the bundled examples."""
    folder = tmp_path_factory.mktemp("serve")
    settings = folder / "azenha.toml"
    settings.write_text('data = "data"\n[server]\nport = 0\n')
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [str(python), "-m", "azenha", "serve", "--config", str(settings)],
            cwd=folder,
            env=environment(),
            stdout=log,
            stderr=log,
        )
        try:
            yield until_it_answers(process, folder)
        finally:
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
            process.wait(30)


def until_it_answers(process: subprocess.Popen[bytes], folder: Path) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            url: str = json.loads((folder / "data" / "server.json").read_text())["url"]
            get(f"{url}/conformance")
        except (OSError, ValueError):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        else:
            return url


def test_the_wheel_has_all_that_is_no_python_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    sources = [p for p in (ROOT / "src").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert {str(p.relative_to(ROOT / "src").as_posix()) for p in sources} <= set(names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"azenha"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_without_extras_nothing_of_the_examples_is_installed(python: Path) -> None:
    code = "from importlib.util import find_spec as f; print([n for n in ('numpy', 'rasterio', 'pytest') if f(n)])"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, env=environment())
    assert done.stdout.strip() == "[]", done.stderr


def test_importing_azenha_loads_no_third_party_module(python: Path) -> None:
    code = (
        "import sys; before = set(sys.modules); import azenha; "
        "print([n for n in set(sys.modules) - before "
        "if n.partition('.')[0] not in sys.stdlib_module_names | {'azenha'}])"
    )
    command = [str(python), "-I", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.stdout.strip() == "[]", done.stderr


def test_the_echo_of_the_wheel_is_served_and_runs(url: str) -> None:
    assert "echo" in {process["id"] for process in get(f"{url}/processes")["processes"]}
    request = urllib.request.Request(
        f"{url}/processes/echo/execution",
        json.dumps({"inputs": {"text": "hello"}}).encode(),
        {"Content-Type": "application/json"},
    )
    assert get(request) == "hello"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_that_lack_their_extra_are_listed_with_the_remedy(url: str, name: str) -> None:
    reasons = {one["source"]: one["reason"] for one in get(f"{url}/processes")["unavailable"]}
    assert set(reasons) == {f"azenha.examples.{n}" for n in EXAMPLES}
    assert 'pip install "azenha[examples]"' in reasons[f"azenha.examples.{name}"]


def test_a_missing_example_is_no_error_of_check(python: Path, tmp_path: Path) -> None:
    command = [str(python), "-m", "azenha", "check", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(done.stdout)["unavailable"]) == len(EXAMPLES)
