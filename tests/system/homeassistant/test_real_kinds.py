"""Tests of every kind of thing against a real Home Assistant: class, unit, state and command of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto, Peer
from tests.daemons import DaemonProcess
from tests.system.homeassistant.judge import Judge
from tests.system.homeassistant.touching import announced, ours, publish, says

TEXT = """[mqtt.main]
host = "127.0.0.1"
port = {port}
prefix = "gateway/pi"
reconnect_min_s = 0.1
[gpio.lamp]
type = "relay"
pin = 17
simulate = true
[gpio.glow]
type = "led"
pin = 18
simulate = true
[gpio.bell]
type = "button"
pin = 22
multi_s = 0.2
simulate = {{press_every_s = 0.7}}
[gpio.door]
type = "contact"
pin = 23
report_to = "twin/door"
simulate = true
[gpio.water]
type = "contact"
pin = 24
press_to = "pulses/water"
press_every_s = 0.2
simulate = {{press_every_s = 0.1}}
[gpio.spot]
type = "dimmer"
pin = 12
simulate = true
[servo.flap]
pin = 13
start_deg = 0
simulate = true
[encoder.knob]
pin_a = 5
pin_b = 6
simulate = {{turn_every_s = 0.5}}
[distance.tank]
trigger = 20
echo = 21
to = "twin/tank"
every_s = 1
simulate = true
[actors.pulses]
meters = {{water = {{per_unit = 1000, value = "water_m3", rate = "flow_m3_per_h", report_to = "twin/water"}}}}
[actors.toggle]
outputs = {{hall = ["gpio/lamp"]}}
[modbus.house]
simulate = true
[modbus.house.units.heatpump]
unit = 1
to = "twin/heatpump"
profile = "sdm120"
[modbus.house.units.boiler]
unit = 12
to = "twin/boiler"
every_s = 0.5
values.burner = {{register = 8, bit = 2}}
values.target_c = {{register = 20, scale = 0.1, precision = 1, writable = [5, 30]}}
values.pump = {{register = 0, area = "coil", writable = true}}
[actors.alarm.rules.freezer]
of = "twin/freezer"
value = "temperature_c"
above = -15
contacts = ""
[homeassistant]
"""
SHOWN = {
    "sensor.heatpump_energy_import_kwh": ("kWh", "energy", "total_increasing", "heatpump energy import"),
    "sensor.heatpump_power_w": ("W", "power", "measurement", "heatpump power"),
    "sensor.heatpump_frequency_hz": ("Hz", "frequency", "measurement", "heatpump frequency"),
    "sensor.heatpump_power_factor": (None, "power_factor", "measurement", "heatpump power factor"),
    "sensor.water_water_m3": ("m³", "water", "total_increasing", "water"),
    "sensor.water_flow_m3_per_h": ("m³/h", "volume_flow_rate", "measurement", "water flow"),
    "binary_sensor.boiler_burner": (None, None, None, "boiler burner"),
    "number.boiler_target_c": ("°C", "temperature", None, "boiler target"),
    "switch.boiler_pump": (None, None, None, "boiler pump"),
    "light.spot_on": (None, None, None, "spot"),
    "number.flap_angle_deg": ("°", None, None, "flap angle"),
    "sensor.knob_position": (None, None, None, "knob position"),
    "sensor.tank_distance_m": ("m", "distance", "measurement", "tank distance"),
    "binary_sensor.door_open": (None, "opening", None, "door open"),
    "switch.hall_on": (None, None, None, "hall"),
    "sensor.weather_battery_pct": ("%", "battery", "measurement", "weather battery"),
    "sensor.weather_battery_v": ("V", "voltage", "measurement", "weather battery voltage"),
    "sensor.weather_humidity_pct": ("%", "humidity", "measurement", "weather humidity"),
    "sensor.weather_co2_ppm": ("ppm", "carbon_dioxide", "measurement", "weather co2"),
    "sensor.weather_wind_mps": ("m/s", "speed", "measurement", "weather wind"),
    "sensor.gateway_memory_bytes": ("B", "data_size", "measurement", "test memory"),
}
"""By entity: unit, class, state class and name."""


@pytest.fixture
def daemon(broker: Mosquitto, judge: Judge, tmp_path: Path) -> Iterator[DaemonProcess]:
    """A gateway with one of each kind, which takes all back at its end."""
    with announced(broker, judge, tmp_path, TEXT) as made:
        yield made


def test_meters_counters_and_units_of_a_bus_have_their_classes_and_a_state(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """And Home Assistant has nothing to complain of."""
    before = judge.complaints()
    says(broker, "weather", battery_pct=80, battery_v=3.1, humidity_pct=55, co2_ppm=612, wind_mps=3.2)

    def seen() -> dict[str, Any]:
        states = judge.states()
        names = ("unit_of_measurement", "device_class", "state_class", "friendly_name")
        found = {entity: states[entity] for entity in SHOWN if states.get(entity, {"state": "unknown"})["state"] not in _NO_STATE}
        return {entity: tuple(one["attributes"].get(name) for name in names) for entity, one in found.items()}

    judge.until(lambda: seen() == SHOWN)
    counted = float(judge.state("sensor.water_water_m3"))
    judge.until(lambda: float(judge.state("sensor.water_water_m3")) > counted)
    categories = {entity: one["entity_category"] for entity, one in ours(judge).items()}
    apart = ("sensor.weather_battery_pct", "sensor.gateway_memory_bytes", "sensor.weather_humidity_pct", "switch.boiler_pump")
    assert [categories[entity] for entity in apart] == ["diagnostic", "diagnostic", None, None]
    assert judge.complaints() == before


def test_what_is_set_in_home_assistant_is_what_the_unit_keeps(daemon: DaemonProcess, judge: Judge) -> None:
    """A register and a coil: what is shown is what was read after it."""
    judge.until(lambda: judge.state("number.boiler_target_c") not in _NO_STATE and judge.state("switch.boiler_pump") not in _NO_STATE)
    bounds = judge.states()["number.boiler_target_c"]["attributes"]
    assert [bounds[key] for key in ("min", "max", "step")] == [5, 30, 0.1]
    judge.call("number.set_value", "number.boiler_target_c", value=21.5)
    judge.until(lambda: judge.state("number.boiler_target_c") == "21.5")
    other = "off" if judge.state("switch.boiler_pump") == "on" else "on"
    judge.call(f"switch.turn_{other}", "switch.boiler_pump")
    judge.until(lambda: judge.state("switch.boiler_pump") == other)


def test_a_light_is_as_bright_as_it_was_told_to_be(daemon: DaemonProcess, judge: Judge) -> None:
    """Switched on again it is as bright as it was; its level is the pin's. A servo goes to its angle."""
    judge.until(lambda: judge.state("light.spot_on") == "off" and judge.state("number.flap_angle_deg") == "0.0")
    judge.call("light.turn_on", "light.spot_on", brightness_pct=40)
    judge.until(lambda: judge.states()["light.spot_on"]["attributes"].get("brightness") == 102)
    assert json.loads(daemon.gateway("ask", "gpio/spot", "read", "--json").stdout) == {"on": True}
    judge.call("light.turn_off", "light.spot_on")
    judge.until(lambda: judge.state("light.spot_on") == "off")
    judge.call("light.turn_on", "light.spot_on")
    judge.until(lambda: judge.states()["light.spot_on"]["attributes"].get("brightness") == 102)
    judge.call("number.set_value", "number.flap_angle_deg", value=30)
    judge.until(lambda: judge.state("number.flap_angle_deg") == "30.0")


