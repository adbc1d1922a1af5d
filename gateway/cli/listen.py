"""`gateway listen`: the bytes on the wire of a device, in hex and text, as they come and go.

While the gateway runs it shows what it reads and writes, so that no byte is taken from it. Where none runs the port is opened here, and
only read.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.actors import GatewayError
from gateway.config import ConfigProblems, read
from gateway.console.client import Client
from gateway.console.exits import BAD_CONFIG, FINE, NO, NO_GATEWAY, Failed
from gateway.console.output import complain, say, say_json, several
from gateway.console.place import SocketPlace

_ROW = 16
"""Bytes of one line."""


def listen(id: str, place: SocketPlace, config: Path, *, as_json: bool) -> int:
    """Print what is heard, until interrupted. Raises Failed where there is no such device, it has no wire, or the gateway ends."""
    for heard in wire_of(id, place, config):
        if as_json:
            say_json(heard)
        elif "left_out" in heard:
            say(f"… {several(heard['left_out'], 'byte')} left out: they came faster than they could be shown")
        else:
            say("\n".join(_rows(heard)))
    return FINE


def wire_of(id: str, place: SocketPlace, config: Path) -> Iterator[dict[str, Any]]:
    """Give what the gateway hears; where none runs, what is heard here. Raises Failed as listen does."""
    try:
        client = Client(place.path, advice=place.advice)
    except Failed as error:
        if error.code != NO_GATEWAY:
            raise
        yield from _of_port(id, config)
        return
    with client:
        for answer in client.stream({"do": "listen", "id": id}):
            yield answer["wire"] if "wire" in answer else {"left_out": answer["left_out"]}
    raise Failed("the gateway has ended", NO_GATEWAY)


def _of_port(id: str, config: Path) -> Iterator[dict[str, Any]]:
    try:
        found = read(config)
    except ConfigProblems as error:
        raise Failed(f"{error}\nno gateway runs, and its devices cannot be told from this file", BAD_CONFIG) from None
    part = next((part for part in found.host_bound if part.id == id), None)
    if part is None:
        raise Failed(f"cannot listen to {id}: {config} has no [{id.replace('/', '.')}]; gateway check says what it has", NO)
    if not part.kind.wired:
        raise Failed(f"cannot listen to {id}: a {part.kind.kind} has no wire with bytes on it", NO)
    complain(f"no gateway runs: {id} is read here")
    try:
        for chunk in part.kind.wire(part.settings):
            yield {"at_ms": time.time_ns() // 1_000_000, "way": "in", "hex": chunk.hex()}
    except (GatewayError, OSError) as error:
        raise Failed(f"cannot listen to {id}: {error}", NO) from None


def _rows(heard: dict[str, Any]) -> Iterator[str]:
    """Lines of hex and text; a piece ends where a line of text does, too."""
    stamp = time.strftime("%H:%M:%S", time.localtime(heard["at_ms"] / 1000)) + f".{heard['at_ms'] % 1000:03}"
    arrow = {"in": "←", "out": "→"}[heard["way"]]
    content = bytes.fromhex(heard["hex"])
    for at in range(0, len(content), _ROW):
        row = content[at : at + _ROW]
        yield f"{stamp} {arrow} {row.hex(' '):<{3 * _ROW - 1}}  {''.join(map(_shown, row))}"


def _shown(byte: int) -> str:
    """A byte as text: what is no letter of ASCII as a dot, the ends of lines as what they are called."""
    return {0x0A: "␊", 0x0D: "␍", 0x09: "␉", 0x00: "␀"}.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else ".")
