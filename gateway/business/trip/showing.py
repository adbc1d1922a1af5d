"""What others can see of a trip: where it is, how it stands, and how far it has come. Pure."""

from gateway.actors.points import Point, ValueType
from gateway.actors.points.shown import ShownDevice
from gateway.business.trip.settings import TripSettings
from gateway.business.trip.state import TripPhase

_AT, _STATUS = "/position", "/status"
_LENGTH = Point(
    name="length_m",
    type=ValueType.NUMBER,
    unit="m",
    device_class="distance",
    state_class="total_increasing",
    path=("length_m",),
    under=_AT,
    precision=0,
)


def device_of_trip(id: str, settings: TripSettings) -> ShownDevice:
    """What a trip has to show, once it has been somewhere."""
    phases = tuple(phase.value for phase in TripPhase)
    points = (
        Point(name="place", type=ValueType.PLACE, under=_AT),
        Point(name="phase", type=ValueType.TEXT, path=("phase",), under=_STATUS, options=phases),
        _LENGTH,
    )
    return ShownDevice(id=id, topic=settings.topic_of(id), by=settings.publish_to, points=points, model="trip")
