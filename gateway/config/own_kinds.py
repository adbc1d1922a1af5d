"""A user's own kinds: the modules of one folder, each class in them that is an Actor or a HostBound.

Every `*.py` of the folder is imported under its bare name, so that they can import each other; tests (`test_*.py`,
`conftest.py`) are not. Nothing else becomes importable by it. What is wrong with a file is said with its line, for all files
at once. Only code that nobody but root and the user who runs this can change is run.

Read again in one process, as a reload does, unchanged files give the classes that are there; changed ones are imported beside
them, so that what is wrong with them is known, and the running ones stay.
"""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NamedTuple

from gateway.actors import Actor, BadDefinition, HostBound
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.ids import is_key
from gateway.config.overrun import OWN_CODE_S, Overrun, at_most
from gateway.config.trust import why_untrusted
from gateway.registry import Registry

Kind = type[Actor[Any]] | type[HostBound]

_SAID_AT_MOST = 300
_NOWHERE = ast.ClassDef("", [], [], [], [], lineno=1)
"""Stands for the definition of a class that was made otherwise."""


class OwnKinds(NamedTuple):
    """The kinds that the files of a folder define, and what is wrong with the files."""

    ordinary: list[type[Actor[Any]]]
    host_bound: list[type[HostBound]]
    problems: list[str]
    """Each with the file, its line where there is one, and what to do."""
    defined: list["Defined"]
    """Each of the kinds with its definition."""


class Source(NamedTuple):
    """One file of the folder."""

    path: Path
    content: bytes

    @property
    def name(self) -> str:
        """The name by which this file's module is imported."""
        return self.path.stem


def load_own_kinds(folder: Path, taken: Sequence[str], *, import_s: float = OWN_CODE_S) -> OwnKinds:
    """Import the modules of `folder`, each within `import_s` seconds; `taken` are the names of kinds that there are already."""
    problems: list[str] = []
    sources = list(_sources(folder, problems))
    digest = hashlib.sha256(repr(sources).encode()).hexdigest()
    modules = _modules_there(sources, digest) or _import_all(sources, digest, folder, problems, import_s)
    kinds = [found for source in sources if source.name in modules for found in _kinds_in(modules[source.name], source)]
    defined = list(_usable(kinds, taken, problems))
    usable = [one.kind for one in defined]
    ordinary = [kind for kind in usable if issubclass(kind, Actor)]
    host_bound = [kind for kind in usable if issubclass(kind, HostBound)]
    return OwnKinds(ordinary, host_bound, list(dict.fromkeys(problems)), defined)


# --- the files


def _sources(folder: Path, problems: list[str]) -> Iterator[Source]:
    try:
        untrusted = why_untrusted(folder.stat())
        paths = [] if untrusted else sorted(folder.iterdir())  # glob takes a folder that it may not read for an empty one
    except OSError as error:
        problems.append(f"cannot read {folder}: {error.strerror}; let the gateway's user read it (chmod a+rx)")
        return
    if untrusted:
        problems.append(f"cannot load actors from {folder}: {untrusted} {folder}")
    for path in paths:
        if is_source(path.name):
            yield from _source(path, problems)


def is_source(name: str) -> bool:
    """Whether a file of this name in the folder is imported: its tests are not."""
    return name.endswith(".py") and not name.startswith(("test_", "conftest.", "__", "."))


def _source(path: Path, problems: list[str]) -> Iterator[Source]:
    try:
        with path.open("rb") as file:
            untrusted = why_untrusted(os.fstat(file.fileno()))
            content = file.read()
    except OSError as error:
        problems.append(f"cannot read {path}: {error.strerror}; let the gateway's user read it (chmod a+r), or move it out of the folder")
        return
    wrong = f"cannot load {path}: {untrusted} {path}" if untrusted else _why_no_name(path)
    if wrong:
        problems.append(wrong)
    else:
        yield Source(path, content)


def _why_no_name(path: Path) -> str:
    name = path.stem
    if not name.isidentifier():
        return f"cannot import {path}: {name!r} is no name of a module; use letters, digits and _"
    other = _spec_of(name)
    if other is None or isinstance(other.loader, _SourceLoader) or (other.origin and Path(other.origin).resolve() == path.resolve()):
        return ""
    return f"cannot import {path}: there is a module {name!r} already ({other.origin}); name the file otherwise"


def _spec_of(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ValueError:  # one that is there without a spec
        return ModuleSpec(name, None)


# --- the import


class _SourceLoader(Loader):
    """A loader that runs the content of a file that was looked at, and no other."""

    def __init__(self, source: Source, digest: str) -> None:
        self.source = source
        self.digest = digest
        """Of all files of the folder: a module may be another when what it imports is."""

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source.content, str(self.source.path), "exec", dont_inherit=True), module.__dict__)


class _Finder(MetaPathFinder):
    """A finder of the folder's modules, used while they are being imported."""

    def __init__(self, sources: Sequence[Source], digest: str) -> None:
        self._loaders = {source.name: _SourceLoader(source, digest) for source in sources}

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        loader = self._loaders.get(fullname) if path is None else None
        return importlib.util.spec_from_file_location(fullname, loader.source.path, loader=loader) if loader else None


def _loader_of(module: ModuleType | None) -> _SourceLoader | None:
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return loader if isinstance(loader, _SourceLoader) else None


def _modules_there(sources: Sequence[Source], digest: str) -> dict[str, ModuleType]:
    """The modules as an earlier reading imported them; none where any file has changed."""
    found = {source.name: sys.modules[source.name] for source in sources if source.name in sys.modules}
    same = all((loader := _loader_of(module)) is not None and loader.digest == digest for module in found.values())
    return found if same and len(found) == len(sources) else {}


