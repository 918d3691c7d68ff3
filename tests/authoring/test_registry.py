"""Sources are found without importing them, and loaded with a reason where that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from azenha import AuthoringError
from azenha.authoring import registry
from azenha.authoring.registry import Kind, Source, find, fingerprint, load, loaded_files, locate

PROCESS = '''
from azenha import process

@process
def {name}(a: int) -> int:
    """{name}."""
    return a
'''
IMPORTED = "raise SystemExit('this file was imported')\n"


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Loading is for children that end: what it leaves behind here is taken away again."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def in_child(code: str) -> str:
    """What code prints in an interpreter of its own."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def only(target: str, folder: Path) -> Source:
    sources, missing = find([target], folder)
    assert missing == []
    (one,) = sources
    return one


# -- finding -------------------------------------------------------------------------------------


def test_a_file_a_folder_and_a_module_are_found_without_being_imported(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "one.py": IMPORTED,
            "more/b.py": IMPORTED,
            "more/a.py": IMPORTED,
            "more/_hidden.py": IMPORTED,
            "more/text.txt": "",
            "more/deeper/c.py": IMPORTED,
            "package/__init__.py": IMPORTED,
            "package/inner/__init__.py": IMPORTED,
            "package/inner/module.py": IMPORTED,
            "namespace/inner/module.py": IMPORTED,
        },
    )
    targets = ["one.py", "more", "package.inner.module", "package.inner", "namespace.inner.module"]
    sources, missing = find(targets, tmp_path)
    assert missing == []
    root = tmp_path.resolve()
    assert sources == [
        Source("one.py", Kind.FILE, str(root / "one.py"), root / "one.py", root),
        Source("more/a.py", Kind.FILE, str(root / "more/a.py"), root / "more/a.py", root / "more"),
        Source("more/b.py", Kind.FILE, str(root / "more/b.py"), root / "more/b.py", root / "more"),
        Source(
            "package.inner.module",
            Kind.MODULE,
            "package.inner.module",
            root / "package/inner/module.py",
            root,
        ),
        Source("package.inner", Kind.MODULE, "package.inner", root / "package/inner/__init__.py", root),
        Source(
            "namespace.inner.module",
            Kind.MODULE,
            "namespace.inner.module",
            root / "namespace/inner/module.py",
            root,
        ),
    ]
    assert not {"one", "a", "package", "namespace"} & sys.modules.keys()


def test_a_source_that_is_named_twice_is_one(tmp_path: Path) -> None:
    write(tmp_path, {"one.py": ""})
    sources, missing = find(["one.py", ".", str(tmp_path / "one.py")], tmp_path)
    assert ([s.name for s in sources], missing) == (["one.py"], [])


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("nowhere.py", "there is no file or folder 'nowhere.py'"),
        ("no/where", "there is no file or folder 'no/where'"),
        ("empty", "there is no .py file in the folder 'empty' (names beginning with '_' do not count)"),
        ("./text.txt", "'./text.txt' is no Python file: its name must end in .py"),
        ("no-module", "'no-module' is no .py file, folder or dotted module name"),
        ("package.nothing", "there is no module 'package.nothing': install its package, or name its file"),
        ("package.module.deeper", "there is no module 'package.module.deeper'"),
        ("builtins", "there is no module 'builtins'"),
    ],
)
def test_a_target_with_nothing_in_it_is_listed_with_its_reason(
    target: str, reason: str, tmp_path: Path
) -> None:
    write(
        tmp_path,
        {
            "empty/_a.py": "",
            "text.txt": "",
            "package/__init__.py": "",
            "package/module.py": "",
            "good.py": "",
        },
    )
    sources, (missing,) = find([target, "good.py"], tmp_path)
    assert [s.name for s in sources] == ["good.py"]
    assert missing.source == target
    assert reason in missing.reason


def test_without_targets_there_are_entry_points_and_the_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"package/__init__.py": IMPORTED, "package/a.py": IMPORTED})
    points = EntryPoints(
        [
            EntryPoint("whole", "package.a", registry.GROUP),
            EntryPoint("one", "package.a:ndvi", registry.GROUP),
            EntryPoint("wrong", "package a", registry.GROUP),
            EntryPoint("gone", "package.gone", registry.GROUP),
        ]
    )
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points.select(group=group))
    monkeypatch.syspath_prepend(str(tmp_path))
    sources, missing = find([], tmp_path)
    path = (tmp_path / "package/a.py").resolve()
    assert sources[:2] == [
        Source("package.a:ndvi", Kind.MODULE, "package.a", path, only="ndvi"),
        Source("package.a", Kind.MODULE, "package.a", path),
    ]
    examples = [s.name for s in sources[2:]]
    assert "azenha.examples.basic" in examples
    assert "azenha.examples.certification" not in examples
    assert not [name for name in examples if not name.startswith("azenha.examples.") or "._" in name]
    assert [(m.source, m.reason.partition(";")[0]) for m in missing] == [
        (
            "package.gone",
            "there is no module 'package.gone': install its package, or name its file (package/gone.py)",
        ),
        ("wrong", "the entry point 'wrong' of azenha.processes is 'package a'"),
    ]


