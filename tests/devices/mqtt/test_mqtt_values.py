"""What other people's devices publish becomes a report: by codec, table of values and the name in the topic, over a real broker."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.vocabulary import Quality, Report
from gateway.config import ConfigProblems, read
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.conftest import Gateway

Connect = Callable[..., Gateway]

# One message each as these devices send it, with values made up here.
ZIGBEE = {"battery": 87, "contact": True, "linkquality": 120, "temperature": 21.37, "update": {"state": "idle", "installed_version": 3}}
TASMOTA = {
    "Time": "2030-01-02T03:04:05",
    "ENERGY": {"Total": 12.345, "Power": 61, "Voltage": 231},
    "DS18B20": {"Id": "0316A4", "Temperature": 19.6},
    "TempUnit": "C",
}
SHELLY = {"id": 0, "output": True, "apower": 61.4, "aenergy": {"total": 731.5, "by_minute": [1.5, 2.25, 0]}, "temperature": {"tC": 41.2}}


def test_a_zigbee2mqtt_sensor(mosquitto: Mosquitto, connect: Connect) -> None:
    """Topic and actor are enough; a name that people gave becomes a key, and is kept."""
    with connect(mosquitto.port, subscribe=[{"topic": "zigbee2mqtt/+", "to": "twin/{1}"}]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("zigbee2mqtt/Küche Fenster", json.dumps(ZIGBEE))
        gateway.until(lambda: gateway.handled)
        flat = {**ZIGBEE, "update.state": "idle", "update.installed_version": 3}
        del flat["update"]
        assert gateway.handled == [("twin/Kueche_Fenster", "report", Report(values={"name": "Küche Fenster", **flat}))]


def test_a_tasmota_plug(mosquitto: Mosquitto, connect: Connect) -> None:
    """The nested fields of its telemetry have names, units and ranges of one's own."""
    table = {"power_w": "ENERGY.Power", "energy_kwh": "ENERGY.Total", "temperature_c": {"from": "DS18B20.Temperature", "valid": [-20, 15]}}
    subscription = {"topic": "tele/+/SENSOR", "to": "twin/{1}", "values": table, "unmapped": "ignore"}
    with connect(mosquitto.port, subscribe=[subscription]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("tele/plug-1/SENSOR", json.dumps(TASMOTA))
        gateway.until(lambda: gateway.handled and gateway.counters["bad_values"])
        values = {"power_w": 61, "energy_kwh": 12.345, "temperature_c": 19.6}
        assert gateway.handled == [("twin/plug-1", "report", Report(values=values, qualities={"temperature_c": Quality.BAD}))]


def test_a_shelly(mosquitto: Mosquitto, connect: Connect) -> None:
    """Items of lists have numbers."""
    subscription = {"topic": "+/status/switch:0", "to": "twin/{1}", "values": {"power_w": "apower", "last_wh": "aenergy.by_minute.1"}}
    with connect(mosquitto.port, subscribe=[subscription]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("shellyplus-a/status/switch:0", json.dumps(SHELLY))
        gateway.until(lambda: gateway.handled)
        ((to, _, report),) = gateway.handled
        assert (to, report.values["power_w"], report.values["last_wh"]) == ("twin/shellyplus-a", 61.4, 2.25)
        assert (report.values["temperature.tC"], "apower" in report.values) == (41.2, False)


def test_bare_numbers_and_words(mosquitto: Mosquitto, connect: Connect) -> None:
    """A bare 21.5 and a bare ON become values; what they are called may stand in the topic, as ESPHome has it."""
    subscriptions = [
        {"topic": "+/sensor/+/state", "to": "twin/{1}", "codec": "number", "value": "{2}"},
        {"topic": "+/binary_sensor/+/state", "to": "twin/{1}", "codec": "onoff", "value": "{2}"},
        {"topic": "loose/+", "to": "twin/{1}", "codec": "number"},
    ]
    with connect(mosquitto.port, subscribe=subscriptions) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("bath/sensor/humidity_pct/state", "61.5")
        peer.publish("bath/binary_sensor/window/state", "ON")
        peer.publish("loose/t", "21.5")
        gateway.until(lambda: len(gateway.handled) == 3)
        assert gateway.handled == [
            ("twin/bath", "report", Report(values={"humidity_pct": 61.5})),
            ("twin/bath", "report", Report(values={"window": True})),
            ("twin/t", "report", Report(values={"value": 21.5})),
        ]


@pytest.mark.parametrize(
    ("codec", "payload", "why"),
    [
        ("json", b"21.5", "cannot read the payload as JSON: it holds a number, not an object"),
        ("number", b"unavailable", "cannot read a number: the text has none"),
        ("onoff", b"ajar", "cannot read a word as on or off: it is 'ajar'"),
        ("json", b" ", "cannot read the payload as JSON: EOF"),
    ],
)
def test_what_a_codec_cannot_read_is_refused(codec: str, payload: bytes, why: str, mosquitto: Mosquitto, connect: Connect) -> None:
    """It is acknowledged, changes nothing, and the words say what was seen."""
    with connect(mosquitto.port, subscribe=[{"topic": "x/+", "to": "twin/{1}", "codec": codec}]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("gw/refused")
        peer.publish("x/a", payload)
        assert why in peer.until(lambda: peer.payloads("gw/refused"))[0].decode()
        assert gateway.handled == []


def test_a_value_whose_name_comes_twice_is_told_of(mosquitto: Mosquitto, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """The rest of the report is taken, as is the first of the two."""
    with (
        caplog.at_level(logging.WARNING),
        connect(mosquitto.port, subscribe=[{"topic": "x", "to": "twin/x"}]) as gateway,
        Peer(mosquitto.port) as peer,
    ):
        gateway.until_subscribed()
        peer.publish("x", '{"a.b": 2, "a": {"b": 3, "c": 4}}')
        gateway.until(lambda: gateway.counters["bad_values"])
        gateway.until(lambda: gateway.handled)
        assert [payload.values for _, _, payload in gateway.handled] == [{"a.b": 2, "a.c": 4}]
    assert "a value that is bad, under x: a.b: it comes twice" in caplog.text


@pytest.mark.parametrize("more", [{}, {"codec": "number"}, {"codec": "text"}, {"values": {"t": {}}}])
def test_an_empty_message_is_no_report(more: dict[str, Any], mosquitto: Mosquitto, connect: Connect) -> None:
    """It clears what the broker has kept, as zigbee2mqtt and Home Assistant have it: it is counted, and nobody is told of a refusal."""
    with connect(mosquitto.port, subscribe=[{"topic": "x/+", "to": "twin/{1}", **more}]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("x/a", b"")
        gateway.until(lambda: gateway.counters["empty"])
        assert (gateway.counters["refused"], gateway.handled) == (0, [])


def test_two_names_of_one_key_are_not_mixed(mosquitto: Mosquitto, connect: Connect) -> None:
    """The first name of a key has it; the other one is refused, under whichever topic it comes."""
    subscriptions = [{"topic": "a/+", "to": "twin/{1}", "codec": "number"}, {"topic": "b/+", "to": "twin/{1}", "codec": "number"}]
    with connect(mosquitto.port, subscribe=subscriptions) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("gw/refused")
        for topic in ("a/Tür", "b/Tuer", "b/Tür"):
            peer.publish(topic, "1")
        gateway.until(lambda: len(gateway.handled) == 2)
        assert [(to, payload.values["name"]) for to, _, payload in gateway.handled] == [("twin/Tuer", "Tür"), ("twin/Tuer", "Tür")]
        assert b"its key Tuer is already that of 'T" in peer.until(lambda: peer.payloads("gw/refused"))[0]


def test_a_message_of_which_all_is_ignored_is_acknowledged(mosquitto: Mosquitto, connect: Connect) -> None:
    """Nothing is reported, and the broker does not bring it again."""
    subscription = {"topic": "x", "to": "twin/x", "values": {"t": {"ignore": [85]}}, "unmapped": "ignore"}
    with connect(mosquitto.port, subscribe=[subscription]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        for t in (85, 20):
            peer.publish("x", json.dumps({"t": t}))
        gateway.until(lambda: gateway.handled)
        assert ([payload.values for _, _, payload in gateway.handled], gateway.counters["ignored_values"]) == ([{"t": 20}], 1)


def test_a_bad_value_is_said_once_while_it_waits(mosquitto: Mosquitto, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A message that has to wait for room is read again, and its remarks are counted when it goes."""
    subscription = {"topic": "x", "to": "twin/x", "codec": "number", "values": {"value": {"valid": [0, 5]}}}
    with caplog.at_level(logging.WARNING), connect(mosquitto.port, subscribe=[subscription]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        gateway.full = True
        peer.publish("x", "9")
        gateway.until(lambda: gateway.actor._inbox.pending)
        gateway.full = False
        gateway.until(lambda: gateway.handled)
        gateway.until(lambda: gateway.counters["bad_values"])
        assert gateway.counters["bad_values"] == 1
    assert "mqtt/main: a value that is bad, under x: value: 9 is not within 0 to 5" in caplog.text


SECTION = """[mqtt.main]
[[mqtt.main.subscribe]]
topic = "a/+"
to = "twin/{1}"
"""


def test_two_lines_are_enough(tmp_path: Path) -> None:
    """Topic and actor: the rest has defaults, and the table of values says points of every twin that may be."""
    path = tmp_path / "gateway.toml"
    path.write_text(SECTION + "[mqtt.main.subscribe.values]\nt_c = 'T'\n")
    ((to, (point,)),) = read(path).points
    assert (to, point.name, point.unit) == ("twin/{1}", "t_c", "°C")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('codec = "jsn"', "5:9   mqtt.main.subscribe[0].codec: there is no codec 'jsn'; did you mean 'json'?"),
        (
            'value = "{2}"',
            "cannot use '{2}' as the name of a value for 'a/+': {2} stands for nothing here; use {1}",
        ),
        (
            '[[mqtt.main.subscribe]]\ntopic = "tele/plug/SENSOR"\nto = "twin/{1}"',
            "7:6   mqtt.main.subscribe[1].to: {1} stands for a + of the topic, and 'tele/plug/SENSOR' has none; "
            "write + in the place of a level of it, or no {} here",
        ),
        ('verb = "position"\nunmapped = "ignore"', "6:12   mqtt.main.subscribe[0].unmapped: is for reports, and this sends 'position'"),
        ("values = {t_c = {valyd = [1, 2]}}", "5:26   mqtt.main.subscribe[0].values.t_c.valyd: no such key; did you mean 'valid'?"),
        (
            'values = {t = {class = "voltage"}}',
            "5:15   mqtt.main.subscribe[0].values.t.unit: the class voltage needs a unit; write V",
        ),
        ('verb = "reprt"', "4:6   mqtt.main.subscribe[0].to: cannot send 'reprt' to twin: it has no such verb; did you mean 'report'?"),
    ],
)
def test_a_mistake_is_told_where_it_stands(more: str, problem: str, tmp_path: Path) -> None:
    """`gateway check` names the line, the column and what to write."""
    path = tmp_path / "gateway.toml"
    path.write_text(f"{SECTION}{more}\n")
    with pytest.raises(ConfigProblems) as caught:
        read(path)
    assert problem in str(caught.value)
