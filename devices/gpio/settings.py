"""The settings of one pin: section `[gpio.KEY]` of the configuration."""

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from devices.gpio.chips import forgets_outputs
from devices.gpio.gestures import DOUBLE, LONG, MULTI, PRESS
from devices.gpio.pin_simulation import Simulate
from devices.gpio.topical import TopicalSettings
from devices.gpio.wiring import Bcm, Chip, claim_of, name_of
from devices.link import ACT_WITHIN_S, ActWithin
from devices.simulation import simulation
from gateway.actors import Settings
from gateway.actors.points import Point, ValueType
from gateway.actors.points.point import Given, Said

if TYPE_CHECKING:
    from gateway.actors.points.shown import ShownDevice

OUTPUTS = ("led", "relay", "dimmer")
_INPUTS = ("button", "contact", "motion")
_PUBLISHING = (*OUTPUTS, "button")
VALUE_NAMES = {"button": "pressed", "contact": "open", "motion": "motion", "led": "on", "relay": "on", "dimmer": "on"}
CLASSES = {"contact": "opening", "motion": "motion", "led": "light", "dimmer": "light"}
PULLS = {"button": "up", "contact": "up", "motion": "down"}
_GESTURE_TO = {DOUBLE: "double_to", MULTI: "multi_to", LONG: "long_to"}
"""Which key says who is told of a gesture, where it is not `press_to`."""
PULSE_S = 1.0
"""How long the pulse is that others can have made by a button."""
EVENT = "/event"
BRIGHTNESS = "brightness_pct"
"""Name of the value of a dimmer that says how bright it is when it is on."""
BOARD_PULL_UPS = (2, 3)
"""GPIO 2 and 3 have a 1.8 kΩ resistor to 3.3 V on every board."""

_OTHER_KINDS = {"encoder": "encoder", "rotary": "encoder", "knob": "encoder", "servo": "servo", "distance": "distance"}
"""What is wired to pins and is a kind of its own, by what people call it."""
_FORGOTTEN = (
    "this Pi's kernel makes a pin an input once the gateway has stopped, so the level is lost, and a resistor outside decides; to keep it, "
    "add pinctrl-bcm2835.persist_gpio_outputs=y to the line in /boot/firmware/cmdline.txt, and reboot"
)
Level = Literal["off", "on", "keep"]
Pull = Literal["up", "down", "none"]


def _one_line(given: Any) -> Any:
    """Say where a device stands that is no single pin which is on or off."""
    if isinstance(given, str) and given in _OTHER_KINDS:
        raise ValueError(f"{given!r} has a section of its own; write [{_OTHER_KINDS[given]}.NAME]")
    return given


