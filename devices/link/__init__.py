"""Links: what every device shares, its life. A device of one's own is a `Polled`, or a `Link`.

from devices.link import Faulty, Link, Missing, Polled, PolledSettings
"""

from devices.link.faults import Faulty, LinkFault, Missing
from devices.link.link import ACT_WITHIN_S, ActWithin, Link
from devices.link.polled import Polled, PolledSettings, Values

__all__ = ["ACT_WITHIN_S", "ActWithin", "Faulty", "Link", "LinkFault", "Missing", "Polled", "PolledSettings", "Values"]