def test_a_tracker_knows_its_zone(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """It is derived there, from where the thing is; with how exact that is."""
    publish(broker, "trip/van/position", {"latitude_deg": 52.5, "longitude_deg": 13.4, "accuracy_m": 8, "speed_mps": 3})
    judge.until(lambda: judge.state("device_tracker.van") == "home")
    publish(broker, "trip/bike/position", {"latitude_deg": 48.1, "longitude_deg": 11.5})
    judge.until(lambda: judge.state("device_tracker.bike") == "not_home")
    found = [judge.states()[f"device_tracker.{name}"]["attributes"] for name in ("van", "bike")]
    assert [(one["latitude"], one["gps_accuracy"], one["friendly_name"]) for one in found] == [(52.5, 8, "van"), (48.1, 0, "bike")]


def test_every_command_goes_at_qos_1_unretained_and_expires(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """As Home Assistant publishes them: of a switch, a light, a number, and a button."""
    wanted = {
        "gpio/lamp/switch": ("switch.turn_on", "switch.lamp_on", {}),
        "gpio/glow/switch": ("light.turn_on", "light.glow_on", {}),
        "gpio/spot/dim": ("light.turn_on", "light.spot_on", {}),
        "servo/flap/angle": ("number.set_value", "number.flap_angle_deg", {"value": 10}),
        "toggle/hall/set": ("switch.turn_on", "switch.hall_on", {}),
        "alarm/freezer/acknowledge": ("button.press", "button.freezer_acknowledge", {}),
        "modbus/house/write": ("number.set_value", "number.boiler_target_c", {"value": 20}),
    }
    entities = [entity for _, entity, _ in wanted.values()]
    judge.until(lambda: all(judge.state(entity) not in ("", "unavailable") for entity in entities))
    with Peer(broker.port).listen("gateway/pi/tell/#") as peer:
        for service, entity, more in wanted.values():
            judge.call(service, entity, **more)
        commands = peer.until(lambda: len(found := [one for one in peer.heard if "here" not in one.topic]) >= len(wanted) and found)
    assert {one.topic.removeprefix("gateway/pi/tell/") for one in commands} == set(wanted)
    assert {(one.qos, one.retained) for one in commands} == {(1, False)}
    assert all(0 < one.properties.MessageExpiryInterval <= 30 for one in commands)


def test_a_press_is_not_kept_and_carries_its_message(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """One that was kept would be a press at each start of Home Assistant."""
    with Peer(broker.port).listen("gateway/pi/gpio/bell/#") as peer:
        one = peer.until(lambda: next((one for one in peer.heard if b"event_type" in one.payload and not one.retained), None))
        assert "id" in dict(one.properties.UserProperty)
    with Peer(broker.port).listen("gateway/pi/gpio/bell/#") as newcomer:
        newcomer.until(lambda: [one for one in newcomer.heard if b"event_type" in one.payload])
        assert not [one for one in newcomer.heard if one.retained and b"event_type" in one.payload]
    judge.until(lambda: judge.states().get("event.bell_press", {"attributes": {}})["attributes"].get("event_type") == "press")


_NO_STATE = ("", "unknown", "unavailable")
