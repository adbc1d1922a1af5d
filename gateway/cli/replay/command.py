"""What `gateway replay` does, and what it says."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.actors.errors import GatewayError
from gateway.cli.ending import Ending
from gateway.cli.replay.captured import check, head_of, pieces
from gateway.cli.replay.run import Run
from gateway.cli.replay.states import Difference, differences, states_in, states_of
from gateway.config import ConfigProblems, Configuration, HostBoundPart, read
from gateway.console.exits import BAD_CONFIG, FINE, NO, NO_STORE, Failed
from gateway.console.output import complain, say, say_json, several, table
from gateway.service.bounds import engine_settings
from gateway.store.record import record_of, wal_of
from gateway.store.sqlite import SqliteStore

_LETTERS = 20
_WIDE = 48
"""Characters of a value that differs: all of it is in --json."""
_LOSS_WINDOW_S = 3600.0
"""What a power cut takes of a replay, the next replay makes again."""


def replay(file: Path, config: Path, *, id: str, speed: float, store: Path | None, against: Path | None, as_json: bool) -> int:
    """Feed a capture to the actors of a configuration, and show what they are then; ended by a signal it leaves nothing behind. Raises
    Failed."""
    ending = Ending()
    head = head_of(file)
    configuration, part = _configured(file, config, id or head.id)
    check(file, ending.look)
    before = None if against is None else states_in(against)
    with (
        tempfile.TemporaryDirectory(prefix="gateway-replay-") as folder,
        _opened(store or Path(folder) / "replay.db", named=store is not None) as opened,
    ):
        settings = replace(engine_settings(configuration), budget_bytes_a_day=0)  # each line comes in, as fast as it may
        run = Run(configuration, part, opened, settings, ending, begin_ms=head.begin_ms)
        try:
            with run.begun():
                for heard in part.kind.replay(part.settings, pieces(file), run.payload_of):
                    run.take(heard, speed=speed)
                run.finish()
        except GatewayError as error:
            raise Failed(f"cannot replay {file}: {error}", NO) from None
        now = states_of(opened)
        found = _found(file, part, run, opened)
    apart = None if before is None else differences(before, now)
    if as_json:
        say_json({**found, "actors": now, **({} if apart is None else {"differences": [one._asdict() for one in apart]})})
    else:
        _say(found, {id: state for id, state in now.items() if run.is_listed(id)}, apart, against)
    return NO if apart else FINE


def _configured(file: Path, config: Path, id: str) -> tuple[Configuration, HostBoundPart]:
    """The configuration, and the part of it whose wire the file is."""
    if not id:
        raise Failed(f"cannot replay {file}: it does not say of which device it is; name that, as in --as serial/gps", NO)
    try:
        configuration = read(config)
    except ConfigProblems as error:
        raise Failed(str(error), BAD_CONFIG) from None
    part = next((part for part in configuration.host_bound if part.id == id), None)
    if part is None:
        wired = ", ".join(one.id for one in configuration.host_bound if one.kind.wired)
        advice = f"name one that it has with --as: {wired}" if wired else "it has no device with a wire"
        raise Failed(f"cannot replay {file} as {id}: {config} has no [{id.replace('/', '.')}]; {advice}", NO)
    if not part.kind.wired:
        raise Failed(f"cannot replay {file} as {id}: a {part.kind.kind} has no wire with bytes on it", NO)
    return configuration, part


@contextmanager
def _opened(path: Path, *, named: bool) -> Iterator[SqliteStore]:
    """Make a new store, and close it at the end. Raises Failed where there is one already, or it cannot be made."""
    if named and os.path.lexists(path):
        raise Failed(f"cannot replay into {path}: it is there already; name a new file", NO)
    if named and (left := [str(one) for one in (record_of(path), wal_of(path)) if os.path.lexists(one)]):
        raise Failed(
            f"cannot replay into {path}: of one that is gone {' and '.join(left)} is left; remove that too, or name a new file", NO
        )
    if not path.parent.is_dir():
        raise Failed(f"cannot replay into {path}: there is no folder {path.parent}; make it first", NO)
    try:
        store = SqliteStore(path, loss_window_s=_LOSS_WINDOW_S, simulated=True)
    except (GatewayError, OSError) as error:
        raise Failed(f"cannot replay into {path}: {error}", NO_STORE) from None
    with closing(store):
        yield store


def _found(file: Path, part: HostBoundPart, run: Run, store: SqliteStore) -> dict[str, Any]:
    """What came of a replay besides states, as it is printed for programs."""
    letters = store.dead(0, _LETTERS)
    return {
        "file": str(file),
        "as": part.id,
        "seconds": round(run.at_s, 3),
        "skipped_s": round(run.skipped_ms / 1000, 3),
        "readings": run.readings,
        "faults": run.faults,
        "first_faults": run.first_faults,
        "left_out": dict(sorted(run.left_out.items())),
        "dead_letters": len(store.dead_sizes()),
        "first_dead_letters": [{"to": row.box, "reason": row.reason} for row in letters],
        "waiting": {box.box: box.count for box in store.boxes()},
    }


def _say(found: dict[str, Any], now: dict[str, Any], apart: list[Difference] | None, against: Path | None) -> None:
    say(f"{found['file']} as {found['as']}: {several(found['readings'], 'reading')} in {found['seconds']:g} s")
    if found["skipped_s"]:
        say(f"of pauses longer than a day {found['skipped_s'] / 86_400:.1f} days passed at once: what fell due in them came late, and once")
    if found["faults"]:
        rows = [f"  {one}" for one in found["first_faults"]]
        complain("\n".join([f"{several(found['faults'], 'fault')} on the wire, the first:", *rows]))
    if found["dead_letters"]:
        rows = [f"  {one['to']}: {one['reason']}" for one in found["first_dead_letters"]]
        complain("\n".join([f"{several(found['dead_letters'], 'dead letter')}, the first:", *rows]))
    for id, count in found["waiting"].items():
        complain(f"{several(count, 'message')} for {id} could not be handled")
    if found["left_out"]:
        said = ", ".join(f"{several(count, 'message')} for {id}" for id, count in found["left_out"].items())
        say(f"left out, for no device is there: {said}")
    if apart is None:
        say(table([id, _short(state)] for id, state in sorted(now.items())) or "no actor has a state")
    elif apart:
        say(f"{several(len(apart), 'difference')} to {against}:")
        say(table([one.id, one.field or "(the actor)", *_beside(one)] for one in apart))
    else:
        say(f"no difference to {against}: {several(len(now), 'actor')}")


def _beside(one: Difference) -> tuple[str, str, str]:
    """What was and what is, no longer than fits beside each other: of long ones what is about the place from where they differ."""
    before, now = _short(one.before), _short(one.now)
    same = next((at for at, (mine, theirs) in enumerate(zip(before, now, strict=False)) if mine != theirs), min(len(before), len(now)))
    return _cut(before, same), "→", _cut(now, same)


def _cut(text: str, same: int) -> str:
    begin = max(0, same - _WIDE // 2) if len(text) > _WIDE else 0
    return ("…" if begin else "") + text[begin : begin + _WIDE] + ("…" if len(text) > begin + _WIDE else "")


def _short(value: Any) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
