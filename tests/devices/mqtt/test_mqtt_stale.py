"""Subscriptions that were taken out of the file: the broker's session does not keep them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.brokers import Mosquitto, Peer

Connect = Callable[..., Any]
NEW, OLD = ({"topic": f"{name}/+", "to": "toggle/hall", "verb": "pressed"} for name in ("new", "old"))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("killed", [False, True])
def test_a_subscription_that_was_taken_out_is_unsubscribed(mosquitto: Mosquitto, connect: Connect, protocol: str, killed: bool) -> None:
    """Whether the gateway before it was stopped or killed; and then it is forgotten."""
    with connect(mosquitto.port, protocol=protocol, subscribe=[NEW, OLD], killed=killed) as gateway:
        gateway.until_subscribed()
    before = gateway.remembered
    assert "old/+" in before
    after = connect(mosquitto.port, protocol=protocol, subscribe=[NEW])
    after.remembered = before
    with after, Peer(mosquitto.port) as peer:
        after.until_subscribed()
        after.until(lambda: "old/+" not in after.remembered)
        peer.publish("old/x", b"{}")
        peer.publish("new/x", b"{}")
        after.until(lambda: after.handled)
        assert (after.handled, after.counters["refused"]) == ([("toggle/hall", "pressed", b"{}")], 0)


def test_a_subscription_that_stands_with_other_options_is_made_anew_once(mosquitto: Mosquitto, connect: Connect) -> None:
    """mosquitto leaves the options of one that stands as they were: who held the session before did not ask what the broker keeps."""
    with connect(mosquitto.port, protocol="3.1.1") as gateway:
        gateway.until_subscribed()
    before = gateway.remembered
    for nth in (1, 2):
        after = connect(mosquitto.port)
        after.remembered = before
        with after, Peer(mosquitto.port) as peer:
            after.until_subscribed()
            peer.publish(f"gw/tell/servo/{nth}/rest", "{}", retain=True)
            peer.publish(f"gw/tell/servo/{nth}/rest", "", retain=True)
            peer.publish(f"gw/tell/servo/{nth}/rest", "")
            after.until(partial(getattr, after, "handled"))
            assert (after.handled, after.counters["retained"]) == ([(f"servo/{nth}", "rest", b"")], 1)
        before = after.remembered
        assert sum("Received UNSUBSCRIBE from gateway" in line for line in mosquitto.log) == 1


def test_a_filter_is_on_disk_before_it_is_at_the_broker(mosquitto: Mosquitto, connect: Connect) -> None:
    """While the disk takes its time there is no connection."""
    gateway = connect(mosquitto.port, subscribe=[NEW])
    written: list[Callable[[], None]] = []
    gateway.remember = lambda text, *, then: written.append(then)
    with gateway:
        gateway.until(lambda: written)
        assert gateway.phases == []
        written[0]()
        gateway.until_subscribed()
