"""How this gateway is, in few words: what it tells the hosts with which it shares a database."""

from typing import Any

from gateway.control.house import House
from gateway.control.wellness import problems
from gateway.registry import own_version

LINK = "link/main"
_PROBLEMS = 20
_PROBLEM = 300
"""So many problems are told to the others, of so many characters each."""


def standing(house: House) -> dict[str, Any]:
    """How this gateway is, as it says it to the other hosts. Any thread."""
    engine, found = house.engine, problems(house)
    outbox = engine.room.outboxes.get(LINK)
    return {
        "life": engine.life,
        "gateway": house.name,
        "version": own_version(),
        "serves": house.sharing is not None,
        "shared_x": house.sharing.done_x if house.sharing is not None else 0,
        "healthy": not found,
        "problems": [text if len(text) <= _PROBLEM else f"{text[:_PROBLEM]}…" for text in found[:_PROBLEMS]],
        "uptime_s": round(house.uptime_s, 1),
        "dead_letters": len(engine.dead_letters),
        "waiting": outbox.waiting if outbox else 0,
    }