def test_a_module_is_located_without_its_parents_being_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"package/__init__.py": IMPORTED, "package/inner/module.py": IMPORTED})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert locate("package.inner.module") == (tmp_path / "package/inner/module.py").resolve()
    assert locate("package.inner") is None, "a namespace package has no file"
    assert locate("package.other") is None


# -- loading -------------------------------------------------------------------------------------


def test_processes_that_are_defined_or_imported_in_a_file_are_loaded_in_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.py": "from neighbour import two\n" + PROCESS.format(name="one") + "\nalias = one\n",
            "neighbour.py": PROCESS.format(name="two") + PROCESS.format(name="three"),
        },
    )
    assert [d.description.id for d in load(only("main.py", tmp_path))] == ["two", "one"]


def test_a_module_of_a_package_is_loaded_by_its_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "package/__init__.py": "",
            "package/common.py": "ONE = 1",
            "package/a.py": "from .common import ONE\n" + PROCESS.format(name="one"),
        },
    )
    (definition,) = load(only("package.a", tmp_path))
    assert definition.function.__module__ == "package.a"


def test_an_entry_point_of_one_process_loads_that_alone(tmp_path: Path) -> None:
    write(tmp_path, {"many.py": PROCESS.format(name="one") + PROCESS.format(name="two") + "other = 3\n"})
    path = tmp_path / "many.py"
    (definition,) = load(Source("many:two", Kind.MODULE, "many", path, tmp_path, "two"))
    assert definition.description.id == "two"
    with pytest.raises(AuthoringError, match="'other' in many:other is no process"):
        load(Source("many:other", Kind.MODULE, "many", path, tmp_path, "other"))


def test_a_file_that_is_called_like_a_module_of_python_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"statistics.py": PROCESS.format(name="mean") + "import statistics\nstatistics.fmean\n"})
    (definition,) = load(only("statistics.py", tmp_path))
    assert definition.description.id == "mean"
    import statistics

    assert statistics.fmean([1, 3]) == 2


def test_a_file_whose_name_is_no_identifier_is_loaded(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text += "from azenha import process\n@dataclass(frozen=True)\nclass R:\n    a: int\n"
    text += "@process\ndef one() -> R:\n    return R(1)\n"
    write(tmp_path, {"my process.py": text})
    (definition,) = load(only("./my process.py", tmp_path))
    assert [o.id for o in definition.description.outputs] == ["a"]


def test_a_file_that_a_neighbour_imports_too_is_run_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.py": "import neighbour\nneighbour.runs.append(1)\n" + PROCESS.format(name="one"),
            "neighbour.py": "runs = []\nimport main\n",
        },
    )
    load(only("main.py", tmp_path))
    assert sys.modules["neighbour"].runs == [1]


FAILURES: list[tuple[str, str]] = [
    ("", "a.py has no process: put @process (from azenha) above a function"),
    ("def f(:\n", "a.py: it is not Python: invalid syntax (a.py, line 1); correct it"),
    ("\n\n1 / 0\n", "a.py: ZeroDivisionError: division by zero (a.py, line 3); correct it"),
    ("raise SystemExit(3)\n", "a.py: it exits when imported (3); put what is to run as a script"),
    (
        "import not_installed.deeper\n",
        "a.py: it needs not_installed, which is not installed here; pip install",
    ),
    ("import json.nothing\n", "a.py: it imports 'json.nothing', which json has not; correct the name"),
    ("from json import nothing\n", "a.py: ImportError: cannot import name 'nothing' from 'json'"),
    ("from neighbour import fail\nfail()\n", "a.py: KeyError: 'x' (neighbour.py, line 2)"),
    (
        PROCESS.format(name="one") + "first = one\n" + PROCESS.format(name="one"),
        "a.py: a.one and a.one both have the id 'one'; give one another: @process(id=…)",
    ),
    (
        PROCESS.format(name="one").replace("int)", "bytes)"),
        "a.one, parameter 'a': a process cannot take or return bytes; use azenha.File",
    ),
    ("import neighbour\nneighbour.__dict__['f'] = 1\nf = neighbour.fail\n", "a.py has no process"),
]


