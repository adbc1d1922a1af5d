"""Trips: where vehicles and people are, how far they came and which way; and the house that begins shared ones."""

from gateway.business.trip.house import Trips, TripsState
from gateway.business.trip.path import Path
from gateway.business.trip.settings import TripSettings, TripsSettings
from gateway.business.trip.state import EndedBy, TripPhase, TripState
from gateway.business.trip.trip import Trip

__all__ = ["EndedBy", "Path", "Trip", "TripPhase", "TripSettings", "TripState", "Trips", "TripsSettings", "TripsState"]
