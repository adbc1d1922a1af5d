"""Home Assistant: announces every device of the gateway that has values, so that it comes up there with names, units and classes.

Each device has an announcement of its own, a child of this actor: see `announcement.py`. Home Assistant says "online" when it has started,
and then hears all of them again, some seconds later and not all gateways of a house at once.

Where a user deletes a device there, it clears what the broker keeps of its announcement, and clears that at no other time: so the device
is not announced again, until `restore`. Where the section goes, all is taken back; this actor stays until Home Assistant has taken that.
"""

from collections.abc import Iterator

from pydantic import Field

from gateway.actors import Actor, By, Payload, Stage, State, UnknownTarget, verb
from gateway.actors.ids import KEY_AT_MOST, key_of
from gateway.actors.points.keys import with_digest
from gateway.actors.points.shown import DeviceShown, Shown, ShownDevice
from gateway.actors.vocabulary import Heard, Listen
from gateway.business.homeassistant.announcement import FORGOTTEN_S, SETTLED_S, Announce, ClearedDevice, DeletedDevice
from gateway.business.homeassistant.entities import AnnouncedFrom, payload_of
from gateway.business.homeassistant.names import component_of, discovery_topic
from gateway.business.homeassistant.settings import KIND, HomeAssistantSettings

ONLINE, OFFLINE = "online", "offline"
_SOONEST_S, _SPREAD_S = 1.0, 4.0
_AGAIN, _LEAVING = "again", "leaving"
_CUT = "~2"
"""Stands before the hash of an id that is too long: no tilde of an id has a 2 behind it there."""
_LOOK_S = 1.0
_CATCHES_UP_S = 10.0
"""So long after a connection was made the broker may still give what it kept for us: what users did meanwhile."""


class HomeAssistantSaid(Payload):
    """Verb `status` of `homeassistant/*`: what Home Assistant says of itself, `online` or `offline`."""

    text: str = Field(max_length=64)


class Cleared(Payload):
    """Verb `cleared` of `homeassistant/*`: somebody else has cleared what the broker kept under a topic of announcements."""

    topic: str


class Restore(Payload):
    """Verb `restore` of `homeassistant/*`: show a device again that was deleted in Home Assistant."""

    id: str = ""
    """The id of its actor; empty: all of them."""


class HomeAssistantState(State):
    """What the actor remembers; the announcements remember the rest."""

    broker: str = ""
    """Id of the connection where it announces."""
    prefix: str = KIND
    """The discovery prefix there."""
    deleted: tuple[str, ...] = ()
    """Ids of the devices that a user has deleted in Home Assistant: they are not announced."""

    configured: tuple[str, ...] = ()
    """Ids of the devices that the configuration says, as it was when they were announced last."""
    online: bool | None = None
    """Whether Home Assistant is there, as far as it has said."""
    starts: int = 0
    """How often it has said that it has started."""
    connected_ms: int = 0
    """When the last connection to the broker was made, by the gateway's own clock."""


