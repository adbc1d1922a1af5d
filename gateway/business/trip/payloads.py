"""What a trip is told and asked, from outside."""

import enum
import re
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field

from gateway.actors import Payload
from gateway.actors.vocabulary import Fix

LONGEST_GRACE_S = 7 * 86_400.0

_KMH_PER_MPS = 3.6
_OWNTRACKS_FIX = "location"
_OWNTRACKS_ENCRYPTED = "encrypted"
_OWNTRACKS_PLACES = ("transition", "waypoint")
"""What else has a lat and a lon: those of a place that was entered or is watched, not of the phone."""
_NO_PLACE = "its location has no lat and lon that are degrees; look at what publishes it"
_NO_TYPE = 'have what publishes it write "_type": "location", or map its fields to those of the verb position'
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?", re.ASCII)
_NUMBER_AT_MOST = 64
_LARGEST = 1e15
_NO_SECONDS = 1e11
"""Of a time from here on: as seconds it lies behind the year 5000, as milliseconds behind 1973."""
_ENCRYPTED = (
    "its OwnTracks app encrypts what it says, and the gateway cannot read that: take the encryption key out of the app's settings "
    "(Preferences, Connection, Encryption key), and have the broker speak TLS instead"
)


class BeginTrip(Payload):
    """Payload of the verb `begin` of a trip: begin a trip that only the holder of its token can move."""

    title: str = Field(default="", max_length=200)
    """For followers: "On my way home"."""
    grace_s: float | None = Field(default=None, gt=0, le=LONGEST_GRACE_S)
    """Seconds that the tracker may be lost until the trip ends by itself; None: as the configuration says."""


class Update(Fix):
    """Payload of the verb `update` of a trip: a fix, and the token that allows it."""

    token: str = Field(max_length=200)

    def fix(self) -> Fix:
        """The fix without the token: what may be kept and shown."""
        return Fix(**{name: value for name, value in self.__dict__.items() if name != "token"})


class TripEnding(Payload):
    """Payload of the verb `stop` of a trip: the token that allows it."""

    token: str = Field(default="", max_length=200)
    """The token, for a trip that was begun with one."""


class Wanted(Payload):
    """Payload of the verbs `gpx` and `geojson` of a trip: how many points the export holds."""

    most_points: int = Field(default=0, ge=0)
    """About so many points, evenly; 0: every one that is kept, some 100 bytes each. A broker may refuse what is too long for it."""


class Format(enum.Enum):
    """The format that an export is written in."""

    GPX = "gpx"
    GEOJSON = "geojson"


class Export(Payload):
    """An export on its way through the trip's path: each part of it adds its points."""

    format: Format
    most_points: int = 0
    points: str = ""
    """The points so far."""
    part: int = 0
    """The part that was being filled, and how many points it had: what comes after the question is not in the answer."""
    part_points: int = 0
    tail: str = ""
    """The points that were in no part yet."""


class PathPoints(Payload):
    """Payload of the verb `keep` of a part of a trip's path: some more points."""

    points: str
    """Points as text: see `line.py`."""
    count: int


class Gone(Payload):
    """Payload of the verb `gone` of `trips/*`: a trip that the house had begun is forgotten."""

    slug: str


class TripPage(Payload):
    """Payload of the verb `list` of `trips/*`: where the page begins."""

    after: str = Field(default="", max_length=128)
    """The last name of the page before."""
    most: int = Field(default=100, ge=1, le=500)


def _number(said: object) -> float | None:
    """What the app says as a number, also where it comes as a text; None where it says none: one odd field costs no place."""
    if isinstance(said, str):
        said = float(said) if len(said) <= _NUMBER_AT_MOST and _NUMBER.fullmatch(said.strip()) else None
    plain = isinstance(said, int | float) and not isinstance(said, bool) and abs(said) <= _LARGEST
    return float(said) if plain else None  # type: ignore[arg-type]  # it is a number by then


_Said = Annotated[float | None, BeforeValidator(_number)]


class OwnTracks(Payload):
    """Payload of the verb `owntracks` of a trip: what the OwnTracks app publishes, as it comes. What is no location is ignored.

    Other senders of the same form write their numbers as texts, or a time with fractions or in milliseconds.

    Source: OwnTracks booklet, "JSON".
    """

    model_config = ConfigDict(extra="ignore")

    type: str = Field(default="", validation_alias=AliasChoices("_type", "type"))
    lat: _Said = None
    lon: _Said = None
    tst: _Said = None
    """Seconds since 1970."""
    acc: _Said = None
    """Metres."""
    alt: _Said = None
    vel: _Said = None
    """Kilometres per hour."""
    cog: _Said = None
    token: str = Field(default="", max_length=200)
    """Not OwnTracks' own: for a trip that has one, added by whatever stands between."""

    @property
    def fault(self) -> str:
        """Why what the app said cannot be used although it may be a location, and what to do; empty where it can be used."""
        if self.type == _OWNTRACKS_ENCRYPTED:
            return _ENCRYPTED
        if self.type == _OWNTRACKS_FIX:
            return _NO_PLACE if self._place is None else ""
        odd = self._place is not None and self.type not in _OWNTRACKS_PLACES
        return f"it says a lat and a lon, and its _type is {self.type[:_NUMBER_AT_MOST]!r}: {_NO_TYPE}" if odd else ""

    def fix(self) -> Fix | None:
        """The fix in what the app said; None where there is none. iOS says -1 for what it does not know."""
        place = self._place
        if self.type != _OWNTRACKS_FIX or place is None:
            return None
        speed = _known(self.vel)
        return Fix(
            latitude_deg=place[0],
            longitude_deg=place[1],
            at_ms=self._at_ms,
            speed_mps=None if speed is None else round(speed / _KMH_PER_MPS, 2),
            heading_deg=heading if (heading := _known(self.cog)) is not None and heading <= 360 else None,
            altitude_m=self.alt,
            accuracy_m=_known(self.acc),
        )

    @property
    def _place(self) -> tuple[float, float] | None:
        """Latitude and longitude, degrees; None where they are none."""
        lat, lon = self.lat, self.lon
        return (lat, lon) if lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180 else None

    @property
    def _at_ms(self) -> int:
        """When the phone was there, milliseconds since 1970; 0: it does not say."""
        said = _known(self.tst) or 0.0
        return round(said if said >= _NO_SECONDS else said * 1000)


def _known(value: float | None) -> float | None:
    return value if value is not None and value >= 0 else None
