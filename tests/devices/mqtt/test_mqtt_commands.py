"""Commands over MQTT that the configuration does not allow: refused, counted, and answered in words."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.brokers import Mosquitto, Peer

Connect = Callable[..., Any]
SAID = "cannot send 'forget' to twin/boiler: mqtt.main.commands does not have it; add 'twin/boiler@forget' there"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_is_not_allowed_is_refused_in_words(
    mosquitto: Mosquitto, connect: Connect, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    """To whoever asks and for who looks; each is counted, and the log has one line a minute. What is allowed goes on."""
    commands = ["toggle/*", "twin/*@report"]
    caplog.set_level(logging.WARNING)
    with connect(mosquitto.port, protocol=protocol, commands=commands) as gateway, Peer(mosquitto.port, v5=False) as peer:
        gateway.until_subscribed()
        peer.listen("gw/#")
        for _ in range(9):
            peer.publish("gw/tell/twin/boiler/forget", b"{}")
        peer.publish("gw/ask/twin/boiler/forget/me", b"{}")
        peer.until(lambda: peer.payloads("gw/reply/me"))
        answer = json.loads(peer.payloads("gw/reply/me")[0])
        assert (answer["ok"], answer["reason"]) == (False, SAID)
        peer.publish("gw/tell/twin/boiler/report", b"{}")
        peer.publish("gw/tell/toggle/hall/pressed", b"{}")
        gateway.until(lambda: len(gateway.handled) == 2)
        assert [to for to, _, _ in gateway.handled] == ["twin/boiler", "toggle/hall"]
        refused = peer.until(lambda: (found := peer.payloads("gw/refused")) and len(found) == 10 and found)
        assert {json.loads(one)["reason"] for one in refused} == {SAID}
        assert gateway.counters["forbidden"] == 10
    assert len([one for one in caplog.records if SAID in one.message]) == 1


def test_what_a_subscription_says_is_no_command(mosquitto: Mosquitto, connect: Connect) -> None:
    """The list is about who may publish below tell and ask; the tables of the file are the owner's own."""
    subscribe = [{"topic": "bell", "to": "gpio/lamp", "verb": "switch"}]
    with connect(mosquitto.port, commands=["toggle/*"], subscribe=subscribe) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("bell", b'{"on": true}')
        gateway.until(lambda: gateway.handled)
        assert gateway.handled[0][:2] == ("gpio/lamp", "switch")
