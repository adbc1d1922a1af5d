"""The payloads that rooms share: what devices and business actors say to each other.

Source: names and units follow the W3C Geolocation API and SenML (RFC 8428) where they have a word.
"""

import enum

from pydantic import Field

from gateway.actors.messages import Payload

Scalar = bool | int | float | str


class Quality(enum.Enum):
    """How far a reading can be trusted."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


class Publish(Payload):
    """Verb `publish` of `mqtt/*`: publish `body` (text) under `topic`. Repeated after a crash under the same message id."""

    topic: str = Field(min_length=1, max_length=1024)
    body: str = ""
    retain: bool = False
    qos: int = Field(default=1, ge=0, le=1)
    expires_s: int = Field(default=0, ge=0)
    """Seconds after which the broker drops it (MQTT 5 only); 0: never."""


class Report(Payload):
    """Verb `report` of a twin: what a device says of itself at one moment."""

    values: dict[str, Scalar] = Field(min_length=1, max_length=64)
    units: dict[str, str] = {}
    """Unit of a value by its name, as in SenML: `Cel`, `V`, `m/s`, `%RH`."""
    at_ms: int = Field(default=0, ge=0)
    """The device's own wall time, milliseconds since 1970; 0: it has none, take the gateway's."""
    quality: Quality = Quality.GOOD


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


class Pressed(Payload):
    """Verb `pressed`: a button went down (or another input became active)."""

    count: int = Field(default=1, ge=1)
    """How many presses this stands for; above 1 where a burst was coalesced."""


class Switch(Payload):
    """Verb `switch` of `gpio/*`: be on or off until told otherwise. Harmless when repeated."""

    on: bool


class Pulse(Payload):
    """Verb `pulse` of `gpio/*`: on for `seconds`, then off. Tried at most once."""

    seconds: float = Field(gt=0, le=3600)


class Write(Payload):
    """Verb `write` of `serial/*`: write `text` (UTF-8) and then the port's line ending."""

    text: str = Field(max_length=4096)


class Line(Payload):
    """Verb `line`: one line of text from a device, without its end."""

    text: str = Field(max_length=65536)
