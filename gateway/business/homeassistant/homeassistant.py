"""Home Assistant: announces every device of the gateway that has values, so that it comes up there with names, units and classes.

Each device has an announcement of its own, a child of this actor: see `announcement.py`. Home Assistant says "online" when it has started,
and then hears all of them again, some seconds later and not all gateways of a house at once.
"""

from collections.abc import Iterator

from pydantic import Field

from gateway.actors import Actor, By, Payload, Stage, State, verb
from gateway.actors.points.shown import DeviceShown, Shown, ShownDevice
from gateway.business.homeassistant.announcement import Announce
from gateway.business.homeassistant.entities import AnnouncedFrom, payload_of
from gateway.business.homeassistant.names import component_of, discovery_topic
from gateway.business.homeassistant.settings import KIND, HomeAssistantSettings

ONLINE, OFFLINE = "online", "offline"
_SOONEST_S, _SPREAD_S = 1.0, 4.0
_AGAIN = "again"
_LOOK_S = 1.0


class HomeAssistantSaid(Payload):
    """Verb `status` of `homeassistant/*`: what Home Assistant says of itself, `online` or `offline`."""

    text: str = Field(max_length=64)


class HomeAssistantState(State):
    """What the actor remembers; the announcements remember the rest."""

    configured: tuple[str, ...] = ()
    """Ids of the devices that the configuration says, as it was when they were announced last."""
    online: bool | None = None
    """Whether Home Assistant is there, as far as it has said."""
    starts: int = 0
    """How often it has said that it has started."""


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
        stage.state = stage.state.changed(configured=tuple(shown.devices))

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

    @verb
    def connected(self, stage: Stage[HomeAssistantState]) -> None:
        """Announce all again, because a connection to the broker was made: it may have lost what it kept."""
        self._tell_all("repeat", stage)

    @verb(by=By.ITSELF)
    def again(self, stage: Stage[HomeAssistantState]) -> None:
        """Announce all devices again, and have each say how it stands (the actor's own timer)."""
        self._tell_all("again", stage)

    @verb
    def read(self, stage: Stage[HomeAssistantState]) -> None:
        """Answer with what the actor knows of Home Assistant."""
        stage.reply(stage.state)

    def _tell_all(self, verb: str, stage: Stage[HomeAssistantState]) -> None:
        host = self._host_device()
        first = _child(stage, host) if host else ""
        for child in sorted(_children(stage), key=lambda child: child != first):
            stage.tell(child, verb)
        if self.points.shown is not None:
            self._have_shown(self.points.shown, stage)

    def _announce(self, device: ShownDevice, stage: Stage[HomeAssistantState], *, watch: bool = False) -> None:
        shown, settings = self.points.shown, self.settings
        names = shown.brokers.get(settings.broker) if shown is not None else None
        if shown is None or names is None:
            return
        payload = None
        if device.by == settings.broker:  # what is published elsewhere cannot be seen from there
            payload = payload_of(device, AnnouncedFrom(names, settings, shown.name, self._host_device()))
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
            if device.again and device.by == self.settings.broker and self.settings.shows(device.id):
                stage.tell(device.id, device.again)

    def _host_device(self) -> str:
        """Id of the actor that shows the gateway itself; empty where none does, or it is hidden."""
        devices = self.points.shown.devices.values() if self.points.shown is not None else ()
        return next((one.id for one in devices if one.is_host and self.settings.shows(one.id)), "")

    def _end(self, stage: Stage[HomeAssistantState]) -> None:
        """Take all back, because the file has no such section any more, or names another broker; then end."""
        children = list(_children(stage))
        if not children:
            stage.stop()
            return
        for child in children:
            stage.tell(child, "withdraw")
        stage.after(_LOOK_S, "begin")


def _children(stage: Stage[HomeAssistantState]) -> Iterator[str]:
    """The announcements, all of them."""
    page = stage.children()
    while page:
        yield from page
        page = stage.children(after=page[-1])


def _child(stage: Stage[HomeAssistantState], id: str) -> str:
    """The announcement of a device."""
    return stage.child("announcement", id.replace("~", "~0").replace("/", "~1"))
