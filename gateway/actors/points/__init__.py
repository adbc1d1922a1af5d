"""Points: what the values of devices are, and how the fields of a message become values. Pure.

Who writes a device says its points, or takes a table `values` into its settings (`ValueSettings`) and reads messages by it
(`ValueMapping`); who reads values finds them in `Points`.
"""

from gateway.actors.points.keys import Keys, as_key
from gateway.actors.points.mapping import Mapped, ValueMapping, flat
from gateway.actors.points.point import Given, Point, ValueType, seen_point
from gateway.actors.points.points import Points
from gateway.actors.points.settings import ValueSettings, ValueTable, check_values, points_of

__all__ = [
    "Given",
    "Keys",
    "Mapped",
    "Point",
    "Points",
    "ValueMapping",
    "ValueSettings",
    "ValueTable",
    "ValueType",
    "as_key",
    "check_values",
    "flat",
    "points_of",
    "seen_point",
]
