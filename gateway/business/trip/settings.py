"""What trips take from the configuration."""

from pydantic import Field, field_validator

from gateway.actors import Settings
from gateway.business.publishing import Publishing
from gateway.business.trip.payloads import LONGEST_GRACE_S


class TripSettings(Publishing):
    """Section `[actors.trip]`."""

    topic: str = Field(default="{prefix}/trip/{key}", max_length=500)
    """Above `/position` and `/status`."""
    lost_after_s: float = Field(default=30.0, gt=0)
    """Seconds without a believable fix after which the signal counts as lost; longer where fixes come less often."""
    phone_lost_after_s: float = Field(default=2400.0, gt=0)
    """The same for phones with OwnTracks: they say where they are every few minutes, and at rest each half an hour."""
    grace_s: float = Field(default=1800.0, gt=0, le=LONGEST_GRACE_S)
    """Seconds that a trip with a token may be lost until it ends by itself, unless it was begun with other ones."""
    kept_s: float = Field(default=604_800.0, ge=0)
    """Seconds after its end in which a trip with a token can still be read; then it is forgotten, on the broker too. 0: never."""
    min_move_m: float = Field(default=5.0, ge=0)
    """Metres that count as movement where the dilution (hdop) is 1 or better; times the hdop where it is worse."""
    max_speed_mps: float = Field(default=100.0, gt=0)
    """Metres per second that the vehicle cannot exceed; what it would have had to is a jump."""
    path_tolerance_m: float = Field(default=5.0, ge=0)
    """Metres by which the path that is kept may be off the fixes; more where they are less accurate themselves. 0: none is kept."""


class TripsSettings(Settings):
    """Section `[actors.trips]`."""

    most: int = Field(default=1000, ge=1, le=10_000)
    """Trips that one house may have begun and not forgotten; more are refused."""
    link: str = Field(default="", max_length=500)
    """Where followers look, for the answer to who begins a trip: "https://example.com/#{slug}". Empty: no link is made."""

    @field_validator("link")
    @classmethod
    def _has_the_slug(cls, link: str) -> str:
        if link and "{slug}" not in link:
            raise ValueError(f"cannot use {link!r} as a link: write {{slug}} where the trip's name goes")
        return link
