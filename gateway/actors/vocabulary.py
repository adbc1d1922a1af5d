"""The payloads that rooms share: what devices and business actors say to each other.

Source: names and units follow the W3C Geolocation API and SenML (RFC 8428) where they have a word.
"""

import enum
import re
from typing import Self

from pydantic import Field, JsonValue, model_validator

from gateway.actors.json_text import JsonText
from gateway.actors.models import Model, Payload, Tells

Scalar = bool | int | float | str

LAST_MS = 253_402_214_400_000
"""The last day of the year 9999, milliseconds since 1970: no wall time is later."""

PREFIX = "{prefix}/"
"""A topic of `Publish` that begins so goes on with the prefix of the connection that publishes."""


class Quality(enum.Enum):
    """How far a reading can be trusted."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"
    """It was read, and cannot be right: out of its range, or not readable as what it is."""
    MISSING = "missing"
    """The device has the value, and says that it cannot tell it now."""
    STALE = "stale"
    """The device has fallen silent since it said so."""


class Publish(Payload):
    """Verb `publish` of `mqtt/*`: publish `body` under `topic`. Repeated after a crash under the same message id."""

    topic: str = Field(min_length=1, max_length=1024)
    """One that begins with `{prefix}/` goes on with the connection's own prefix, which nobody else need know."""
    body: JsonText = ""
    """Text as it is; of a dict, a list, a number, a truth value or a model, the compact JSON."""
    retain: bool = False
    qos: int = Field(default=1, ge=0, le=1)
    expires_s: int = Field(default=0, ge=0)
    """Seconds after which the broker drops it (MQTT 5 only); 0: never."""

    @property
    def is_telemetry(self) -> bool:
        """What is retained tells how things stand; the removal of it, an empty body, is said once."""
        return self.retain and self.body != ""


class Heard(Model):
    """What an actor wants to hear of a broker."""

    topic: str = Field(min_length=1, max_length=1024)
    """A topic, or a filter with + and #."""
    verb: str
    """The verb under which the actor is sent each message, with its `text`; of a cleared topic, with the `topic`."""
    cleared: bool = False
    """Whether it is only to hear that somebody else has cleared what the broker kept under a topic (MQTT 5; nothing on 3.1.1)."""


class Listen(Payload):
    """Verb `listen` of `mqtt/*`: have the sender hear these too, and `connected` at each connection, in the place of what it named before.
    That goes on over restarts, until it names none."""

    wanted: tuple[Heard, ...] = Field(default=(), max_length=16)


class Report(Payload):
    """Verb `report` of a twin: what a device says of itself at one moment."""

    values: dict[str, Scalar | None] = Field(min_length=1, max_length=64)
    """None: the device cannot tell this value now."""
    units: dict[str, str] = {}
    """Unit of a value by its name, as in SenML: `Cel`, `V`, `m/s`, `%RH`."""
    at_ms: int = Field(default=0, ge=0)
    """The device's own wall time, milliseconds since 1970; 0: it has none, take the gateway's."""
    quality: Quality = Quality.GOOD
    qualities: dict[str, Quality] = {}
    """Quality of a value by its name, where it is another than that of the whole."""
    guarded: bool = False
    """Whether a limit of the device itself made it so, such as `max_on_s`: nobody is to undo it."""

    @property
    def is_telemetry(self) -> bool:
        """The next report says more."""
        return True

    @property
    def tells(self) -> Tells:
        """The values of the same names; of these only numbers may change unseen."""
        steady = tuple(value for value in self.values.values() if isinstance(value, (bool, str)) or value is None)
        return Tells(tuple(self.values), (steady, self.quality, *self.qualities.items()), self.at_ms)


class Fix(Payload):
    """Verb `position` of a trip: where something is. Degrees WGS 84, metres, metres per second."""

    latitude_deg: float = Field(ge=-90, le=90)
    longitude_deg: float = Field(ge=-180, le=180)
    at_ms: int = Field(default=0, ge=0)
    """Wall time of the fix by the receiver, milliseconds since 1970; 0: it did not say."""
    speed_mps: float | None = Field(default=None, ge=0)
    heading_deg: float | None = Field(default=None, ge=0, le=360)
    """Course over ground, clockwise from true north."""
    altitude_m: float | None = None
    hdop: float | None = Field(default=None, ge=0)
    """Horizontal dilution of precision; below 2 is good."""
    satellites: int | None = Field(default=None, ge=0)
    accuracy_m: float | None = Field(default=None, ge=0)
    """Metres around the place in which the receiver is with two chances in three, as phones say it."""

    @property
    def is_telemetry(self) -> bool:
        """The next fix says more."""
        return True

    @property
    def tells(self) -> Tells:
        """Where the vehicle is."""
        return Tells(at_ms=self.at_ms)


class Pressed(Payload):
    """Verb `pressed`: a button went down (or another input became active)."""

    count: int = Field(default=1, ge=1, le=2**53)
    """How many presses this stands for; above 1 where a burst was coalesced."""


class KnobTurned(Payload):
    """Verb `turned`: a knob was turned."""

    steps: int = Field(ge=-(2**31), le=2**31)
    """By how many steps: clockwise, or against it where it is below 0."""


