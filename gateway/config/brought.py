"""What one section brings into others: [homeassistant] alone turns everything on that Home Assistant needs.

It names a connection, has that listen to what Home Assistant says of itself, and has the gateway's own figures published there.
"""

from contextlib import suppress

from gateway.actors.templates import check_topic
from gateway.config.document import Document
from gateway.registry import Registry

_SECTION = "homeassistant"
_BROKERS, _STATISTICS = "mqtt", "statistics"
_USUAL = f"{_BROKERS}/main"
_EVERY_S, _LOOK_S = 60, 5


def bring_in(document: Document, registry: Registry) -> None:
    """Add to the tables of the file what [homeassistant] needs of them, where it is there."""
    section = document.table.get(_SECTION)
    if not isinstance(section, dict):
        return
    brokers = document.table.get(_BROKERS)
    known = list(brokers) if isinstance(brokers, dict) else []
    broker = section.setdefault("broker", f"{_BROKERS}/{known[0]}" if len(known) == 1 else _USUAL)
    prefix = section.get("prefix", _SECTION)
    if broker == "":
        document.add((_SECTION, "broker"), f"no connection is named; write one such as {_USUAL!r}, or leave the line out")
    if not _is_sound(document, broker, prefix):
        return  # which is noted when the section is read, and nowhere else: nobody wrote what would be brought
    _listen(document, broker, prefix)
    figures = document.table.setdefault(_STATISTICS, {}) if _STATISTICS in registry.host_bound.names else None
    if isinstance(figures, dict):
        figures.setdefault(_SECTION, {"publish_to": broker, "topic": "{prefix}/gateway", "every_s": _EVERY_S, "look_every_s": _LOOK_S})


def _is_sound(document: Document, broker: object, prefix: object) -> bool:
    """Whether there is such a connection, and topics may begin so."""
    if not isinstance(broker, str) or not isinstance(prefix, str):
        return False
    with suppress(ValueError):
        kind, _, key = broker.partition("/")
        return kind == _BROKERS and isinstance(document.value((kind, key)), dict) and bool(check_topic(prefix, ()))
    return False


def _listen(document: Document, broker: str, prefix: str) -> None:
    """Have a connection listen to what Home Assistant says of itself."""
    table = document.value(tuple(broker.split("/", 1)))
    if not isinstance(table, dict):
        return
    to = f"{_SECTION}/{broker.partition('/')[2]}"
    table.setdefault("connected_to", to)
    wanted = table.setdefault("subscribe", [])
    if isinstance(wanted, list):
        wanted.append({"topic": f"{prefix}/status", "to": to, "verb": "status", "codec": "text", "retained": "take"})
