"""Subscribing: what a connection asks the broker for, and what the broker has said of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devices.mqtt.faults import why_weaker
from devices.mqtt.filters import Filter
from devices.mqtt.limits import Limits
from devices.mqtt.remembered import RememberedFilters
from gateway.actors import Host

if TYPE_CHECKING:
    from devices.mqtt.link import BrokerLink


class Subscribing:
    """The subscriptions of one connection. On its thread."""

    def __init__(self, host: Host, filters: Sequence[Filter], link: "BrokerLink", *, before: "Subscribing | None" = None) -> None:
        """Write down what of `filters` is new. `link` is where to subscribe; `before` says what stands there already, where it is open."""
        self._host = host
        self._link = link
        self._limits = Limits()
        self._wanted: Sequence[Filter] = ()
        """What we subscribe to at this broker."""
        self._asked: Sequence[Filter] = ()
        self._denied: Sequence[Filter] = ()
        self._weaker: set[str] = set()
        """The filters that the broker took at a lower QoS than we asked for."""
        self.want(filters)
        if before is not None:
            self._limits, self._wanted, self._weaker = before._limits, before.taken, before._weaker  # its own class

    def want(self, filters: Sequence[Filter]) -> None:
        """Want other filters from now on; `must_mend` says that they are to be subscribed to, where the connection is open."""
        self._filters = filters
        self._remembered = RememberedFilters(self._host, filters)
        self.must_mend = True

    @property
    def is_written(self) -> bool:
        """Whether what we subscribe to is on disk; before that, a filter could be forgotten that the broker keeps for us."""
        return self._remembered.is_written

    @property
    def taken(self) -> list[Filter]:
        """The filters that the broker has taken."""
        return [one for one in self._wanted if one not in self._denied]

    @property
    def said(self) -> str:
        """What of it stands, for people."""
        weaker = why_weaker(sorted(self._weaker)) if self._limits.max_qos else ""  # else that is said of all
        return f"subscribed to {len(self._wanted)} filters{self._limits.said}{weaker}"

    def begin(self, limits: Limits, *, session_present: bool) -> bool:
        """Subscribe to all on a connection that was just opened; return whether there is anything to subscribe to."""
        self._weaker.clear()
        if not session_present:
            self._remembered.strike_out()
        return self._mend(limits, (), holds=session_present)

    def mend(self) -> bool:
        """Subscribe, on a connection that is open, to what does not stand yet; return whether there is anything to subscribe to."""
        self._weaker &= {one.topic for one in self._filters}
        return self._mend(self._limits, self.taken, holds=True)

    def try_again(self) -> None:
        """Subscribe again to what was denied."""
        self._ask(self._denied)

    def answered(self, codes: Sequence[int]) -> list[tuple[str, int]]:
        """Take the broker's answer; return each filter that it denied, with its reason."""
        answers = list(zip(self._asked, codes, strict=False))
        self._denied = [one for one, code in answers if code >= 0x80]
        self._remembered.confirmed(one for one, code in answers if code < 0x80)
        self._weaker |= {one.topic for one, code in answers if code < one.qos}
        return [(one.topic, code) for one, code in answers if code >= 0x80]

    def unsubscribed(self) -> None:
        """Note that what nobody wants any more is over."""
        self._remembered.strike_out()

    def _mend(self, limits: Limits, taken: Sequence[Filter], *, holds: bool) -> bool:
        """Subscribe to what is wanted and not `taken`; `holds`: our session at the broker may have filters, with other options perhaps."""
        self.must_mend = False
        self._limits = limits
        self._wanted = [one for one in self._filters if limits.takes(one.topic)]
        self._denied = ()
        missing = [one for one in self._wanted if one not in taken]
        anew = [one.topic for one in missing if holds and self._remembered.stands_otherwise(one)]
        self._link.unsubscribe([*self._remembered.stale, *anew])
        self._ask(missing)
        return bool(missing)

    def _ask(self, filters: Sequence[Filter]) -> None:
        self._asked = filters
        self._link.subscribe(filters, by_id=self._limits.subscription_ids)
