"""The gateway's own topics, all of them below its prefix.

    <prefix>/tell/<kind>/<key…>/<verb>       tells an actor
    <prefix>/ask/<kind>/<key…>/<verb>[/<id>] asks one; with an id it is answered under <prefix>/reply/<id>
    <prefix>/status                          online, offline (the will, too)
    <prefix>/refused                         what was refused, and why
    <prefix>/tell/here                       by which two gateways of one prefix find each other

Two gateways of one prefix each hear every command, and overwrite what the other says. So each says that it is here when it begins to
listen, and whoever hears another's word answers with its own.
"""

import json
import logging
import os
from collections.abc import Sequence

from devices.mqtt.dialects.dialect import Dialect, Interest, Saying, Session, TopicRoute, TopicUse
from devices.mqtt.packets import IncomingPublish
from devices.sparing import EVERY_S, SparingLog
from gateway.actors import BadId
from gateway.actors.id_patterns import IdPatterns

_HERE_AT_MOST = 1000
"""Bytes of a gateway's word that it is here; what is longer is none."""


class OwnTopics(Dialect):
    """The gateway's own topics on one connection."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        names, settings = session.names, session.settings
        simulated = settings.simulation is not None
        self.online, self.offline = ("online, simulated", "offline, simulated") if simulated else ("online", "offline")
        self.status = names.root + settings.status_topic if settings.status_topic else f"{names.prefix}/status"
        self.refused = f"{names.prefix}/refused"
        self.replies = f"{names.prefix}/reply/"
        self._tell = f"{names.prefix}/tell/"
        self._ask = f"{names.prefix}/ask/"
        self._here = f"{self._tell}here"
        self._kept = (f"{names.prefix}/", f"{names.root}gateway/")
        """What gateways and their actors publish begins so, unless the configuration says otherwise."""
        self._listens = bool(settings.commands)
        self._allowed = None if settings.commands is True else IdPatterns(settings.commands or ())
        self._word = json.dumps({"gateway": names.client_id, "run": os.urandom(8).hex()})
        self._log = SparingLog(logging.getLogger(__name__), at_most=1)
        self._answered_s = -EVERY_S

    def interests(self) -> Sequence[Interest]:
        """Tells and asks, where commands are listened to. One that the broker keeps would come again, and a word that clears it is none."""
        if not self._listens:
            return ()
        v5 = self.session.settings.v5
        tells = Interest(f"{self._tell}#", 1, self._of_tell, tells_kept=v5)
        return tells, Interest(f"{self._ask}#", 1, self._of_ask, tells_kept=v5)

    def will(self) -> Saying:
        """The status of a gateway that is not there."""
        return Saying(self.status, self.offline.encode(), retain=True, qos=1)

    def at_connect(self) -> Sequence[Saying]:
        """The status of one that is."""
        return (Saying(self.status, self.online.encode(), retain=True, qos=1),)

    def when_heard(self) -> Sequence[Saying]:
        """The word that this gateway is here."""
        return (self._i_am_here(),) if self._listens else ()

    def at_end(self) -> Sequence[Saying]:
        """The status of one that goes: the broker publishes no will then."""
        return (Saying(self.status, self.offline.encode(), retain=True),)

    def refusal(self, arrival: IncomingPublish, reason: str) -> Saying:
        """The topic, the id and the reason."""
        said = {"topic": arrival.topic, "id": arrival.properties.id, "reason": reason}
        return Saying(self.refused, json.dumps(said, ensure_ascii=False).encode(errors="replace"))

    def use_of(self, topic: str) -> TopicUse:
        """Whether the gateway says something under a topic, answers there, or hears commands."""
        if topic.startswith(self.replies):
            return TopicUse.ANSWERS
        if topic in (self.status, self.refused, self._here):
            return TopicUse.SAID
        return TopicUse.KEPT if topic.startswith(self._kept) or topic == self.session.names.prefix else TopicUse.FREE

    def said_there(self, arrival: IncomingPublish) -> None:
        """Hear a gateway's word that it is here: our own, or that of another with our prefix."""
        names, host = self.session.names, self.session.host
        rival = _name_in(arrival.payload, but=self._word) if arrival.topic == self._here and not arrival.retained else ""
        if not rival:
            return
        host.count("rivals")
        self._log.warn(
            "rival",
            f"{host.me}: another gateway, {rival!r}, has the prefix {names.prefix!r} too: both hear every command, and each "
            f"overwrites what the other says; give one of them another {names.section}.prefix",
        )
        now_s = host.time.clock_ms() / 1000
        if now_s - self._answered_s >= EVERY_S:
            self._answered_s = now_s
            self.session.say(self._i_am_here())

    def _of_tell(self, topic: str, plus: Sequence[str]) -> TopicRoute:
        del plus
        levels = topic[len(self._tell) :].split("/")
        if len(levels) < 3 or len(levels) % 2 == 0:
            raise BadId(f"cannot read topic {topic!r}: it must read {self._tell}<kind>/<key>/<verb>")
        to, verb = "/".join(levels[:-1]), levels[-1]
        return TopicRoute(to, verb, forbidden=self._why_forbidden(to, verb))

    def _of_ask(self, topic: str, plus: Sequence[str]) -> TopicRoute:
        del plus
        levels = topic[len(self._ask) :].split("/")
        if len(levels) < 3:
            raise BadId(f"cannot read topic {topic!r}: it must read {self._ask}<kind>/<key>/<verb> or {self._ask}<kind>/<key>/<verb>/<id>")
        ask_id = levels.pop() if len(levels) % 2 == 0 else ""
        to, verb = "/".join(levels[:-1]), levels[-1]
        answer = self.replies + ask_id if ask_id else ""
        return TopicRoute(to, verb, asks=True, ask_id=ask_id, answer_topic=answer, forbidden=self._why_forbidden(to, verb))

    def _why_forbidden(self, to: str, verb: str) -> str:
        if self._allowed is None or self._allowed.fit(to, verb):
            return ""
        key = f"{self.session.names.section}.commands"
        return f"cannot send {verb[:128]!r} to {to[:256]}: {key} does not have it; add {f'{to}@{verb}'[:384]!r} there"

    def _i_am_here(self) -> Saying:
        return Saying(self._here, self._word.encode())


def _name_in(word: bytes, *, but: str) -> str:
    """Who says that it is here; empty where it is ourselves, or nobody can tell."""
    if len(word) > _HERE_AT_MOST or word == but.encode():
        return ""
    try:
        said = json.loads(word)
    except (ValueError, RecursionError):
        return ""
    name = said.get("gateway", "") if isinstance(said, dict) else ""
    return name[:128] if isinstance(name, str) else ""
