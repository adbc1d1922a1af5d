"""`gateway ports`: what is plugged into this host, serial ports, pins and sensors, each with the lines of TOML to paste.

With `--watch`: what comes and what goes, as it does.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from gateway.console.exits import FINE, NO, Failed
from gateway.console.output import complain, say, say_json, several
from gateway.control.things import Look, fields_of, finder

_LOOK_EVERY_S = 0.5


def ports(*, watch: bool, as_json: bool) -> int:
    """Print what is plugged in; with `watch` what comes and goes, until interrupted."""
    look = _looks()
    if watch:
        watch_things(look, lambda: time.sleep(_LOOK_EVERY_S), as_json=as_json)
    found = look()
    if as_json:
        say_json([fields_of(thing) for thing in found])
    else:
        say("\n\n".join(map(_shown, found)) or "nothing is plugged in that a device can be made of")
        if not any(thing.kind == "serial" for thing in found):
            say(
                "\nno serial ports; plug an adapter in, or enable the UART (raspi-config, Interface Options, Serial Port); one of another "
                'computer is port = "socket://HOST:PORT", or rfc2217://'
            )
        if not any(thing.kind == "sensor" for thing in found):
            say("\nno sensors; one that is wired may need a line in /boot/firmware/config.txt; gateway check says which")
    return FINE if found else NO


def watch_things(look: Look, wait: Callable[[], None], *, as_json: bool) -> None:
    """Print what comes and what goes, for ever. What has just come is told once it stays the same from one look to the next: its names
    that last come a moment after it."""
    before = {thing.place: thing for thing in look()}
    told = dict(before)
    complain(f"{several(len(told), 'thing')} there; plug something in (Ctrl-C ends)")
    while True:
        wait()
        now = {thing.place: thing for thing in look()}
        for place in [place for place in told if place not in now]:
            _tell("gone", told.pop(place), as_json=as_json)
        for place, thing in now.items():
            if place not in told and before.get(place) == thing:
                told[place] = thing
                _tell("came", thing, as_json=as_json)
        before = now


def _tell(what: str, thing: Any, *, as_json: bool) -> None:
    if as_json:
        say_json({"event": what, **fields_of(thing)})
    else:
        say(f"{_shown(thing)}\n" if what == "came" else f"{thing.place} is gone\n")


def _looks() -> Look:
    look = finder()
    if look is None:
        raise Failed('no installed package can look for ports; install the gateway as a package ("pip install -e ." in a checkout)')
    return look


def _shown(thing: Any) -> str:
    return "\n".join(_rows(thing))


def _rows(thing: Any) -> Iterator[str]:
    """What people read: it can be pasted from the [ on, the notes are comments of TOML."""
    yield f"# {thing.place}{f'  {thing.about}' if thing.about else ''}"
    yield from thing.block.splitlines()
    yield from (f"# {note}" for note in thing.notes)
