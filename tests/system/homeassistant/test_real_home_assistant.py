"""Tests against a real Home Assistant: what it shows is what the gateway has, and nothing that is gone stays."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.points.classes import BOOLEANS, NUMBERS
from tests.brokers import Mosquitto
from tests.daemons import DaemonProcess
from tests.system.homeassistant.judge import Judge, in_it, why_none
from tests.system.homeassistant.touching import announced, delete, ours, publish, says

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
simulate = {{press_every_s = 0.5}}
[actors.alarm.rules.freezer]
of = "twin/freezer"
value = "temperature_c"
above = -15
contacts = ""
[homeassistant]
names = {{"twin/boiler" = "Kessel"}}
"""


@pytest.fixture
def daemon(broker: Mosquitto, judge: Judge, tmp_path: Path) -> Iterator[DaemonProcess]:
    """A gateway that announces itself, and takes all back at its end."""
    with announced(broker, judge, tmp_path, TEXT) as made:
        yield made


def test_everything_comes_up_with_its_name_unit_and_class(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """One line in the file; and Home Assistant has nothing to complain of."""
    says(broker, "boiler", temperature_c=60.5, supply_v=5.1, rain_count=4, heating=True, mode="eco", power_w=None)
    publish(broker, "trip/van/position", {"latitude_deg": 52.5, "longitude_deg": 13.4, "accuracy_m": 8})
    wanted = {
        "sensor.boiler_temperature_c": ("60.5", "°C", "temperature", "measurement", "Kessel temperature"),
        "sensor.boiler_supply_v": ("5.1", "V", "voltage", "measurement", "Kessel supply"),
        "sensor.boiler_rain_count": ("4", None, None, "total_increasing", "Kessel rain"),
        "sensor.boiler_mode": ("eco", None, None, None, "Kessel mode"),
        "binary_sensor.boiler_heating": ("on", None, None, None, "Kessel heating"),
        "switch.lamp_on": ("off", None, None, None, "lamp"),
        "light.glow_on": ("off", None, None, None, "glow"),
        "binary_sensor.freezer_alarm": ("off", None, "heat", None, "freezer alarm"),
        "sensor.freezer_phase": ("normal", None, "enum", None, "freezer phase"),
        "device_tracker.van": ("home", None, None, None, "van"),
        "binary_sensor.gateway_gpio_lamp": ("on", None, "connectivity", None, "test gpio/lamp"),
    }
    names = ("unit_of_measurement", "device_class", "state_class", "friendly_name")

    def seen() -> dict[str, Any]:
        states = judge.states()
        rows = {entity: states.get(entity, {"state": "", "attributes": {}}) for entity in wanted}
        return {entity: (one["state"], *(one["attributes"].get(name) for name in names)) for entity, one in rows.items()}

    judge.until(lambda: seen() == wanted)
    assert judge.states()["device_tracker.van"]["attributes"]["gps_accuracy"] == 8
    assert judge.complaints() == []


def test_every_device_names_the_gateway_as_its_way(daemon: DaemonProcess, judge: Judge) -> None:
    """So a user sees what hangs on it."""
    judge.until(lambda: judge.state("switch.lamp_on") == "off")
    (devices,) = judge.commands({"type": "config/device_registry/list"})
    by_name = {one["name"]: one for one in devices}
    assert by_name["lamp"]["via_device_id"] == by_name["test"]["id"]


def test_a_switch_shows_the_real_level(daemon: DaemonProcess, judge: Judge) -> None:
    """Whoever switched it; a light too."""
    judge.until(lambda: judge.state("switch.lamp_on") == "off")
    judge.call("switch.turn_on", "switch.lamp_on")
    judge.until(lambda: judge.state("switch.lamp_on") == "on")
    assert json.loads(daemon.gateway("ask", "gpio/lamp", "read", "--json").stdout) == {"on": True}
    assert daemon.gateway("ask", "gpio/lamp", "switch", "on=false").returncode == 0
    judge.until(lambda: judge.state("switch.lamp_on") == "off")
    judge.call("light.turn_on", "light.glow_on")
    judge.until(lambda: judge.state("light.glow_on") == "on")


def test_a_press_is_an_event(daemon: DaemonProcess, judge: Judge) -> None:
    """Each has its time, and its type."""
    judge.until(lambda: judge.state("event.bell_press") not in ("", "unknown", "unavailable"))
    assert judge.states()["event.bell_press"]["attributes"]["event_type"] == "press"
    first = judge.state("event.bell_press")
    judge.until(lambda: judge.state("event.bell_press") != first)


def test_an_alarm_is_acknowledged_by_its_button(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """It is on until it is over, acknowledged or not."""
    judge.until(lambda: judge.state("button.freezer_acknowledge"))
    says(broker, "freezer", temperature_c=-3)
    judge.until(lambda: judge.state("sensor.freezer_phase") == "active")
    assert judge.state("binary_sensor.freezer_alarm") == "on"
    judge.call("button.press", "button.freezer_acknowledge")
    judge.until(lambda: judge.state("sensor.freezer_phase") == "acknowledged")
    says(broker, "freezer", temperature_c=-20)
    judge.until(lambda: judge.state("binary_sensor.freezer_alarm") == "off")


def test_devices_are_away_while_the_gateway_is(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """Also after a kill: the broker says so."""
    says(broker, "boiler", temperature_c=60.5)
    judge.until(lambda: judge.state("sensor.boiler_temperature_c") == "60.5")
    daemon.kill()
    judge.until(lambda: judge.state("sensor.boiler_temperature_c") == judge.state("switch.lamp_on") == "unavailable")
    daemon.again()
    judge.until(lambda: judge.state("sensor.boiler_temperature_c") == "60.5")


def test_a_restart_of_home_assistant_brings_everything_back(tmp_path: Path) -> None:
    """With its states, and no ghost of what went meanwhile: a value, a device, one that came back with less, one that its user deleted;
    and at last all, where the section is gone. Over a kill of ours."""
    if reason := why_none():
        pytest.skip(f"cannot have a Home Assistant: {reason}")
    with (
        Mosquitto(tmp_path) as broker,
        Judge(f"{tmp_path.name}-alone", broker.port) as judge,
        DaemonProcess(tmp_path, TEXT.format(port=broker.port)) as daemon,
    ):
        daemon.until(lambda: "subscribed to 4 filters" in daemon.said())
        says(broker, "boiler", temperature_c=60.5)
        says(broker, "oven", t_c=200, fan=1)
        judge.until(lambda: judge.state("sensor.oven_fan") == "1" and judge.state("sensor.boiler_temperature_c") == "60.5")
        judge.until(lambda: judge.state("light.glow_on") == "off")
        delete(judge, "glow")
        judge.until(lambda: "light.glow_on" not in ours(judge))
        judge.stop()
        assert daemon.gateway("forget", "twin/boiler", "--yes").returncode == 0
        assert daemon.gateway("forget", "twin/oven", "--yes").returncode == 0
        says(broker, "oven", t_c=210)
        daemon.until(lambda: "t_c" in daemon.gateway("show", "twin/oven").stdout)
        daemon.kill()
        daemon.again()
        daemon.until(lambda: "subscribed to" in daemon.said())
        judge.start()
        judge.until(lambda: judge.state("sensor.oven_t_c") == "210" and judge.state("switch.lamp_on") == "off")
        judge.until(lambda: not {"sensor.oven_fan", "sensor.boiler_temperature_c"} & ours(judge).keys())
        assert "light.glow_on" not in ours(judge)
        assert [one for one in judge.complaints() if "components to cleanup for gateway_pi-gpio_glow" not in one] == []  # taken back twice
        judge.stop()
        daemon.write(TEXT.partition("[homeassistant]")[0].format(port=broker.port))
        assert daemon.gateway("reload").returncode == 0
        judge.start()
        judge.until(lambda: ours(judge) == {})
        assert [one for one in judge.complaints() if "components to cleanup" not in one] == []
        assert daemon.stop() == 0


def test_a_device_that_a_user_deletes_stays_away(daemon: DaemonProcess, judge: Judge, broker: Mosquitto) -> None:
    """What is reported meanwhile does not bring it back, nor does a start of the gateway; a word of the user does."""
    says(broker, "boiler", temperature_c=60.5)
    judge.until(lambda: judge.state("sensor.boiler_temperature_c") == "60.5")
    delete(judge, "Kessel")
    judge.until(lambda: "sensor.boiler_temperature_c" not in ours(judge))
    says(broker, "boiler", temperature_c=61.5)
    daemon.kill()
    daemon.again()
    says(broker, "oven", t_c=200)
    judge.until(lambda: judge.state("sensor.oven_t_c") == "200")
    assert "sensor.boiler_temperature_c" not in ours(judge)
    assert daemon.gateway("ask", "homeassistant/main", "restore", "id=twin/boiler").returncode == 0
    judge.until(lambda: judge.state("sensor.boiler_temperature_c") == "61.5")


def test_our_units_and_classes_are_those_of_home_assistant(judge: Judge) -> None:
    """No unit stands in our table that it would refuse, and no class that it does not know."""
    script = (
        "import json; from homeassistant.components.sensor import const; "
        "from homeassistant.components.binary_sensor import BinarySensorDeviceClass as booleans; "
        "print(json.dumps({'units': {k: [str(u or '') for u in v] for k, v in const.DEVICE_CLASS_UNITS.items()}, "
        "'states': {k: list(v) for k, v in const.DEVICE_CLASS_STATE_CLASSES.items()}, 'booleans': list(booleans)}))"
    )
    theirs = json.loads(in_it("/root/venv/bin/python", "-c", script))
    assert set(theirs["booleans"]) >= BOOLEANS
    for name, row in NUMBERS.items():
        assert set(row.units) <= {*theirs["units"].get(name, []), *([""] if name not in theirs["units"] else [])}, name
        assert set(row.state_classes) <= set(theirs["states"][name]), name