def _import_all(sources: Sequence[Source], digest: str, folder: Path, problems: list[str], import_s: float) -> dict[str, ModuleType]:
    modules: dict[str, ModuleType] = {}
    with _only_ours(sources, digest):
        for source in sources:
            try:
                with at_most(import_s):
                    modules[source.name] = importlib.import_module(source.name)
            except Overrun as error:
                where = _where(error.__traceback__, folder) or str(source.path)
                problems.append(f"{where}: its import: {error}; do in a verb, or in `started`, what takes long")
            except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  # a module may raise anything; each is a problem of its file
                problems.append(_why(error, source.path, folder))
    return modules


@contextmanager
def _only_ours(sources: Sequence[Source], digest: str) -> Iterator[None]:
    """A context in which the folder's modules can be imported. Those of an earlier reading, which may run, come back afterwards."""
    finder = _Finder(sources, digest)
    folders = {source.path.parent for source in sources}
    earlier = {name: (module, loader) for name, module in sys.modules.items() if (loader := _loader_of(module))}
    for name in earlier:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if any(loader.source.path.parent in folders for _, loader in earlier.values()):
            for name in [name for name, module in sys.modules.items() if _loader_of(module)]:
                del sys.modules[name]
        sys.modules.update({name: module for name, (module, _) in earlier.items()})


def _why(error: BaseException, path: Path, folder: Path) -> str:
    """Why a file could not be imported, at the innermost line of the user's own files."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == folder:
        return f"{error.filename}:{error.lineno or 1}: no Python: {error.msg}; mend this line"
    where = _where(error.__traceback__, folder) or str(path)
    if isinstance(error, ModuleNotFoundError):
        return (
            f"{where}: cannot import {error.name}: it is not installed; {sys.prefix}/bin/pip install it, or move the file out of {folder}"
        )
    said = " ".join(str(error).split())[:_SAID_AT_MOST]
    if isinstance(error, BadDefinition):
        return f"{where}: {said}"
    if isinstance(error, ImportError):
        return f"{where}: {said}; mend the import, or move the file out of {folder}"
    return f"{where}: its import ends in {type(error).__name__}: {said}; mend it, or move the file out of {folder}"


def line_of(error: BaseException, folder: Path) -> str:
    """The innermost line of the folder's files that an error came through, as it stands before what is said of it; empty where it came
    through none."""
    where = _where(error.__traceback__, folder)
    return f"{where}: " if where else ""


def copy_faults(found: OwnKinds, registry: Registry) -> list[str]:
    """What is wrong with the copies that the kinds keep: of kinds, or fields of their states, that there are not."""
    kinds = registry.ordinary
    faults = []
    for one in found.defined:
        for name, copy in (one.kind.copies if issubclass(one.kind, Actor) else {}).items():
            where = f"{one.where}: cannot keep copy {name!r} of {one.kind.__name__}"
            if copy.kind not in kinds.names:
                faults.append(f"{where}: there is no kind {copy.kind!r}; {did_you_mean(copy.kind, kinds.names)}")
                continue
            known = kinds.load(copy.kind).state_model.model_fields
            faults += [
                f"{where}: the state of a {copy.kind} has no {field!r}; {did_you_mean(field, known)}"
                for field in copy.fields
                if field not in known
            ]
    return faults


def _where(trace: TracebackType | None, folder: Path) -> str:
    found = ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if Path(name).parent == folder:
            found = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


# --- the kinds


class Defined(NamedTuple):
    """One class of the folder: its file, and its definition there."""

    kind: Kind
    path: Path
    node: ast.ClassDef

    @property
    def where(self) -> str:
        """The line of its definition."""
        return f"{self.path}:{self.node.lineno}"


def _kinds_in(module: ModuleType, source: Source) -> Iterator[Defined]:
    """Each public actor class that a module itself defines, in its order."""
    nodes = {node.name: node for node in ast.parse(source.content).body if isinstance(node, ast.ClassDef)}
    for name, found in vars(module).items():
        if name.startswith("_") or not isinstance(found, type) or found.__module__ != module.__name__ or found.__name__ != name:
            continue
        if issubclass(found, (Actor, HostBound)):
            yield Defined(found, source.path, nodes.get(name) or _NOWHERE)


def _usable(found: list[Defined], taken: Sequence[str], problems: list[str]) -> Iterator[Defined]:
    first: dict[str, Defined] = {}
    for one in found:
        wrong = _why_unusable(one, first, taken)
        if wrong:
            problems.append(f"{one.where}: cannot use {one.kind.__name__}: {wrong}")
        else:
            first[one.kind.kind] = one
            yield one


def _why_unusable(one: Defined, first: dict[str, Defined], taken: Sequence[str]) -> str:
    name = one.kind.kind
    if name in taken:
        return f'there is a kind {name!r} already; name the class otherwise, or set kind = "…" in it'
    if name in first:
        return f'{first[name].kind.__name__} ({first[name].where}) is of kind {name!r} too; set kind = "…" in one of them'
    if not is_key(name):
        return f"{name!r} cannot stand in an id; set kind to letters and digits"
    if issubclass(one.kind, HostBound) and not _takes_key_and_settings(one.kind):
        return "it cannot be made of a key and its settings; write def __init__(self, key: str, settings: ...) -> None"
    return ""


def _takes_key_and_settings(kind: type[HostBound]) -> bool:
    try:
        inspect.signature(kind).bind("key", None)
    except (TypeError, ValueError):
        return False
    return True
