"""`gateway new actor NAME`, `gateway new device NAME`: the beginning of an actor or a device of one's own, with its test, ready to run."""

import keyword
import os
import re
import shlex
import sys
import tomllib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from gateway.actors.actor import snake
from gateway.config.reading import OWN_KINDS, OWN_TABLES
from gateway.console.exits import FINE, NO, USAGE, Failed
from gateway.console.output import say, say_json
from gateway.console.place import SERVICE_CONFIG, there
from gateway.console.place import installed as service_is_installed
from gateway.registry import installed

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 24
_IMPORTS = {"actor": ("Count", "CountSettings"), "host_bound": ("FileSettings",), "device": ("FileSettings",)}
"""What the test of each pattern imports beside the actor's class."""
_IN_TOML = {
    "actor": "set it up    in {config}, if you like:   [actors.{name}]   most = 100",
    "host_bound": 'name it      in {config}:   [{name}.north]   path = "/run/gateway/north"',
    "device": 'name it      in {config}:   [{name}.north]   path = "/sys/class/thermal/thermal_zone0/temp"   to = "twin/north"',
}
_ASKED = {
    "actor": "gateway ask {name}/north add units=3",
    "host_bound": "gateway ask {name}/north write text=hello",
    "device": "gateway ask {name}/north measure",
}
_OURS = {"Amount", "Actor", "Bench", "Delivery", "Field", "Health", "HostBound", "Path", "Payload", "Report", "Settings"} | {
    *("Polled", "PolledSettings", "Values", "Callable", "Any"),
    *("Stage", "Start", "State", "Text", "Turns", "Count", "CountSettings", "FileSettings", "None", "True", "False"),
}
"""Names in the patterns."""


def new(what: str, name: str, folder: Path, *, config: Path, as_json: bool) -> int:
    """Write an actor and its test into `folder`: an "actor", a "host_bound" one, or a polled "device". Raises Failed."""
    name = snake(name)
    pattern = what
    _check(name, "a device" if what == "device" else "an actor")
    texts = {folder / f"{name}.py": _filled(f"{pattern}.py.in", name), folder / f"test_{name}.py": _filled(f"test_{pattern}.py.in", name)}
    _write(folder, texts)
    if as_json:
        say_json({"kind": name, "files": [str(path) for path in texts]})
    else:
        say("\n".join([*(f"wrote {path}" for path in texts), "", *_next(what, name, folder, config)]))
    return FINE


def usual_folder(config: Path) -> Path:
    """The folder where the gateway looks for a user's own actors; below the working directory where there is no configuration."""
    try:
        named = tomllib.loads(config.read_text(encoding="utf-8")).get("gateway", {}).get("actors")
    except (OSError, ValueError, AttributeError):  # what is wrong with it, `gateway check` says
        named = None
    return (config.parent if there(config) else Path()) / (named if isinstance(named, str) and named else "actors")


def _check(name: str, what: str) -> None:
    """Raise Failed where a file, a class and a kind cannot have this name."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise Failed(
            f"cannot name {what} {name!r}: write letters, digits and _ (as in boiler_room), a letter first, at most {_LONGEST}", USAGE
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or _class_of(name) in _OURS or name.startswith("test_"):
        raise Failed(f"cannot name {what} {name!r}: the word has a meaning of its own in Python or here; choose another", USAGE)
    if name in {*OWN_TABLES, *OWN_KINDS, *installed().names}:
        raise Failed(f"cannot name {what} {name!r}: there is a kind of that name already; choose another", NO)
    if name in sys.stdlib_module_names or find_spec(name) is not None:
        raise Failed(f"cannot name {what} {name!r}: there is a Python module of that name, which would hide it; choose another", NO)


def _filled(pattern: str, name: str) -> str:
    text = files("gateway.cli").joinpath("patterns", pattern).read_text(encoding="utf-8")
    kind_class = _class_of(name)
    imports = sorted([kind_class, *_IMPORTS[pattern.removeprefix("test_").removesuffix(".py.in")]], key=_place)
    kind = "" if snake(kind_class) == name else f'\n    kind = "{name}"'
    for mark, words in {"@kind@": kind, "@imports@": ", ".join(imports), "@Name@": kind_class, "@name@": name}.items():
        text = text.replace(mark, words)
    return text


def _class_of(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _place(name: str) -> tuple[bool, str]:
    """The place where isort puts a name: what looks like a constant comes first."""
    return not (len(name) > 1 and name.isupper()), name.lower()


def _write(folder: Path, texts: dict[Path, str]) -> None:
    try:
        taken = next((path for path in texts if path.exists() or path.is_symlink()), None)
        if taken is not None:
            raise Failed(f"cannot write {taken}: it is there already; choose another name, or move it away")
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(0o755)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
            path.chmod(0o644)  # whatever the umask: the service reads it, and runs nothing that others can write
    except OSError as error:
        raise Failed(f"cannot write {error.filename or folder}: {error.strerror}; name a folder with --in, or use sudo") from None


def _next(what: str, name: str, folder: Path, config: Path) -> list[str]:
    test = shlex.quote(str(folder / f"test_{name}.py"))
    python = shlex.quote(sys.executable)
    sudo = "" if os.access(sys.prefix, os.W_OK) else "sudo "
    # Where the folder is root's, pytest could not keep its cache there, and would say so at length.
    lines = ["next:", f"  test it      {python} -m pytest -p no:cacheprovider {test}"]
    lines += [] if find_spec("pytest") else [f"               (first: {sudo}{python} -m pip install pytest)"]
    lines += _in_toml(what, name, folder, config)
    named = shlex.quote(str(config))
    service = str(config.absolute()) == SERVICE_CONFIG and service_is_installed()
    lines += [
        f"  check it     gateway check --config {named}",
        f"  start it     {'sudo systemctl restart gateway' if service else f'gateway run --config {named}'}",
    ]
    return [*lines, f"  try it       {_ASKED[what].format(name=name)}"]


def _in_toml(what: str, name: str, folder: Path, config: Path) -> list[str]:
    """What to write into the configuration; for an ordinary actor, that nothing is needed there."""
    lines = []
    if not there(config) or folder.resolve() != usual_folder(config).resolve():
        lines += [f'  load it      in {config}:   [gateway]   actors = "{folder.absolute()}"']
    return [*lines, f"  {_IN_TOML[what].format(config=config, name=name)}"]
