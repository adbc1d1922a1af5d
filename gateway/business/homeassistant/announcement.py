"""An announcement: what Home Assistant was told of one device, kept until it is known that nothing of it is left there.

Home Assistant takes a value away only where it is told so while it runs, and only where it has discovered that value since it started: what
is taken back while it is down stays there as a ghost, and a later word changes nothing. So what was ever announced is kept here, durably;
and when Home Assistant starts, what is gone is announced once more, in full, and then taken back.
"""

import json
from typing import Any

from gateway.actors import Actor, By, Payload, Stage, State, UnknownTarget, verb
from gateway.actors.copies import Ended
from gateway.actors.vocabulary import Publish

SETTLED_S = 60.0
"""So long after it was told once more Home Assistant is believed to have taken it."""
FORGOTTEN_S = 90 * 86_400.0
"""After so long what was taken back is forgotten although Home Assistant has not started since."""
_SETTLED = "settled"
_FORMER_AT_MOST = 4
"""So many topics that it had before are remembered."""

Components = dict[str, dict[str, Any]]


class Announce(Payload):
    """Verb `announce` of an announcement: what Home Assistant is to know of the device now."""

    broker: str
    """Id of the connection that publishes it."""
    topic: str
    body: str
    """The discovery payload, as JSON."""
    keep: tuple[str, ...] = ()
    """Keys of components that are not in it and stay as they were announced, where they were."""
    watch: str = ""
    """Id of the actor with whose end it is taken back; empty: that is the configuration's to say."""


class ClearedDevice(Payload):
    """Verb `cleared` of an announcement: somebody else has cleared what the broker kept of it."""

    id: str
    """The id of the device's actor."""
    announced_since: bool
    """Whether it may have been announced after that, and before that was heard."""


class DeletedDevice(Payload):
    """Verb `deleted` of `homeassistant/*`: a user has deleted a device."""

    id: str
    """The id of its actor."""


class AnnouncementState(State):
    """What an announcement remembers."""

    INNER = ("last", "owed", "former")

    broker: str = ""
    topic: str = ""
    last: str = ""
    """The payload that was announced last, as JSON."""
    withdrawn: bool = False
    """Whether the device was taken back."""
    owed: str = ""
    """The components, as JSON, that were announced and are gone: what Home Assistant may still show if it was down."""
    former: tuple[tuple[str, str], ...] = ()
    """Topics under which it was announced and is no more, and what was said there last: that may still be shown too."""
    watching: str = ""


