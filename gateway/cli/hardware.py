"""`gateway ports`: the serial ports of this host, and the line of TOML that names each."""

from typing import Any

from gateway.console.exits import FINE, NO, Failed
from gateway.console.output import say, say_json
from gateway.registry import doors


def ports(*, as_json: bool) -> int:
    """Print the serial ports."""
    find = doors().get("ports")
    if find is None:
        raise Failed('no installed package can look for ports; install the gateway as a package ("pip install -e ." in a checkout)')
    found = find.load()()
    if as_json:
        say_json([{**port._asdict(), "held_by": [str(holder) for holder in port.held_by]} for port in found])
    elif not found:
        say("no serial ports; plug an adapter in, or enable the UART (raspi-config, Interface Options, Serial Port)")
    else:
        say("\n\n".join(_port(port) for port in found))
    return FINE if found else NO


def _port(port: Any) -> str:
    best = next(iter([*port.by_id, *port.by_path, port.device]))
    lines = [f"{port.device}{f'  {port.description}' if port.description else ''}", f'  port = "{best}"']
    lines += [f"  or     {name}" for name in [*port.by_id, *port.by_path, port.device] if name != best]
    if not port.readable:
        lines.append("  this user may not open it; sudo usermod --append --groups dialout $USER, then log in again")
    lines += [f"  in use by {holder}" for holder in port.held_by]
    return "\n".join(lines)