class PinSettings(TopicalSettings):
    """The settings of one pin. `type` says what is wired to it; the value it reports is true while it is active.

    button   between the pin and ground (pull up) or 3.3 V (pull down); active while pressed
    contact  a reed or door contact, wired as a button; active while OPEN
    motion   a sensor that drives the pin high while it sees motion
    led      an output; active while lit
    relay    an output; active while the relay is on (most relay boards need active_low = true)
    dimmer   an output that is on for a share of the time: the gate of a transistor that a lamp or a fan hangs on
    """

    type: Annotated[Literal["button", "contact", "motion", "led", "relay", "dimmer"], BeforeValidator(_one_line)]
    pin: Bcm
    """BCM number, 17 or "GPIO17"; by its place on the header "BOARD11"."""
    active_low: bool | None = None
    """Whether a low level is the active one. Inputs: told from type and pull unless given. Outputs: false unless given."""
    value: str = Field(default="", max_length=64)
    """Name of the value in reports; by type: pressed, open, motion, on."""
    report_to: str = ""
    """Actor id that gets `report` with the value at the start and at each change."""
    report_every_s: float = Field(default=0.0, ge=0)
    """Seconds after which the value is reported again although it has not changed, so that a twin hears the pin; 0: never."""
    chip: Chip = "auto"
    """The GPIO chip: "auto" finds the header's by its label; else a number (4) or a path ("/dev/gpiochip4")."""
    simulate: bool | Simulate = False
    """True or a table: no hardware is touched."""

    pull: Pull | None = None
    """Inputs: the resistor inside the chip. Unless given: up for button and contact, down for motion."""
    debounce_ms: float = Field(default=30.0, ge=0, le=10_000)
    """Inputs: a change is reported at once; for this long after it further ones wait, and only the last of them counts."""
    stable_ms: float = Field(default=0.0, ge=0, le=60_000)
    """Inputs, in place of debounce_ms: a change is reported once it has stayed for so long, and so much later; what is shorter was a spike
    on the wire. 0: a change is reported at once."""
    press_to: str = ""
    """Inputs: actor id that gets `pressed` each time the input becomes active."""
    press_every_s: float = Field(default=0.0, ge=0, le=3600)
    """Inputs: presses are told together, once in so many seconds, for a meter whose pulses come fast; until then they are in memory, and a
    power cut loses them. 0: each at once."""
    long_s: float = Field(default=0.0, ge=0, le=60)
    """Buttons: held down for so many seconds, it is a long press, told while it is still held; a press is then told when the button is let
    go. 0: there are no long presses."""
    multi_s: float = Field(default=0.0, ge=0, le=10)
    """Buttons: presses with less than so many seconds between them are one, double (two) or multi (more), told so many seconds after the
    last was let go. 0: each press is told for itself."""
    long_to: str = ""
    """Buttons: actor id that gets `pressed` for each long press, which `press_to` does not get."""
    double_to: str = ""
    """Buttons: actor id that gets `pressed` for each double press."""
    multi_to: str = ""
    """Buttons: actor id that gets `pressed` once for each three presses or more."""

    on_start: Level = "off"
    """Outputs: the state the pin is claimed with. keep: what an earlier process left it at; off when it was no output."""
    on_stop: Level = "off"
    """Outputs: the state it is left in when the gateway stops. A pulse under way always ends off.

    A Pi 5 keeps that level. On a Pi 4 and older the kernel makes the pin an input as soon as nobody holds it, and only a resistor outside
    decides then, unless it was booted with pinctrl-bcm2835.persist_gpio_outputs=y; `gateway check` says so where it matters."""
    on_link_lost: Level = "keep"
    """Outputs: the state it takes when no command has come for `link_lost_after_s`. keep: it stays as it is."""
    link_lost_after_s: float = Field(default=0.0, ge=0)
    """Outputs: seconds without a command (switch or pulse; from the end of a pulse) until `on_link_lost`; 0: never."""
    max_on_s: float = Field(default=0.0, ge=0)
    """Outputs: how many seconds it may be on without a pause; then it goes off, after a restart of the gateway too. Being told on while it
    is on does not make that longer. 0: however long."""
    min_pause_s: float = Field(default=0.0, ge=0)
    """Outputs: how many seconds it must have been off before it goes on again, as a compressor must; a `switch` waits for that, a `pulse`
    is refused. Known over a restart. 0: none."""
    never_with: list[str] = []
    """Outputs: ids of others (`gpio/up`) of which none is ever on together with this one: a command that would do that is refused. Said at
    one of the two it holds for both."""
    act_within_s: ActWithin = ACT_WITHIN_S
    """Outputs: how old a command may grow that cannot be obeyed (its pin is not there): then it is answered "expired". 0: however old."""
    brightness_pct: float = Field(default=100.0, gt=0, le=100)
    """Dimmers: how bright it is when it goes on for the first time, percent; later it is as bright as it was last, over restarts too."""
    frequency_hz: float = Field(default=200.0, ge=10, le=2000)
    """Dimmers: how many times a second it goes on and off. The faster, the less steady, and the more work."""
    step_pct: float = Field(default=5.0, gt=0, le=100)
    """Dimmers: by how much it is brighter for each step of a knob, percent."""
    publish_to: str = "mqtt/main"
    """Outputs and buttons: id of the actor that publishes whether an output is on, retained, at the start and at each change, and the
    presses of a button; empty: nothing is published."""
    topic: str = Field(default="{prefix}/gpio/{key}", max_length=512)
    """Outputs and buttons: the topic of that; `{key}` is the name of the section, a leading `{prefix}/` the prefix of the connection that
    publishes. Presses are events, not retained, under `/event` below it."""

    def claims(self) -> dict[str, str]:
        return {"pin": claim_of(self.pin, self.chip, is_simulated=bool(self.simulate))}

    def addresses(self) -> list[tuple[str, str, str]]:
        asked = [("report_to", self.report_to, "report"), ("press_to", self.press_to, "pressed")]
        asked += [(key, getattr(self, key), "pressed") for key in _GESTURE_TO.values()]
        asked += [("never_with", other, "switch") for other in self.never_with]
        asked += [("publish_to", self.publish_to, "publish")] if self.publishes else []
        return [row for row in asked if row[1]]

    def why_deaf(self, verb: str) -> str:
        """An input is not switched."""
        if verb in ("dim", "turned") and not self.is_dimmer:
            return f"it is a {self.type}, and only a dimmer is brighter or darker; name another"
        deaf = verb in ("switch", "pulse") and not self.is_output
        return f"it is a {self.type}, and only a led, relay or dimmer goes on and off; name another" if deaf else ""

    def among(self, me: str, others: Mapping[str, Settings]) -> Self:
        """An output that others name in `never_with` names them, too: it knows of them before they have been claimed."""
        if me in self.never_with:
            raise ValueError(f"never_with.{self.never_with.index(me)}: {me} is this one itself, and would never be on; name another")
        naming = [id for id, other in others.items() if isinstance(other, PinSettings) and me in other.never_with]
        unsaid = [id for id in naming if id not in self.never_with and id != me]
        if not (unsaid and self.is_output):
            return self
        if key := self._goes_on_by_itself:
            found = getattr(self, key)
            raise ValueError(f'{key}: {found!r} cannot be, as {unsaid[0]} is never_with {me} and may be on then; write "off"')
        return self.model_copy(update={"never_with": [*self.never_with, *unsaid]})

    def points(self, me: str) -> Said:
        """Its value, which is the pin's own, and that of the twin it reports to; an output is set by `switch`. A dimmer has its
        brightness beside it."""
        point = Point(
            name=self.value_name, type=ValueType.BOOLEAN, device_class=CLASSES.get(self.type, ""), on_change=not self.report_every_s
        )
        if self.is_output:
            point = point.changed(setter=me, verb="switch", field="on", level=BRIGHTNESS if self.is_dimmer else "")
        points = (point, _brightness(me)) if self.is_dimmer else (point,)
        return [(id, points) for id in (me, self.report_to) if id]

    def given(self, me: str) -> list[Given]:
        """Its one value, and no other."""
        return [one._replace(others=False) for one in super().given(me)]

    def notes(self) -> dict[str, str]:
        """Where the level that an output is left with is lost, because the kernel gives up its pin."""
        if self.simulated is not None or not self.is_output or not self._is_left_driven or not forgets_outputs(self.chip):
            return {}
        return {"on_stop": _FORGOTTEN}

    @property
    def _is_left_driven(self) -> bool:
        """Whether it may be left at another level than that of a pin that nobody drives."""
        return self.on_stop != "off" or self.low_is_active

    @property
    def publishes(self) -> bool:
        """Whether it publishes anything: the value of another input is for a twin to publish."""
        return self.type in _PUBLISHING

    def shown_devices(self, me: str) -> "list[ShownDevice]":
        """An output, with its level and what it can be told; a button, with its presses."""
        if not (self.publishes and self.publish_to):
            return []
        from gateway.actors.points.shown import Act, Happening, ShownDevice  # noqa: PLC0415  # for gateways whose devices somebody shows

        device = ShownDevice(id=me, topic=self.topic_of(me), by=self.publish_to, model=self.type)
        if not self.is_output:
            return [device.changed(happenings=(Happening(name="press", types=self.press_types, device_class="button", under=EVENT),))]
        ((_, points), *_) = self.points(me)
        shown = tuple(point.changed(path=("on",) if point.type is ValueType.BOOLEAN else (point.name,)) for point in points)
        pulse = Act(name="pulse", setter=me, verb="pulse", payload={"seconds": PULSE_S}, hidden=True)
        return [device.changed(points=shown, acts=(pulse,), again="show")]

    def same_output(self, other: "PinSettings") -> bool:
        """Whether the other is an output, too, on the same line and wired in the same way."""
        return self.is_output and self._wiring == other._wiring

    @property
    def _wiring(self) -> tuple[Any, ...]:
        """All that says how the line is driven."""
        dimmed = self.is_dimmer and self.frequency_hz
        return (self.is_output, dimmed, self.pin, self.chip, self.low_is_active, self.simulated)

    @property
    def has_gestures(self) -> bool:
        """Whether a press is looked at until it is known what was meant."""
        return bool(self.long_s or self.multi_s)

    @property
    def press_types(self) -> tuple[str, ...]:
        """The types of event that its presses are."""
        return (PRESS, *((DOUBLE, MULTI) if self.multi_s else ()), *((LONG,) if self.long_s else ()))

    def told_of(self, gesture: str) -> str:
        """Who gets `pressed` for this type of press; empty: nobody."""
        return str(getattr(self, _GESTURE_TO.get(gesture, "press_to")))

    @property
    def is_output(self) -> bool:
        return self.type in OUTPUTS

    @property
    def is_dimmer(self) -> bool:
        return self.type == "dimmer"

    @property
    def line_name(self) -> str:
        return name_of(self.pin)

    @property
    def value_name(self) -> str:
        return self.value or VALUE_NAMES[self.type]

    @property
    def bias(self) -> str:
        """The pull that is claimed for an input."""
        if self.pull is None and self.pin in BOARD_PULL_UPS:
            return "up"
        return self.pull or PULLS[self.type]

    @property
    def low_is_active(self) -> bool:
        """Whether a low level means active, given or told from the wiring."""
        if self.active_low is not None:
            return self.active_low
        if self.type == "button":
            return self.bias == "up"
        return self.type == "contact" and self.bias == "down"

    @property
    def simulated(self) -> Simulate | None:
        """How the pin is simulated; None when it is real."""
        return simulation(self.simulate, Simulate)

    @field_validator("pull", "debounce_ms", "stable_ms", "press_to", "press_every_s")
    @classmethod
    def _inputs_only(cls, given: Any, seen: ValidationInfo) -> Any:
        return _only_for(given, seen, _INPUTS, needs="a button, contact or motion")

    @field_validator("long_s", "multi_s", *_GESTURE_TO.values())
    @classmethod
    def _buttons_only(cls, given: Any, seen: ValidationInfo) -> Any:
        return _only_for(given, seen, ("button",), needs="a button")

    @field_validator("on_start", "on_stop", "on_link_lost", "link_lost_after_s", "max_on_s", "min_pause_s", "never_with", "act_within_s")
    @classmethod
    def _outputs_only(cls, given: Any, seen: ValidationInfo) -> Any:
        return _only_for(given, seen, OUTPUTS, needs="a led, relay or dimmer")

    @field_validator("brightness_pct", "frequency_hz", "step_pct")
    @classmethod
    def _dimmers_only(cls, given: Any, seen: ValidationInfo) -> Any:
        return _only_for(given, seen, ("dimmer",), needs="a dimmer")

    @field_validator("publish_to", "topic")
    @classmethod
    def _publishing_only(cls, given: Any, seen: ValidationInfo) -> Any:
        return _only_for(given, seen, _PUBLISHING, needs="a led, relay, dimmer or button")

    @field_validator("value")
    @classmethod
    def _plain_name(cls, given: str) -> str:
        if given and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", given):
            raise ValueError(f"{given!r} is no name for a value; use letters, digits and _ . -")
        return given

    @model_validator(mode="after")
    def _is_pulled_as_the_board_is(self) -> "PinSettings":
        if self.pull in ("down", "none") and self.pin in BOARD_PULL_UPS:
            raise ValueError(f'pull: {self.pull!r} cannot work, the board pulls GPIO {self.pin} up; use "up" or another pin')
        return self

    @model_validator(mode="after")
    def _settles_in_one_way(self) -> "PinSettings":
        if self.stable_ms and self.debounce_ms and "debounce_ms" in self.model_fields_set:
            raise ValueError("stable_ms: a change cannot be reported at once and after a rest; take debounce_ms or stable_ms out")
        return self

    @model_validator(mode="after")
    def _tells_gestures_that_it_knows(self) -> "PinSettings":
        for gesture, key in _GESTURE_TO.items():
            if getattr(self, key) and gesture not in self.press_types:
                needed = "long_s = 0.8" if gesture == LONG else "multi_s = 0.3"
                raise ValueError(f"{key}: there are no {gesture} presses unless this pin says how long they take; write {needed} beside it")
        if self.has_gestures and self.press_every_s:
            raise ValueError("press_every_s: is for meters, long_s and multi_s for fingers; take it or these out")
        return self

    @model_validator(mode="after")
    def _says_which_level_is_active(self) -> "PinSettings":
        if self.pull == "none" and self.active_low is None and self.type != "motion":
            raise ValueError('active_low: say true or false, as pull = "none" does not tell')
        return self

    @model_validator(mode="after")
    def _dims_only_while_it_runs(self) -> "PinSettings":
        if self.is_dimmer and self.on_stop == "keep":
            raise ValueError('on_stop: it is dim only while the gateway runs, so nothing keeps it; write "off", or "on" for fully on')
        return self

    @model_validator(mode="after")
    def _is_on_by_command_alone(self) -> "PinSettings":
        if self.never_with and (key := self._goes_on_by_itself):
            raise ValueError(f'{key}: {getattr(self, key)!r} cannot be with never_with, as another may be on at that time; write "off"')
        return self

    @property
    def _goes_on_by_itself(self) -> str:
        """The key that has it go on, or stay on, without a command; empty where none does."""
        keys = [key for key in ("on_start", "on_stop", "on_link_lost") if getattr(self, key) == "on"]
        return "on_start" if self.on_start == "keep" else keys[0] if keys else ""

    @model_validator(mode="after")
    def _says_when_its_link_is_lost(self) -> "PinSettings":
        if self.on_link_lost != "keep" and not self.link_lost_after_s:
            raise ValueError(f"link_lost_after_s: say after how many seconds without a command the output goes {self.on_link_lost}")
        if self.link_lost_after_s and self.on_link_lost == "keep":
            raise ValueError('on_link_lost: say "off" or "on", or leave link_lost_after_s out')
        return self


def _brightness(me: str) -> Point:
    """How bright a dimmer is when it is on."""
    point = Point(name=BRIGHTNESS, type=ValueType.NUMBER, unit="%", low=0, high=100, precision=0, on_change=True)
    return point.changed(setter=me, verb="dim", field="brightness_pct")


def _only_for(given: Any, seen: ValidationInfo, types: Collection[str], *, needs: str) -> Any:
    """Refuse a key that does nothing for this type. Runs only for keys that were given."""
    kind = seen.data.get("type")
    if kind is not None and kind not in types:
        raise ValueError(f"means nothing for type {kind!r}, only for {needs}; leave it out")
    return given
