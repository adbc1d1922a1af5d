"""The alarm of a freezer, as tests have it: what its twin says, who is told, and what is published."""

import json
from typing import Any

from gateway.actors.gather import Answer, Gathered
from gateway.actors.vocabulary import Notify, Publish
from gateway.business.alarm import Alarm
from gateway.business.alarm.rules import AlarmSettings
from gateway.business.notices import Notice
from gateway.business.twin import Twin
from gateway.testing import Turns
from gateway.testing.turns import row

ME = "alarm/freezer"
ANN = {"name": "Ann", "channel": "mqtt", "address": "people/ann"}
HOOK = {"name": "Hook", "channel": "webhook", "address": "webhook/alerts"}


def alarm(
    *, reachable: tuple[str, ...] = ("twin", "mqtt", "contacts", "webhook"), publish_to: str = "mqtt/main", **rule: Any
) -> Turns[Any]:
    """An alarm of a freezer that watches, by a rule of its own or by the one of these tests."""
    fields = {"of": "twin/freezer", "value": "c", "above": -15.0, "hysteresis": 2.0, "for_s": 600, "user": "ann", **rule}
    settings = AlarmSettings.model_validate({"publish_to": publish_to, "rules": {"freezer": fields}})
    others = {
        "twin": Twin.verbs,
        "mqtt": {"publish": row("publish", Publish)},
        "contacts": {"whom": row("whom", Notice)},
        "webhook": {"notify": row("notify", Notify)},
    }
    turns = Turns(Alarm(settings), me=ME, reachable={kind: verbs for kind, verbs in others.items() if kind in reachable})
    turns.tell("watch")
    turns.mail.clear()
    return turns


def reads(turns: Turns[Any], c: float | None, *, online: bool = True) -> None:
    """The twin says how the freezer is."""
    values = {} if c is None else {"c": {"value": c, "unit": "Cel", "at_ms": 0, "quality": "good"}}
    turns.copy_comes("twin", {"values": values, "online": online})


def notices(turns: Turns[Any]) -> list[Notice]:
    """The notices that have set out."""
    return [payload for payload in turns.mail_to("contacts/home") if isinstance(payload, Notice)]


def raised(**rule: Any) -> Turns[Any]:
    """An alarm that is active."""
    turns = alarm(for_s=0, **rule)
    reads(turns, -14.0)
    return turns


def come_back(turns: Turns[Any], *recipients: dict[str, Any]) -> None:
    """The notice comes back from the contacts."""
    notice = notices(turns)[-1]
    turns.tell("inform", {**notice.model_dump(mode="json"), "recipients": list(recipients)})


def delivered(turns: Turns[Any], *answers: Answer, name: str = "1.0") -> None:
    """What the gather says."""
    turns.tell("delivered", Gathered(name=name, answers=answers, complete=False))


def published(turns: Turns[Any]) -> dict[str, Any]:
    """What stands on the alarm's topic."""
    found: dict[str, Any] = json.loads([one.body for one in turns.mail_to("mqtt/main") if one.topic == "{prefix}/alarm/freezer"][-1])
    return found


def told_to(turns: Turns[Any], topic: str) -> dict[str, Any]:
    """What was last said under a recipient's topic."""
    found: dict[str, Any] = json.loads([one.body for one in turns.mail_to("mqtt/main") if one.topic == topic][-1])
    return found
