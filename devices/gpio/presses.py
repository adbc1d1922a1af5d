"""What an input tells of its presses: who is told of each, and the events that are published."""

import math
from collections.abc import Callable

from devices.gpio.gestures import PRESS, Gesture, Gestures
from devices.gpio.settings import EVENT, PinSettings
from devices.latest import press_event, press_events, presses
from gateway.actors import Host
from gateway.actors.vocabulary import Pressed


class Presses:
    """The presses of one input, from its changes to its listeners. Runs on the pin's own thread.

    Without long_s and multi_s a press is one that goes down, told at once; with them it is told when it is known what was meant. For each
    type of press there is one message under way at most, to its actor and to the broker; what comes meanwhile adds up in the next.
    """

    def __init__(self, settings: PinSettings, host: Host, *, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._topic = settings.topic_of(host.me) + EVENT
        publisher = settings.publish_to if settings.publishes else ""
        self._to = {type: presses(host, settings.told_of(type), clock) for type in settings.press_types}
        self._events = {type: press_events(host, publisher, clock) for type in settings.press_types}
        self._gestures = Gestures(settings.long_s, settings.multi_s)
        self._pressed = 0
        """How often it became active since that was told last, where there are no gestures."""
        self._tell_at_s = -math.inf

    def begin(self) -> None:
        """Forget what was under way: the line is claimed anew."""
        self._gestures = Gestures(self._settings.long_s, self._settings.multi_s)

    def feed(self, at_s: float, active: bool) -> None:
        """Take a change that counts."""
        if self._settings.has_gestures:
            self._gestures.feed(at_s, active)
        else:
            self._pressed += active

    def settle(self) -> None:
        """Put what was meant until now into the outboxes."""
        if self._pressed:
            pressed, self._pressed = self._pressed, 0
            self._to[PRESS].offer(Pressed(count=pressed))
            self._events[PRESS].offer(press_event(self._topic, PRESS, pressed))
        elif self._settings.has_gestures:
            self._gestures.settle(self._clock())
            self._tell(self._gestures.take())

    def end(self) -> None:
        """Tell what was pressed and let go, without waiting for more: the line is watched no longer."""
        self._gestures.end()
        self._tell(self._gestures.take())

    @property
    def due_s(self) -> float:
        """When `settle` and `pump` must be called."""
        to_s = min(one.due_s for one in self._to.values())
        return min(self._gestures.due_s, max(to_s, self._tell_at_s), *(one.due_s for one in self._events.values()))

    def pump(self, *, closing: bool) -> None:
        """Send what waits; the presses of a meter once in `press_every_s`, unless the pin is closing."""
        for event in self._events.values():
            event.pump()
        now_s = self._clock()
        if closing or now_s >= self._tell_at_s:
            for one in self._to.values():
                if one.waits:
                    self._tell_at_s = now_s + self._settings.press_every_s
                one.pump()

    def flush(self) -> None:
        """Send all that waits: nobody calls `pump` after this."""
        for one in self._to.values():
            one.flush()
        for event in self._events.values():
            event.flush()

    def _tell(self, gestures: list[Gesture]) -> None:
        for type, pressed in gestures:
            self._to[type].offer(Pressed())
            self._events[type].offer(press_event(self._topic, type, 1, presses=pressed))