class HomeAssistant(Actor[HomeAssistantState]):
    """Announces devices to the Home Assistant at one broker."""

    kind = KIND
    settings_model = HomeAssistantSettings
    settings: HomeAssistantSettings

    @verb
    def begin(self, stage: Stage[HomeAssistantState]) -> None:
        """Announce what the configuration says, and take back what it says no more; sent at each start, and when settings have changed."""
        shown = self.points.shown
        if self.settings.me != stage.me or shown is None:
            self._end(stage)
            return
        for device in sorted(shown.devices.values(), key=lambda one: not one.is_host):  # who is named as the way must come first
            self._announce(device, stage)
        self._have_shown(shown, stage)
        for id in stage.state.configured:
            if id not in shown.devices:
                stage.tell(_child(stage, id), "take_back")
        stage.begin()
        stage.cancel(_LEAVING)
        settings = self.settings
        stage.state = stage.state.changed(configured=tuple(shown.devices), broker=settings.broker, prefix=settings.prefix)
        if names := shown.brokers.get(settings.broker):
            cleared = names.whole(discovery_topic(settings.prefix))
            self._listen(stage, Heard(topic=cleared, verb="cleared", cleared=True))

    @verb(by=By.ACTORS)
    def shown(self, said: DeviceShown, stage: Stage[HomeAssistantState]) -> None:
        """Announce a device that introduces itself, or has something new to show."""
        if self.settings.me == stage.me:
            self._announce(said.device, stage, watch=True)

    @verb
    def status(self, said: HomeAssistantSaid, stage: Stage[HomeAssistantState]) -> None:
        """Take what Home Assistant says of itself: when it has started, all is announced again, soon."""
        state = stage.state
        if said.text == ONLINE:
            stage.state = state.changed(online=True, starts=state.starts + 1)
            stage.after(_SOONEST_S + _SPREAD_S * stage.random(), "again", name=_AGAIN)
        elif said.text == OFFLINE:
            stage.state = state.changed(online=False)
            stage.cancel(_AGAIN)
            for child in _children(stage):
                stage.tell(child, "unsettle")
            self._look_later(stage)

    @verb
    def connected(self, stage: Stage[HomeAssistantState]) -> None:
        """Announce all again, because a connection to the broker was made: it may have lost what it kept. Whether Home Assistant is there
        was not heard meanwhile."""
        stage.state = stage.state.changed(online=None, connected_ms=stage.clock_ms)
        self._tell_all("repeat", stage)

    @verb
    def cleared(self, said: Cleared, stage: Stage[HomeAssistantState]) -> None:
        """Have the announcement that was cleared say whether a user has deleted its device in Home Assistant."""
        shown = self.points.shown
        names = shown.brokers.get(self.settings.broker) if shown is not None and self.settings.me == stage.me else None
        if names is None:
            return
        for child in _children(stage):
            id = _device_of(child)
            if id and names.whole(discovery_topic(self.settings.prefix, names.prefix, id)) == said.topic:
                since_s = (stage.clock_ms - stage.state.connected_ms) / 1000
                stage.tell(child, "cleared", ClearedDevice(id=id, announced_since=since_s < _CATCHES_UP_S))

    @verb(by=By.KIN)
    def deleted(self, said: DeletedDevice, stage: Stage[HomeAssistantState]) -> None:
        """Announce a device no more, because a user has deleted it in Home Assistant."""
        stage.state = stage.state.changed(deleted=(*(id for id in stage.state.deleted if id != said.id), said.id))
        stage.tell(_child(stage, said.id), "forget")

    @verb
    def restore(self, what: Restore, stage: Stage[HomeAssistantState]) -> None:
        """Announce again what a user has deleted in Home Assistant: one device, or all."""
        wanted = [id for id in stage.state.deleted if what.id in ("", id)]
        stage.state = stage.state.changed(deleted=tuple(id for id in stage.state.deleted if id not in wanted))
        configured = self.points.shown.devices if self.points.shown is not None else {}
        for id in wanted:
            if id in configured:
                self._announce(configured[id], stage)
            else:
                _introduce(id, stage)
        stage.reply(stage.state)

    @verb(by=By.ITSELF)
    def again(self, stage: Stage[HomeAssistantState]) -> None:
        """Announce all devices again, and have each say how it stands (the actor's own timer)."""
        self._tell_all("again", stage)
        self._look_later(stage, SETTLED_S + _LOOK_S)

    @verb
    def read(self, stage: Stage[HomeAssistantState]) -> None:
        """Answer with what the actor knows of Home Assistant."""
        stage.reply(stage.state)

    def _tell_all(self, verb: str, stage: Stage[HomeAssistantState]) -> None:
        host = self._host_device(stage)
        first = _child(stage, host) if host else ""
        for child in sorted(_children(stage), key=lambda child: child != first):
            stage.tell(child, verb)
        if self.points.shown is not None:
            self._have_shown(self.points.shown, stage)

    def _announce(self, device: ShownDevice, stage: Stage[HomeAssistantState], *, watch: bool = False) -> None:
        shown, settings = self.points.shown, self.settings
        if device.id in stage.state.deleted:
            return
        names = shown.brokers.get(settings.broker) if shown is not None else None
        if shown is None or names is None:
            return
        payload = None
        if device.by == settings.broker:  # what is published elsewhere cannot be seen from there
            payload = payload_of(device, AnnouncedFrom(names, settings, shown.name, self._host_device(stage)))
        child = _child(stage, device.id)
        if payload is None:
            if not (device.unknown and settings.shows(device.id)):
                stage.tell(child, "take_back")
            return
        topic = discovery_topic(settings.prefix, names.prefix, device.id)
        unknown = tuple(component_of(name) for name in device.unknown if settings.shows(device.id, name))
        about = Announce(broker=settings.broker, topic=topic, body=payload.text(), keep=unknown, watch=device.id if watch else "")
        stage.tell(child, "announce", about)

    def _have_shown(self, shown: Shown, stage: Stage[HomeAssistantState]) -> None:
        """Have the devices of the configuration publish once more how they stand; those that introduce themselves are asked by their
        announcements."""
        for device in shown.devices.values():
            is_shown = self.settings.shows(device.id) and device.id not in stage.state.deleted
            if device.again and device.by == self.settings.broker and is_shown:
                stage.tell(device.id, device.again)

    def _host_device(self, stage: Stage[HomeAssistantState]) -> str:
        """Id of the actor that shows the gateway itself; empty where none does, or it is hidden."""
        devices = self.points.shown.devices.values() if self.points.shown is not None else ()
        shown = (one.id for one in devices if one.is_host and self.settings.shows(one.id))
        return next((id for id in shown if id not in stage.state.deleted), "")

    def _end(self, stage: Stage[HomeAssistantState]) -> None:
        """Take all back, because the file has no such section any more, or names another broker; end when Home Assistant has taken that."""
        state = stage.state
        children = list(_children(stage))
        if not children:
            self._listen(stage)
            stage.stop()
            return
        for child in children:
            stage.tell(child, "take_back")
            if state.online:
                stage.tell(child, "believe")
        self._listen(stage, Heard(topic=f"{state.prefix}/status", verb="status"))
        self._look_later(stage, SETTLED_S + _LOOK_S if state.online else FORGOTTEN_S + _LOOK_S)

    def _look_later(self, stage: Stage[HomeAssistantState], seconds: float = FORGOTTEN_S + _LOOK_S) -> None:
        """Look later whether all was taken back, where the file has no such section any more."""
        if self.settings.me != stage.me:
            stage.after(seconds, "begin", name=_LEAVING)

    def _listen(self, stage: Stage[HomeAssistantState], *wanted: Heard) -> None:
        """Have the connection tell this actor what it wants to hear, beside what the file says."""
        broker = stage.state.broker or f"mqtt/{key_of(stage.me)}"
        try:
            stage.tell(broker, "listen", Listen(wanted=wanted))
        except UnknownTarget:
            return  # it was taken out of the file, or is of another kind


def _children(stage: Stage[HomeAssistantState]) -> Iterator[str]:
    """The announcements, all of them."""
    page = stage.children()
    while page:
        yield from page
        page = stage.children(after=page[-1])


def _child(stage: Stage[HomeAssistantState], id: str) -> str:
    """The announcement of a device. One whose id is too long for a key is known by its beginning and a hash."""
    key = id.replace("~", "~0").replace("/", "~1")
    return stage.child("announcement", key if len(key) <= KEY_AT_MOST else with_digest(key, key, mark=_CUT, size=8))


def _device_of(child: str) -> str:
    """The device of an announcement; empty where only a hash of it is known."""
    key = child.rpartition("/")[2]
    return "" if _CUT in key else key.replace("~1", "/").replace("~0", "~")


def _introduce(id: str, stage: Stage[HomeAssistantState]) -> None:
    """Have an actor introduce itself, where it is one that does."""
    try:
        stage.tell(id, "introduce")
    except UnknownTarget:
        return  # a device that the file names no more
