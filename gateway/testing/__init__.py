"""What users test their own actors with: no daemon, a clock they turn, fakes that behave."""

from gateway.testing.bench import Bench, BenchDelivery, Sent
from gateway.testing.clock import ManualClock
from gateway.testing.rig import OUTSIDE, Rig
from gateway.testing.turns import Turns

__all__ = ["OUTSIDE", "Bench", "BenchDelivery", "ManualClock", "Rig", "Sent", "Turns"]
