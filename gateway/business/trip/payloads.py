"""What a trip is told and asked, from outside."""

import enum

from pydantic import AliasChoices, ConfigDict, Field

from gateway.actors import Payload
from gateway.actors.vocabulary import Fix

LONGEST_GRACE_S = 7 * 86_400.0

_KMH_PER_MPS = 3.6
_OWNTRACKS_FIX = "location"
_OWNTRACKS_ENCRYPTED = "encrypted"
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


class OwnTracks(Payload):
    """Payload of the verb `owntracks` of a trip: what the OwnTracks app publishes, as it comes. What is no location is ignored.

    Source: OwnTracks booklet, "JSON".
    """

    model_config = ConfigDict(extra="ignore")

    type: str = Field(default="", validation_alias=AliasChoices("_type", "type"))
    lat: float | None = None
    lon: float | None = None
    tst: int | None = None
    """Seconds since 1970."""
    acc: float | None = None
    """Metres."""
    alt: float | None = None
    vel: float | None = None
    """Kilometres per hour."""
    cog: float | None = None
    token: str = Field(default="", max_length=200)
    """Not OwnTracks' own: for a trip that has one, added by whatever stands between."""

    @property
    def fault(self) -> str:
        """Why what the app said cannot be used although it may be a location, and what to do; empty where it can be used."""
        return _ENCRYPTED if self.type == _OWNTRACKS_ENCRYPTED else ""

    def fix(self) -> Fix | None:
        """The fix in what the app said; None where there is none. iOS says -1 for what it does not know."""
        if self.type != _OWNTRACKS_FIX or self.lat is None or self.lon is None or not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            return None
        speed = _known(self.vel)
        return Fix(
            latitude_deg=self.lat,
            longitude_deg=self.lon,
            at_ms=max(0, self.tst or 0) * 1000,
            speed_mps=None if speed is None else round(speed / _KMH_PER_MPS, 2),
            heading_deg=heading if (heading := _known(self.cog)) is not None and heading <= 360 else None,
            altitude_m=self.alt,
            accuracy_m=_known(self.acc),
        )


def _known(value: float | None) -> float | None:
    return value if value is not None and value >= 0 else None
