"""Finding processes: sources of them without importing anything, and loading one source in a child.

A target is a file, a folder of files, or a dotted module. Authors' code runs in `load` alone.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from azenha.authoring.errors import AuthoringError
from azenha.authoring.signature import Definition, definition_of
from azenha.domain.process import Unavailable

GROUP = "azenha.processes"  # entry points of installed packages: `name = "package.module"`
EXAMPLES = "azenha.examples"
# Examples that are served when they are named, and not with the others: they are shaped for programs.
ON_REQUEST = frozenset({"certification"})

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_ENTRY = re.compile(rf"({_DOTTED.pattern})(?::([^\W\d]\w*))?")


class Kind(StrEnum):
    FILE = "file"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Source:
    """One file or module with processes: what one warm parent imports.

    Attributes:
        name: what people see; no two sources of a list have the same.
        location: of a file, its absolute path; of a module, its dotted name.
        path: the file to be imported, absolute.
        root: a folder in which its imports are looked for too, after the standard library; absolute.
        only: the one name of the module that is meant (an entry point `module:name`); None: all in it.
    """

    name: str
    kind: Kind
    location: str
    path: Path
    root: Path | None = None
    only: str | None = None


# -- finding, without importing ------------------------------------------------------------------


def find(targets: Sequence[str], folder: Path | None = None) -> tuple[list[Source], list[Unavailable]]:
    """The sources that `targets` name, each once, and the targets in which there is nothing to import.

    Nothing is imported, parents of modules neither.

    Args:
        targets: `.py` files, folders (their `.py` files, names beginning with `_` left out, folders in them
            too), dotted modules. None at all: entry points of the group azenha.processes, and the examples.
        folder: what relative paths are relative to, and where modules are looked for last; the current one if
            None.
    """
    base = Path(folder or Path.cwd())
    found: dict[tuple[str, str | None], Source] = {}
    missing: list[Unavailable] = []
    for sources in [_target(t, base) for t in targets] if targets else [*_entry_points(base), _examples()]:
        for one in sources:
            if isinstance(one, Unavailable):
                missing.append(one)
            else:
                found.setdefault((one.location, one.only), one)
    return list(found.values()), missing


def _target(target: str, base: Path) -> list[Source | Unavailable]:
    try:
        return _sources(target, base)
    except OSError as error:
        return [Unavailable(target, f"'{target}' cannot be read: {error.strerror}")]


def _sources(target: str, base: Path) -> list[Source | Unavailable]:
    path = base / target
    if target.endswith(".py") or os.sep in target or "/" in target or path.is_dir():
        if path.is_dir():
            return _folder(target, path)
        if not path.is_file():
            return [Unavailable(target, f"there is no file or folder '{target}'")]
        if path.suffix != ".py":
            return [Unavailable(target, f"'{target}' is no Python file: its name must end in .py")]
        return [_file(target, path)]
    if not _DOTTED.fullmatch(target):
        reason = f"'{target}' is no .py file, folder or dotted module name"
        return [Unavailable(target, reason)]
    return [_module(target, target, base)]


def _file(name: str, path: Path) -> Source:
    absolute = path.resolve()
    return Source(name, Kind.FILE, str(absolute), absolute, absolute.parent)


def _folder(target: str, path: Path) -> list[Source | Unavailable]:
    files = sorted(f for f in path.glob("*.py") if not f.name.startswith("_") and f.is_file())
    if not files:
        reason = f"there is no .py file in the folder '{target}' (names beginning with '_' do not count)"
        return [Unavailable(target, reason)]
    return [_file(str(Path(target) / f.name), f) for f in files]


def _module(name: str, dotted: str, base: Path, only: str | None = None) -> Source | Unavailable:
    for root in (None, base.resolve()):
        path = locate(dotted, None if root is None else [str(root)])
        if path is not None:
            return Source(name, Kind.MODULE, dotted, path, root, only)
    file = f"{dotted.replace('.', '/')}.py"
    reason = f"there is no module '{dotted}': install its package, or name its file ({file})"
    return Unavailable(name, reason)


def locate(dotted: str, search: Sequence[str] | None = None) -> Path | None:
    """The file of a module, of a package its `__init__.py`; None if there is none. Nothing is imported.

    `importlib.util.find_spec` would import the parents.

    Args:
        search: folders to look in; those of `sys.path` (and installed finders) if None.
    """
    parts = dotted.split(".")
    spec = _top_spec(parts[0], search)
    for part in parts[1:]:
        if spec is None or spec.submodule_search_locations is None:
            return None
        # By its last name alone: given the whole, a finder of namespace packages looks for the parent in
        # sys.modules.
        spec = importlib.machinery.PathFinder.find_spec(part, list(spec.submodule_search_locations))
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    return Path(spec.origin).resolve()


def _top_spec(name: str, search: Sequence[str] | None) -> importlib.machinery.ModuleSpec | None:
    if search is not None:
        return importlib.machinery.PathFinder.find_spec(name, list(search))
    # All finders: an editable installation brings one of its own.
    specs = (finder.find_spec(name, None) for finder in sys.meta_path)
    return next((spec for spec in specs if spec is not None), None)


def _entry_points(base: Path) -> list[list[Source | Unavailable]]:
    found: list[list[Source | Unavailable]] = []
    for point in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        match = _ENTRY.fullmatch(point.value)
        if match:
            found.append([_module(point.value, match[1], base, only=match[3])])
        else:
            reason = f"the entry point '{point.name}' of {GROUP} is '{point.value}'; write package.module"
            found.append([Unavailable(point.name, reason)])
    return found


def _examples() -> list[Source | Unavailable]:
    folder = Path(__file__).resolve().parents[1] / "examples"
    files = sorted(f for f in folder.glob("*.py") if not f.name.startswith("_") and f.stem not in ON_REQUEST)
    names = [f"{EXAMPLES}.{f.stem}" for f in files]
    return [Source(n, Kind.MODULE, n, f) for n, f in zip(names, files, strict=True)]


# -- loading, in a child alone -------------------------------------------------------------------


def load(source: Source) -> list[Definition]:
    """Import a source and give its processes, those that it imports from elsewhere included, in order.

    Raises:
        AuthoringError: it cannot be imported, has no process, or two of one id; with the remedy.
    """
    if source.root is not None:
        _search_also(source.root)
    module = _imported(source)
    named = {source.only: getattr(module, source.only, None)} if source.only else vars(module)
    found: dict[str, Definition] = {}
    for value in list(named.values()):
        definition = definition_of(value)
        if definition is None:
            continue
        id = definition.description.id
        if found.setdefault(id, definition) is not definition:
            names = " and ".join(
                f"{d.function.__module__}.{d.function.__qualname__}" for d in (found[id], definition)
            )
            raise AuthoringError(
                f"{source.name}: {names} both have the id '{id}'; give one another: @process(id=…)"
            )
    if not found:
        where = (
            f"'{source.only}' in {source.name} is no process"
            if source.only
            else f"{source.name} has no process"
        )
        remedy = (
            "put @process (from azenha) above a function; let the name of a file without any begin with '_'"
        )
        raise AuthoringError(f"{where}: {remedy}")
    return list(found.values())


def _search_also(root: Path) -> None:
    """Look for imports in `root`: before installed packages, and after the standard library.

    A file of processes may well be called statistics.py; whoever imports the one of Python must get that.
    """
    if str(root) in sys.path:
        return
    installed = (
        n for n, folder in enumerate(sys.path) if Path(folder).name in ("site-packages", "dist-packages")
    )
    sys.path.insert(next(installed, len(sys.path)), str(root))
    importlib.invalidate_caches()


def _imported(source: Source) -> ModuleType:
    try:
        if source.kind is Kind.MODULE:
            return importlib.import_module(source.location)
        return _import_file(source.path)
    except AuthoringError:
        raise
    except ModuleNotFoundError as error:
        raise AuthoringError(f"{source.name}: {_not_found(source, error)}") from error
    except SyntaxError as error:
        reason = f"{error.msg} ({Path(error.filename or source.path).name}, line {error.lineno})"
        raise AuthoringError(f"{source.name}: it is not Python: {reason}; correct it") from error
    except SystemExit as error:
        remedy = "put what is to run as a script below if __name__ == '__main__'"
        raise AuthoringError(f"{source.name}: it exits when imported ({error.code!r}); {remedy}") from error
    except Exception as error:
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        remedy = "correct it, or see that what it needs is there when it is imported"
        raise AuthoringError(f"{source.name}: {told} ({_line(error, source)}); {remedy}") from error


def _import_file(path: Path) -> ModuleType:
    """A file as a module: under its own name where that finds it, so that it is never loaded twice."""
    name = path.stem
    loaded = sys.modules.get(name)
    if loaded is not None and _file_of(loaded) == path:
        return loaded
    if loaded is not None or not _DOTTED.fullmatch(name) or "." in name or locate(name) != path:
        name = f"_azenha_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise AuthoringError(f"{path.name}: it cannot be loaded as Python; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses look for their own module there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _not_found(source: Source, error: ModuleNotFoundError) -> str:
    name = error.name or str(error)
    top = name.partition(".")[0]
    if f"{source.location}.".startswith(f"{EXAMPLES}."):
        return f'it needs {top}, which is not installed here; pip install "azenha[examples]"'
    if name == source.location or source.location.startswith(f"{name}."):
        return f"there is no module '{name}'; install its package, or correct the name"
    if "." in name and locate(top) is not None:
        return (
            f"it imports '{name}', which {top} has not; correct the name, or install another version of {top}"
        )
    return (
        f"it needs {top}, which is not installed here; pip install {top} (the package may have another name)"
    )


def _line(error: Exception, source: Source) -> str:
    """Where in the author's code it happened, if it did there; else where it did."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).resolve().is_relative_to(source.path.parent)]
    frame = (own or frames)[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"


# -- what a description depends on ---------------------------------------------------------------


def fingerprint(paths: Iterable[Path]) -> str:
    """A hash of the files' names and contents, in whatever order; a missing file counts as missing."""
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        try:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            content = "missing"
        total.update(f"{path}\0{content}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def loaded_files(source: Source) -> list[Path]:
    """The files that a loaded source is made of: its own, and its imports from the same tree of folders.

    The tree is the folder of a file, or the outermost package of a module. Packages installed in it do not
    count (an environment may be in a project's folder).
    """
    tree = source.path.parent
    if source.kind is Kind.MODULE:
        depth = source.location.count(".") - (0 if source.path.name == "__init__.py" else 1)
        tree = source.path.parents[max(depth, 0)]
    files = {source.path}
    if _installed(Path(tree.name)):  # a lone module among all that is installed
        return [source.path]
    for module in list(sys.modules.values()):
        file = _file_of(module)
        if file is not None and file.is_relative_to(tree) and not _installed(file.relative_to(tree)):
            files.add(file)
    return sorted(files)


def _file_of(module: object) -> Path | None:
    name = getattr(module, "__file__", None)
    return Path(name).resolve() if isinstance(name, str) else None


def _installed(path: Path) -> bool:
    return "site-packages" in path.parts or "dist-packages" in path.parts