class Announcement(Actor[AnnouncementState]):
    """Has the broker keep the announcement of one device, and takes back what is gone."""

    inner = True

    @verb(by=By.KIN)
    def announce(self, said: Announce, stage: Stage[AnnouncementState]) -> None:
        """Announce the device as it is now, where that is news; what it had and has no more is taken back first."""
        state = stage.state
        if not _is_there(stage, said.broker):
            return  # it comes in a moment, with a reload, and then this is told again
        if said.watch and state.watching != said.watch:
            stage.watch(said.watch, "ended")
        if state.topic and (state.broker, state.topic) != (said.broker, said.topic):
            state = self._moved(stage, said.topic)
        stage.state = state.changed(broker=said.broker, topic=said.topic, watching=said.watch)
        before = _components(state.last)
        body = _with_components(said.body, {key: before[key] for key in said.keep if key in before}) if said.keep else said.body
        if body == state.last and not state.withdrawn:
            return
        now = _components(body)
        known = {**_read(state.owed), **before}
        owed = {key: one for key, one in known.items() if not _same(one, now.get(key))}
        left = {} if state.withdrawn else {key: one for key, one in before.items() if key in owed}
        stage.state = stage.state.changed(last=body, withdrawn=False, owed=_text(owed))
        if left:
            self._publish(stage, _with_tombstones(body, left))
        self._publish(stage, body)

    def _moved(self, stage: Stage[AnnouncementState], topic: str) -> AnnouncementState:
        """Take the device back where it was announced; return the state of one that is to be announced elsewhere."""
        state = stage.state
        if not state.withdrawn:
            self._publish(stage, "")
        former = dict(state.former)
        if _prefix_of(state.topic) == _prefix_of(topic):  # who has another is not heard there
            former[state.topic] = _with_components(state.last, _read(state.owed))
        owed = _components(former.pop(topic, ""))
        return AnnouncementState(former=tuple(former.items())[-_FORMER_AT_MOST:], owed=_text(owed))

    @verb(by=By.KIN)
    def again(self, stage: Stage[AnnouncementState]) -> None:
        """Announce once more, because Home Assistant has started: what is gone as well, to take it back."""
        self._believe(stage)
        self._repeat(stage)

    @verb(by=By.KIN)
    def believe(self, stage: Stage[AnnouncementState]) -> None:
        """Believe that Home Assistant, which is there, takes what it was told last, if it is still there in a minute."""
        self._believe(stage)

    def _believe(self, stage: Stage[AnnouncementState]) -> None:
        if stage.state.owed or stage.state.former:
            stage.after(SETTLED_S, "settle", name=_SETTLED)

    @verb(by=By.KIN)
    def repeat(self, stage: Stage[AnnouncementState]) -> None:
        """Announce once more, because the broker may have lost it, or Home Assistant may have started unheard: that it has taken what is
        gone cannot be known by this."""
        self._repeat(stage)

    def _repeat(self, stage: Stage[AnnouncementState]) -> None:
        state = stage.state
        if not state.topic:
            stage.stop()
            return
        for topic, body in state.former:
            self._publish(stage, body, topic=topic, retain=False)
            self._publish(stage, "", topic=topic)
        owed = _read(state.owed)
        if owed:
            self._publish(stage, _with_components(state.last, owed), retain=not state.withdrawn)
        if state.withdrawn:
            self._publish(stage, "")
            return
        if owed:
            self._publish(stage, _with_tombstones(state.last, owed))
        self._publish(stage, state.last)
        if state.watching:
            stage.tell(state.watching, "introduce")  # which has it publish how it stands

    @verb(by=By.KIN)
    def unsettle(self, stage: Stage[AnnouncementState]) -> None:
        """Note that Home Assistant has ended: it may not have taken what it was told last."""
        if stage.state.withdrawn:
            stage.after(FORGOTTEN_S, "settle", name=_SETTLED)
        else:
            stage.cancel(_SETTLED)

    @verb(by=By.ITSELF)
    def settle(self, stage: Stage[AnnouncementState]) -> None:
        """Forget what is gone, because Home Assistant has taken that (the announcement's own timer)."""
        stage.state = stage.state.changed(owed="", former=())
        if stage.state.withdrawn:
            stage.stop()

    @verb(by=By.KIN)
    def take_back(self, stage: Stage[AnnouncementState]) -> None:
        """Take the device back: it is gone, or hidden."""
        self._take_back(stage)

    @verb
    def ended(self, ended: Ended, stage: Stage[AnnouncementState]) -> None:
        """Take the device back, because its actor has ended."""
        if ended.actor == stage.state.watching:
            stage.state = stage.state.changed(watching="")
            self._take_back(stage)

    @verb(by=By.KIN)
    def cleared(self, device: ClearedDevice, stage: Stage[AnnouncementState]) -> None:
        """Say that a user has deleted the device in Home Assistant, where it was announced: nothing of it is left there, but what was said
        meanwhile. Where it was taken back already, that it is cleared once more says nothing."""
        state = stage.state
        if not state.topic or state.withdrawn:
            return
        if device.announced_since:
            self._publish(stage, "")
        stage.state = AnnouncementState()
        stage.tell(stage.parent, "deleted", DeletedDevice(id=device.id))

    @verb(by=By.KIN)
    def forget(self, stage: Stage[AnnouncementState]) -> None:
        """End, because the device is not to be announced any more; take back what was said of it since it was deleted."""
        if stage.state.topic:
            self._publish(stage, "")
        stage.stop()

    def _take_back(self, stage: Stage[AnnouncementState]) -> None:
        state = stage.state
        if not state.topic:
            stage.stop()  # it was never announced
        elif not state.withdrawn:
            self._publish(stage, "")
            owed = {**_read(state.owed), **_components(state.last)}
            stage.state = state.changed(withdrawn=True, owed=_text(owed))
            stage.after(FORGOTTEN_S, "settle", name=_SETTLED)

    def _publish(self, stage: Stage[AnnouncementState], body: str, *, topic: str = "", retain: bool = True) -> None:
        state = stage.state
        if _is_there(stage, state.broker):
            stage.tell(state.broker, "publish", Publish(topic=topic or state.topic, body=body, retain=retain))


def _is_there(stage: Stage[AnnouncementState], broker: str) -> bool:
    """Whether there is such a connection; it may be taken out of the file, or not be there yet."""
    try:
        stage.world.find_verb(broker, "publish")
    except UnknownTarget:
        return False
    return True


def _prefix_of(topic: str) -> str:
    """The discovery prefix of a topic."""
    return topic.rpartition("/device/")[0]


def _read(text: str) -> Components:
    return json.loads(text) if text else {}


def _components(body: str) -> Components:
    return json.loads(body)["components"] if body else {}


def _text(components: Components) -> str:
    return json.dumps(components, ensure_ascii=False, separators=(",", ":")) if components else ""


def _same(one: dict[str, Any], other: dict[str, Any] | None) -> bool:
    """Whether Home Assistant takes the other for a new form of the one; of another platform it is another entity."""
    return other is not None and one["platform"] == other["platform"]


def _with_components(body: str, more: Components) -> str:
    payload = json.loads(body)
    payload["components"] = {**payload["components"], **more}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _with_tombstones(body: str, gone: Components) -> str:
    """A payload in which each component that is gone is named by its platform alone, which takes it away."""
    return _with_components(body, {key: {"platform": one["platform"]} for key, one in gone.items()})