class Dim(Payload):
    """Verb `dim` of `gpio/*`: be so bright until told otherwise. Harmless when repeated."""

    brightness_pct: float = Field(ge=0, le=100)
    """0: off."""


class Switch(Payload):
    """Verb `switch` of `gpio/*`: be on or off until told otherwise. Harmless when repeated."""

    on: bool


class Pulse(Payload):
    """Verb `pulse` of `gpio/*`: on for `seconds`, then off. Tried at most once."""

    seconds: float = Field(gt=0, le=3600)


class SetValue(Payload):
    """Verb `write` of `modbus/*`: set one value of a unit, at most once, and answer with what the unit keeps then."""

    unit: str = Field(max_length=128)
    """The unit by its name in the file."""
    name: str = Field(max_length=128)
    """The value by its name there."""
    value: Scalar


class SetValues(Payload):
    """Verb `write_together` of `modbus/*`: set several values of a unit by one request, at most once, and answer with what the unit keeps
    then."""

    unit: str = Field(max_length=128)
    """The unit by its name in the file."""
    values: dict[str, Scalar] = Field(min_length=1, max_length=64)
    """What is set, by the names there: coils, or holding registers, that stand next to each other."""


class Write(Payload):
    """Verbs `write` and `write_once` of `serial/*`: write `text` (UTF-8) and then the port's line ending, or the bytes of `hex` alone.

    `write` may come twice after a crash; `write_once` is tried at most once.
    """

    text: str | None = Field(default=None, max_length=4096)
    hex: str | None = Field(default=None, max_length=16_384)
    """Bytes by two digits each, with or without something between them: `01 06 00 0a`, `01:06:00:0a`, `0106000a`."""

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if (self.text is None) == (self.hex is None):
            raise ValueError('say one of text and hex: text = "on" for a line of text, hex = "01 06 00 0a" for bytes')
        if self.hex is not None:
            bytes_of(self.hex)
        return self

    def frame(self, line_ending: str) -> bytes:
        """The bytes to write."""
        return bytes_of(self.hex) if self.hex is not None else f"{self.text}{line_ending}".encode()


def bytes_of(digits: str) -> bytes:
    """The bytes that hex digits say. Raises ValueError, with what to write."""
    words = [word.removeprefix("0x").removeprefix("0X") for word in re.split(r"[\s:,-]+", digits.strip()) if word]
    for word in words:
        if not re.fullmatch(r"[0-9A-Fa-f]+", word):
            raise ValueError(f'hex: {word[:40]!r} is no hex; write two digits a byte, as in "01 06 00 0a"')
        if len(word) % 2:
            raise ValueError(f'hex: {word[:40]!r} has half a byte; write two digits a byte, as in "01 06 00 0a"')
    if not words:
        raise ValueError('hex: there is no byte in it; write two digits a byte, as in "01 06 00 0a"')
    return bytes.fromhex("".join(words))


class TextLine(Payload):
    """Verb `line`: one line of text from a device, without its end."""

    text: str = Field(max_length=65536)


class Hold(Payload):
    """Verb `hold` of `clock/*`: this message stops there until its time, then goes on along its route with `body`.

    One of `until_ms`, `at` and `for_s` says when.
    """

    until_ms: int | None = Field(default=None, ge=0, le=LAST_MS)
    """Wall time, milliseconds since 1970."""
    at: str | None = Field(default=None, max_length=64)
    """Wall time in the clock's zone, `2026-01-01T07:00`; elsewhere with its offset, `2026-01-01T07:00+01:00`."""
    for_s: float | None = Field(default=None, ge=0, le=LAST_MS / 1000)
    """Seconds from `from_ms`; where that is not given, from when the stop before was left; without one, from when the clock
    first had it in its hands, which a restart of the gateway makes later. But for `from_ms` they pass on the gateway's own clock,
    whatever the wall clock is set to."""
    from_ms: int | None = Field(default=None, ge=0, le=LAST_MS)
    """Wall time from which `for_s` counts: `stage.now_ms` of the turn that sends it."""
    body: dict[str, JsonValue] = {}
    """The payload for the next stop. A text that is "{due_ms}" or "{late_s}" becomes that number: when it was to go on, and how much
    later it did."""

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        given = [name for name in ("until_ms", "at", "for_s") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"say one of until_ms, at and for_s, not {' and '.join(given) or 'none'}")
        return self


class Post(Payload):
    """Verb `post` of `webhook/*`: post `fields` as JSON, or `body` as it is. Repeated after a crash under the same message id."""

    body: str = Field(default="", max_length=262_144)
    fields: dict[str, JsonValue] = {}
    path: str = Field(default="", max_length=1024)
    """Follows the path of the webhook's url; it may bring a query."""
    content_type: str = Field(default="application/json", pattern=r"^[!#$&^_.+A-Za-z0-9-]+/[ -~]{1,127}$")


class Notify(Payload):
    """Verb `notify` of `webhook/*`: tell people something. A notice that comes along a route from `contacts/*` fits too."""

    subject: str = Field(default="", max_length=1024)
    text: str = Field(default="", max_length=65_536)
    fields: dict[str, JsonValue] = {}
    """Facts for programs."""
    user: str = ""
    group: str = ""
    recipients: list[dict[str, JsonValue]] = []
    """Whoever takes the post may tell them; the gateway posts to the webhook's url only."""
