"""Limits: what a broker says in its CONNACK that it does not bear, and what that makes of what we send.

Source: OASIS MQTT Version 5.0, section 3.2.2.3.
"""

from typing import Any, NamedTuple

from devices.mqtt.packets import fixed_header

_RETAIN, _QOS = 0x01, 0x06


class Limits(NamedTuple):
    """What one connection may be asked for. MQTT 3.1.1 has no word for a limit, so there everything is borne."""

    receive_maximum: int = 65535
    max_packet_bytes: int = 0
    """0: any."""
    max_qos: int = 2
    retains: bool = True
    wildcards: bool = True
    shared: bool = True
    subscription_ids: bool = True

    @property
    def said(self) -> str:
        """What is missing, and what comes of it, for people; empty where nothing is."""
        missing = [
            (self.max_qos > 0, "takes no QoS 1, so what it loses is lost"),
            (self.retains, "keeps no retained messages, so who comes later does not see the last values"),
            (self.wildcards, "takes no filter with + or #, so the gateway hears no commands"),
        ]
        lacks = [words for has, words in missing if not has]
        return f"; the broker {', and '.join(lacks)}" if lacks else ""

    @property
    def is_short(self) -> bool:
        """Whether publishes must be made smaller for this broker."""
        return not self.max_qos or not self.retains

    def takes(self, topic_filter: str) -> bool:
        """Whether one can subscribe to a filter here."""
        wild = any(level in {"+", "#"} for level in topic_filter.split("/"))
        return (self.wildcards or not wild) and (self.shared or not topic_filter.startswith("$share/"))

    def borne(self, head: bytes, tail: bytes, qos: int) -> tuple[bytes, bytes, int]:
        """A publish as (head, tail, QoS), as this broker bears it: see `packets.publish`."""
        first = head[0]
        if not self.retains:
            first &= ~_RETAIN
        if self.max_qos or not qos:
            return bytes((first,)) + head[1:], tail, qos
        start = next(at for at in range(1, 5) if head[at] < 0x80) + 1
        return fixed_header(first & ~_QOS, len(head) - start + len(tail)) + head[start:], tail, 0


def limits_of(properties: Any) -> Limits:
    """The limits in a CONNACK, by the properties that paho read; none on MQTT 3.1.1."""
    return Limits(
        receive_maximum=getattr(properties, "ReceiveMaximum", 65535),
        max_packet_bytes=getattr(properties, "MaximumPacketSize", 0),
        max_qos=getattr(properties, "MaximumQoS", 2),
        retains=bool(getattr(properties, "RetainAvailable", 1)),
        wildcards=bool(getattr(properties, "WildcardSubscriptionAvailable", 1)),
        shared=bool(getattr(properties, "SharedSubscriptionAvailable", 1)),
        subscription_ids=bool(getattr(properties, "SubscriptionIdentifierAvailable", 1)),
    )
