"""Following: which fixes of a trip are believed, and how far the vehicle has come."""

from gateway.actors.vocabulary import Fix
from gateway.business.earth import Place, distance_m, elapsed_s
from gateway.business.trip.settings import TripSettings
from gateway.business.trip.state import TripState

CORRECTED_MS = 86_400_000
"""A fix older than the last one by more than this is no late one: the receiver's clock has been corrected."""


def repeats(here: Place, last: Place) -> bool:
    """Whether a fix is the last one again, or an older one that comes late. Without times nobody can tell."""
    return bool(here.at_ms and last.at_ms) and last.at_ms - CORRECTED_MS <= here.at_ms <= last.at_ms


def agrees(state: TripState, here: Place, settings: TripSettings) -> bool:
    """Whether a fix that is out of reach says the same as the last one that was: then both are believed."""
    return state.suspect is not None and not repeats(here, state.suspect) and in_reach(state.suspect, here, settings)


def in_reach(start: Place, here: Place, settings: TripSettings) -> bool:
    """Whether the vehicle can have come from one place to the other."""
    seconds = max(1.0, elapsed_s(start, here))  # fixes without a time may come in one burst
    slack_m = settings.min_move_m + start.accuracy_m + here.accuracy_m
    return distance_m(start, here) <= slack_m + settings.max_speed_mps * seconds


def noise_m(fix: Fix, settings: TripSettings) -> float:
    """Metres by which a fix may be off."""
    return max(settings.min_move_m * max(1.0, fix.hdop or 1.0), fix.accuracy_m or 0.0)


def moved(state: TripState, here: Place, fix: Fix, settings: TripSettings) -> tuple[Place, float]:
    """The new anchor, and the metres from the old one."""
    if state.anchor is None:
        return here, 0.0
    moved_m = distance_m(state.anchor, here)
    return (here, moved_m) if moved_m >= noise_m(fix, settings) else (state.anchor, 0.0)
