"""Following: which fixes of a trip are believed, and how far the vehicle has come."""

from gateway.actors.vocabulary import Fix
from gateway.business.earth import Place, distance_m, elapsed_s
from gateway.business.trip.settings import TripSettings
from gateway.business.trip.state import TripState
from gateway.business.trip.way import Way

LATE_FACTOR = 3.0
"""A signal is lost after so many of the gaps that are usual between its fixes."""
NOWHERE = "it says latitude 0, longitude 0, as a receiver does that has no fix: give it a view of the sky, or wait until it has one"
_USUAL_AT_MOST_S = 7200.0
_GAPS = 2


def is_nowhere(fix: Fix) -> bool:
    """Whether a fix is what trackers say that have none: 0, 0 to the last digit, which is in the sea."""
    return fix.latitude_deg == 0 and fix.longitude_deg == 0


def repeats(here: Place, last: Place) -> bool:
    """Whether a fix has the same time as the last one, or an older time. Without times nobody can tell."""
    return 0 < here.at_ms <= last.at_ms


def lost_after_s(way: Way, settings: TripSettings) -> float:
    """After how many seconds without a fix the signal counts as lost: longer for a receiver that spoke seldom, twice in a row."""
    usual_s = min(*way.gaps_s, _USUAL_AT_MOST_S) if len(way.gaps_s) == _GAPS else 0.0
    return max(settings.phone_lost_after_s if way.phone else settings.lost_after_s, LATE_FACTOR * usual_s)


def heard(way: Way, before: Place | None, here: Place, *, phone: bool) -> Way:
    """The way after a believed fix, with how often its receiver speaks."""
    gaps_s = way.gaps_s if before is None else (*way.gaps_s, round(elapsed_s(before, here), 1))[-_GAPS:]
    same = gaps_s == way.gaps_s and phone is way.phone and way.laggard is None
    return way if same else way.changed(gaps_s=gaps_s, phone=phone, laggard=None)


def agrees(state: TripState, here: Place, settings: TripSettings) -> bool:
    """Whether a fix out of reach agrees with the last one that was out of reach: then both are believed."""
    return state.suspect is not None and not repeats(here, state.suspect) and in_reach(state.suspect, here, settings)


def in_reach(start: Place, here: Place, settings: TripSettings) -> bool:
    """Whether the vehicle can have come from one place to the other."""
    seconds = max(1.0, elapsed_s(start, here))  # fixes without a time may come in one burst
    slack_m = settings.min_move_m + start.accuracy_m + here.accuracy_m
    return distance_m(start, here) <= slack_m + settings.max_speed_mps * seconds


def noise_m(fix: Fix, settings: TripSettings) -> float:
    """How many metres a fix may be wrong by."""
    return max(settings.min_move_m * max(1.0, fix.hdop or 1.0), fix.accuracy_m or 0.0)


def moved(state: TripState, here: Place, fix: Fix, settings: TripSettings) -> tuple[Place, float]:
    """The new place that the distance is measured from, and the metres moved from the old one."""
    if state.anchor is None:
        return here, 0.0
    moved_m = distance_m(state.anchor, here)
    return (here, moved_m) if moved_m >= noise_m(fix, settings) else (state.anchor, 0.0)