@pytest.mark.parametrize(("text", "reason"), FAILURES, ids=lambda v: v.strip()[:30])
def test_a_source_that_cannot_be_loaded_says_why_and_what_to_do(
    text: str, reason: str, tmp_path: Path
) -> None:
    write(tmp_path, {"a.py": text, "neighbour.py": "def fail():\n    {}['x']\n"})
    with pytest.raises(AuthoringError) as refusal:
        load(only("a.py", tmp_path))
    assert reason in str(refusal.value)


def test_a_file_that_failed_can_be_loaded_once_it_is_corrected(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "raise ValueError('not yet')\n"})
    with pytest.raises(AuthoringError, match="not yet"):
        load(only("a.py", tmp_path))
    write(tmp_path, {"a.py": PROCESS.format(name="one")})
    assert [d.description.id for d in load(only("a.py", tmp_path))] == ["one"]


LOAD_EXAMPLES = """
import json, sys
from azenha import AuthoringError
from azenha.authoring.registry import find, load
ids, reasons = [], []
for source in find([])[0]:
    if source.name.startswith("azenha.examples."):
        try:
            ids += [d.description.id for d in load(source)]
        except AuthoringError as reason:
            reasons.append(str(reason))
print(json.dumps([ids, reasons]))
"""


def test_an_example_without_its_packages_names_the_extra_and_the_others_are_loaded() -> None:
    ids, reasons = json.loads(in_child(f"import sys; sys.modules['numpy'] = None\n{LOAD_EXAMPLES}"))
    assert ids == ["echo", "slow", "fail"]
    assert (
        'azenha.examples.raster: it needs numpy, which is not installed here; pip install "azenha[examples]"'
        in reasons
    )


def test_every_bundled_example_has_processes_or_says_what_it_needs() -> None:
    ids, reasons = json.loads(in_child(LOAD_EXAMPLES))
    assert {"echo", "slow", "fail"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert [reason for reason in reasons if "azenha[examples]" not in reason] == []


# -- fingerprints --------------------------------------------------------------------------------


def test_a_fingerprint_follows_contents_names_and_absence(tmp_path: Path) -> None:
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    a.write_text("1")
    prints = [fingerprint([a]), fingerprint([a, b])]
    b.write_text("1")
    prints += [fingerprint([a, b]), fingerprint([b])]
    a.write_text("2")
    prints.append(fingerprint([a, b]))
    assert len(set(prints)) == len(prints)
    assert fingerprint([a, b]) == fingerprint([b, a, a])


def test_the_files_of_a_source_are_its_own_and_its_imports_from_its_tree(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "project/main.py": "import neighbour, inner.deep, library, elsewhere\n"
            + PROCESS.format(name="one"),
            "project/neighbour.py": "",
            "project/unused.py": "",
            "project/inner/__init__.py": "",
            "project/inner/deep.py": "",
            "project/.venv/lib/site-packages/library.py": "",
            "elsewhere.py": "",
        },
    )
    sys.path += [str(tmp_path), str(tmp_path / "project/.venv/lib/site-packages")]
    source = only("project/main.py", tmp_path)
    load(source)
    names = ["inner/__init__.py", "inner/deep.py", "main.py", "neighbour.py"]
    assert loaded_files(source) == [tmp_path.resolve() / "project" / name for name in names]


def test_the_tree_of_a_module_is_its_outermost_package_even_if_installed(tmp_path: Path) -> None:
    site = write(
        tmp_path / "site-packages",
        {
            "package/__init__.py": "",
            "package/common.py": "",
            "package/inner/__init__.py": "",
            "package/inner/a.py": "import package.common, other\n" + PROCESS.format(name="one"),
            "other.py": PROCESS.format(name="two"),
        },
    )
    sys.path.append(str(site))
    source, lone = only("package.inner.a", tmp_path), only("other", tmp_path)
    load(source)
    load(lone)
    names = ["__init__.py", "common.py", "inner/__init__.py", "inner/a.py"]
    assert loaded_files(source) == [site.resolve() / "package" / name for name in names]
    assert loaded_files(lone) == [site.resolve() / "other.py"]


def test_finding_the_examples_loads_no_third_party_module() -> None:
    code = (
        "import json, sys; before = set(sys.modules); from azenha.authoring.registry import find; find([]); "
        "print(json.dumps(sorted({m.partition('.')[0] for m in set(sys.modules) - before})))"
    )
    assert [m for m in json.loads(in_child(code)) if m not in sys.stdlib_module_names] == ["azenha"]
