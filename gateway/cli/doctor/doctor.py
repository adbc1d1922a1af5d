"""The doctor's round: the file, the board and its kernel, the devices, other gateways, the clock, the disk, the servers, and the gateway
that runs, in this order."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gateway.actors import Settings
from gateway.cli.doctor.access import look_at_devices, look_at_groups, the_user
from gateway.cli.doctor.board import look_at_board
from gateway.cli.doctor.disk import Written, look_at_disk
from gateway.cli.doctor.finding import Finding, Level, fine, note, parted, wrong
from gateway.cli.doctor.kernel import look_at_kernel, look_at_kernel_log
from gateway.cli.doctor.others import look_at_others, run_from, running_gateways
from gateway.cli.doctor.servers import STORE, look_at_servers
from gateway.cli.doctor.time_of_day import look_at_clock
from gateway.config import ConfigProblems, Configuration, read
from gateway.config.problems import Problem
from gateway.console.client import Client
from gateway.console.exits import FINE, NO, NO_GATEWAY, Failed
from gateway.console.output import say, say_json, table
from gateway.console.place import SERVICE_CONFIG, SocketPlace, installed
from gateway.console.stored_at import find_store
from gateway.registry import doors

ROOT = Path("/")
View = dict[str, Any]


def doctor(config: Path, place: SocketPlace, *, as_json: bool) -> int:
    """Look at all of it, and print what was found; NO where anything is wrong."""
    found = list(findings(config, place))
    if as_json:
        say_json([{**one._asdict(), "level": one.level.value} for one in found])
    else:
        say("\n".join(_shown(found)))
    return NO if any(one.level is Level.WRONG for one in found) else FINE


def findings(
    config: Path, place: SocketPlace, *, root: Path = ROOT, things: Callable[[], Sequence[Any]] | None = None
) -> Iterator[Finding]:
    """Everything that is found on the host below `root`, with the file `config`. `things` lists what is plugged in."""
    try:
        found: Configuration | None = read(config, outside=True)
    except ConfigProblems as error:
        found = None
        yield wrong("file", f"{error.counted}: the gateway would not start with it", f"gateway check --config {config}")
    view, unseen = _view(place)
    devices, servers = _devices(found), _servers(found)
    if found is not None:
        yield from _of_file(found, config)
    yield from look_at_board(root, devices)
    yield from look_at_kernel(root)
    yield from look_at_kernel_log(root)
    service = str(config.absolute()) == SERVICE_CONFIG and installed()
    if service:
        yield from look_at_groups()
    running, pid = running_gateways(root), view["pid"] if view else 0
    ours = {pid, *(one.pid for one in run_from(running, config))}
    yield from look_at_devices(devices, _things() if things is None else things(), the_user(service=service), ours=ours)
    yield from look_at_others(config, running, found, pid=pid)
    yield from look_at_clock(root)
    if found is not None:
        if found.store.url:
            yield note(STORE, f"it is in {found.store.where}")
        holds = "what the gateway keeps beside the store" if found.store.url else "the store"
        yield from look_at_disk(root, find_store(config, named=True).path, _written(view), holds=holds)
    yield from look_at_servers(servers, _connected(view))
    yield from _of_gateway(view, unseen)


def _of_file(found: Configuration, config: Path) -> Iterator[Finding]:
    if not found.outside:
        yield fine("file", f"{config}: {len(found.host_bound)} devices, nothing is wrong with it")
    yield from (_of_problem(problem) for problem in found.outside)


def _of_problem(problem: Problem) -> Finding:
    """What the check says of what the file relies on: what was seen, and what to do behind the last semicolon."""
    seen, mend = parted(problem.text)
    return wrong(problem.key_path or "file", seen, mend or "gateway check says more")


def _devices(found: Configuration | None) -> dict[str, str]:
    return {part.id: path for part in _real(found) for path in part.settings.device_files().values()}


def _servers(found: Configuration | None) -> dict[str, tuple[str, int]]:
    """The servers of the file, by the ids of the actors that talk to them; that of the store under its own name."""
    talking: list[tuple[str, Settings]] = [(part.id, part.settings) for part in _real(found)]
    if found is not None:
        talking.append((STORE, found.store))
    return {id: server for id, settings in talking for server in settings.servers().values()}


def _real(found: Configuration | None) -> list[Any]:
    """The parts of the file that are not simulated. (A simulated connection talks to the real broker, all the same.)"""
    return [part for part in (found.host_bound if found else ()) if not part.simulated or part.settings.servers()]


def _things() -> list[Any]:
    there = doors()
    return there["ports"].load()() if "ports" in there else []


def _view(place: SocketPlace) -> tuple[View | None, Finding | None]:
    """How the running gateway is; or why nobody knows."""
    try:
        with Client(place.path, advice=place.advice) as client:
            view: View = client.ask({"do": "show"})["show"]
    except Failed as error:
        seen, mend = parted(str(error))
        made = note if error.code == NO_GATEWAY else wrong
        return None, made("gateway", seen, mend)
    return view, None


def _written(view: View | None) -> Written | None:
    return Written(view["written_bytes"], view["uptime_s"]) if view else None


def _connected(view: View | None) -> frozenset[str]:
    """Who is known to talk to its server: so does the store of a gateway that is well."""
    stores = {STORE} if view and view["healthy"] else set()
    return frozenset(stores).union(
        one["id"]
        for one in (view or {}).get("host_bound", ())
        if one["health"] == "ok" and one["detail"].startswith(("connected", "linked"))
    )


def _of_gateway(view: View | None, unseen: Finding | None) -> Iterator[Finding]:
    if view is None:
        yield from filter(None, (unseen,))
        return
    if view["healthy"]:
        yield fine("gateway", f"{view['name']} runs and is well")
    for problem in view["problems"]:
        seen, mend = parted(problem)
        yield wrong("gateway", seen, mend or "gateway show says more")


def _shown(found: Sequence[Finding]) -> Iterator[str]:
    for one in found:
        yield table([[one.level.value.ljust(5), one.about, one.text]], indent="")
        if one.mend and one.level is not Level.FINE:
            yield f"       → {one.mend}"
    count = sum(one.level is Level.WRONG for one in found)
    yield f"\n{count or 'nothing'} {'thing is' if count == 1 else 'things are' if count else 'is'} wrong"
