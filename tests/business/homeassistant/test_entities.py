"""Tests of what a device is announced as, row by row as Home Assistant takes it."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.actors.points import Point, ValueType, seen_point
from gateway.actors.points.classes import BOOLEANS, NUMBERS
from gateway.actors.points.shown import Act, Happening, ShownDevice
from gateway.business.homeassistant.entities import payload_of
from gateway.business.homeassistant.names import component_of, discovery_topic
from gateway.business.homeassistant.payload import DevicePayload
from tests.business.homeassistant.showing import HOST, LAMP, number, place, settings_of, twin

ROOT = {"device", "origin", "components", "availability", "availability_mode"}


def announced(device: ShownDevice, **settings: Any) -> Any:
    """The payload of a device, as Home Assistant reads it."""
    payload = payload_of(device, place(**settings))
    return payload and json.loads(payload.text())


def component(device: ShownDevice, **settings: Any) -> Any:
    """The first component of a device's payload."""
    return next(iter(announced(device, **settings)["components"].values()))


def test_a_payload_has_the_keys_that_home_assistant_knows_and_no_other() -> None:
    """Its root is closed: one more key rejects the whole device; so none can be given."""
    assert announced(LAMP).keys() == ROOT
    with pytest.raises(ValidationError):
        DevicePayload.model_validate({**announced(LAMP), "message_expiry_interval": 30})


def test_each_component_has_a_platform_and_an_id_of_its_own() -> None:
    """One without loses the whole device; two of one id lose one."""
    many = twin(number("a b"), number("a_b"), number("A_b"), number("a/b"), number("ä_b"))
    found = announced(many)["components"]
    assert len(found) == 5
    assert len({one["unique_id"] for one in found.values()}) == 5
    assert all(one["platform"] == "sensor" for one in found.values())


@pytest.mark.parametrize("name", ["🔥", "ä", "it's", "{{ 1 }}", "{% raw %}", "a}}b"])
def test_a_name_stands_in_a_template_as_the_device_says_it(name: str) -> None:
    """Letters as they are: two escapes for one letter, as JSON writes some, are two letters to a template, which fit no value."""
    assert component(twin(number(name)))["value_template"].startswith(f'{{{{ value_json["values"]["{name}"]["value"] if ')


def test_ids_are_made_of_ids_whatever_people_call_a_thing() -> None:
    """Another name changes no id: else its history would be lost."""
    device, named = twin(number("t_c", "°C", "temperature")), {"twin/boiler": "Kessel"}
    plain = announced(device)
    called = announced(device, names=named, values={"twin/boiler": {"t_c": {"name": "Vorlauf"}}})
    assert (called["device"]["name"], called["components"]["t_c"]["name"]) == ("Kessel", "Vorlauf")
    assert called["device"]["identifiers"] == plain["device"]["identifiers"] == ["gateway/pi#twin/boiler"]
    ids = [next(iter(one["components"].values()))["unique_id"] for one in (plain, called)]
    assert ids == ["gateway/pi#twin/boiler#t_c"] * 2


def test_a_device_is_called_by_its_key_and_a_value_by_its_name_without_the_unit() -> None:
    """The unit stands beside it; and no `object_id`, which is gone since 2026.4."""
    found = announced(twin(number("flow_temperature_c", "°C", "temperature")))
    (one,) = found["components"].values()
    assert (found["device"]["name"], one["name"], one["default_entity_id"]) == (
        "boiler",
        "flow temperature",
        "sensor.boiler_flow_temperature_c",
    )
    assert "object_id" not in one


def test_what_a_device_is_for_is_called_as_the_device() -> None:
    """A lamp is not "lamp on", nor a meter of water "water water"."""
    assert component(LAMP)["name"] is None
    assert component(twin(number("water_m3", "m³", "water"), id="twin/Water"))["name"] is None
    assert component(twin(number("water_m3", "m³", "water"), id="twin/Water"), names={"twin/Water": "Wasser"})["name"] == "water"


def test_a_name_that_says_what_the_value_is_says_it_once() -> None:
    """A battery has a level and a voltage; "battery battery" is no name."""
    many = twin(number("battery_pct", "%", "battery"), number("battery_v", "V", "voltage"))
    assert [one["name"] for one in announced(many)["components"].values()] == ["battery", "battery voltage"]


def test_what_says_how_a_device_itself_is_stands_apart() -> None:
    """Its battery and how well it is received, beside what the gateway says of itself; what it measures stands in front."""
    many = twin(number("battery_pct", "%", "battery"), number("link_dbm", "dBm", "signal_strength"), number("t_c", "°C", "temperature"))
    assert [one.get("entity_category") for one in announced(many)["components"].values()] == ["diagnostic", "diagnostic", None]
    assert component(HOST)["entity_category"] == "diagnostic"


def test_bytes_are_said_by_the_unit_and_not_by_the_name() -> None:
    """As of every other unit."""
    assert component(twin(seen_point("store_bytes", 5.0)))["name"] == "store"
    assert component(twin(seen_point("store_bytes", 5.0)))["unit_of_measurement"] == "B"


def test_values_that_differ_by_their_unit_alone_are_told_apart() -> None:
    """By what they are, or where that is the same by their unit; what was named in the file stays as it is."""
    many = twin(
        *(number("battery_v", "V", "voltage"), number("battery_a", "A", "current"), number("battery_ah", "Ah")),
        *(number("sun_kwh", "kWh", "energy"), number("sun_wh", "Wh", "energy"), number("load_a", "A", "current")),
        Point(name="load", type=ValueType.BOOLEAN),
    )
    names = [one["name"] for one in announced(many, values={"twin/boiler": {"sun_wh": {"name": "Sonne"}}})["components"].values()]
    assert names == ["battery voltage", "battery current", "battery Ah", "sun kWh", "Sonne", "load current", "load"]


def test_every_device_is_reached_through_the_gateway() -> None:
    """The gateway itself is no child of anything; where it is hidden, nobody names it."""
    assert announced(LAMP)["device"]["via_device"] == announced(HOST)["device"]["identifiers"][0] == "gateway/pi"
    assert "via_device" not in announced(HOST)["device"]
    hidden = payload_of(LAMP, place()._replace(host=""))
    assert hidden is not None
    assert hidden.device.via_device is None


def test_a_device_is_available_while_the_gateway_and_the_device_are() -> None:
    """Both must say so: the gateway by its status, a twin by whether its device is heard."""
    found = announced(twin(number("t")))
    assert found["availability_mode"] == "all"
    assert found["availability"] == [
        {"topic": "gateway/pi/status", "payload_available": "online", "payload_not_available": "offline"},
        {"topic": "gateway/twin/boiler", "value_template": "{{ 'online' if value_json[\"online\"] else 'offline' }}"},
    ]


def test_a_command_goes_at_qos_1_expires_and_is_never_believed_before_it_is_done() -> None:
    """A relay shows its real level; a command that waited for half a minute is not carried out."""
    one = component(LAMP)
    assert (one["platform"], one["qos"], one["message_expiry_interval"], one["optimistic"]) == ("switch", 1, 30, False)
    assert (one["command_topic"], one["payload_on"], one["payload_off"]) == (
        "gateway/pi/tell/gpio/lamp/switch",
        '{"on": true}',
        '{"on": false}',
    )
    assert one["state_topic"] == "gateway/pi/gpio/lamp"


def test_nothing_is_retained_or_expires_at_the_root() -> None:
    """Older releases reject a device whose root has `message_expiry_interval`, and retained commands would fire again."""
    found = announced(LAMP)
    assert "message_expiry_interval" not in found
    assert "retain" not in json.dumps(found)
    assert "expire_after" not in json.dumps(announced(twin(number("t"))))


def test_a_led_is_a_light_and_an_act_is_a_button() -> None:
    """A light is told apart by its commands; an act that most do not want is off at first."""
    led = LAMP.changed(
        points=(LAMP.points[0].changed(device_class="light"),),
        acts=(Act(name="pulse", setter="gpio/lamp", verb="pulse", payload={"seconds": 1.0}, hidden=True),),
    )
    light, button = announced(led)["components"].values()
    assert light["platform"] == "light"
    assert json.dumps(light["payload_on"]) in light["state_value_template"]
    assert (button["platform"], button["payload_press"], button["enabled_by_default"]) == ("button", '{"seconds": 1.0}', False)
    assert button["message_expiry_interval"] == 30


DIMMED = (
    LAMP.points[0].changed(device_class="light", level="brightness_pct"),
    number("brightness_pct", "%", setter="gpio/lamp", verb="dim", field="brightness_pct", low=0.0, high=100.0, path=("brightness_pct",)),
)


def test_a_dimmer_is_one_light_with_its_brightness() -> None:
    """Turned on by its brightness alone: by two commands it would flash."""
    (one,) = announced(LAMP.changed(points=DIMMED))["components"].values()
    assert (one["platform"], one["brightness_scale"], one["on_command_type"]) == ("light", 100.0, "brightness")
    assert (one["brightness_command_topic"], one["brightness_command_template"]) == (
        "gateway/pi/tell/gpio/lamp/dim",
        '{"brightness_pct": {{ value }}}',
    )
    assert (one["brightness_state_topic"], one["brightness_value_template"]) == (one["state_topic"], '{{ value_json["brightness_pct"] }}')


def test_what_is_dimmed_and_no_light_is_a_switch_and_a_number() -> None:
    """A fan, as the file says; and a light whose brightness is hidden has none."""
    fan = announced(LAMP.changed(points=DIMMED), values={"gpio/lamp": {"on": {"class": ""}}})
    assert [one["platform"] for one in fan["components"].values()] == ["switch", "number"]
    (light,) = announced(LAMP.changed(points=DIMMED), hide=["gpio/lamp#brightness_pct"])["components"].values()
    assert "brightness_scale" not in light


@pytest.mark.parametrize("name", ["lamp 'ON'", "'OFF'", "'ON' or 'OFF'"])
@pytest.mark.parametrize("device_class", ["light", "switch"])
def test_a_name_like_a_state_stays_a_name(name: str, device_class: str) -> None:
    """Its place in what the device says is that name, and the states are the last two words of the template."""
    lamp = LAMP.points[0]
    point = lamp.changed(name=name, path=(name,), device_class=device_class, true=("'ON'",))
    (one,) = announced(LAMP.changed(points=(point,)))["components"].values()
    light = device_class == "light"
    template = one["state_value_template" if light else "value_template"]
    on, off = (json.dumps(one["payload_on"]), json.dumps(one["payload_off"])) if light else ("'ON'", "'OFF'")
    at = f"value_json[{json.dumps(name)}]"
    assert template == f"{{{{ 'None' if {at} is none else {on} if {at} in {json.dumps(list(point.true))} else {off} }}}}"


def test_a_number_that_is_set_has_its_range_and_its_step() -> None:
    """It goes into the field of its verb."""
    point = number("target_c", "°C", "temperature", setter="twin/boiler", verb="set", field="c", low=5.0, high=30.0, precision=1)
    one = component(twin(point))
    assert (one["platform"], one["min"], one["max"], one["step"]) == ("number", 5.0, 30.0, 0.1)
    assert one["command_template"] == '{"c": {{ value }}}'


def test_what_else_a_command_says_goes_with_the_value() -> None:
    """Whatever stands in it: braces in a text begin nothing of a template."""
    besides = {"unit": "a", "name": 'x{{ 1 }}"{% y'}
    way = {"setter": "modbus/bus", "verb": "write", "field": "value", "payload": besides}
    level = component(twin(number("level", low=0.0, high=9.0, **way)))
    assert level["command_topic"] == "gateway/pi/tell/modbus/bus/write"
    said = level["command_template"].replace("{{ value }}", "5.0")
    assert "{{" not in said
    assert "{%" not in said
    assert json.loads(said) == {**besides, "value": 5.0}
    pump = component(twin(Point(name="pump", type=ValueType.BOOLEAN, path=("values", "pump", "value"), **way)))
    assert (json.loads(pump["payload_on"]), json.loads(pump["payload_off"])) == ({**besides, "value": True}, {**besides, "value": False})


def test_a_place_is_a_tracker_that_is_called_as_its_device() -> None:
    """Home Assistant wants latitude, longitude and gps_accuracy, and finds the zone itself."""
    one = component(LAMP.changed(points=(Point(name="place", type=ValueType.PLACE, under="/position"),)))
    assert (one["platform"], one["name"]) == ("device_tracker", None)
    assert one["json_attributes_topic"] == "gateway/pi/gpio/lamp/position"
    assert all(word in one["json_attributes_template"] for word in ("latitude", "longitude", "gps_accuracy"))


def test_what_happens_is_an_event() -> None:
    """A press is no state."""
    happening = Happening(name="pressed", types=("press", "long"), device_class="button", under="/event")
    one = component(LAMP.changed(points=(), happenings=(happening,)))
    assert (one["platform"], one["event_types"], one["state_topic"]) == ("event", ["press", "long"], "gateway/pi/gpio/lamp/event")


@pytest.mark.parametrize(
    ("point", "unit", "device_class", "state_class"),
    [
        (number("t", "°F", "temperature", state_class="measurement"), "°F", "temperature", "measurement"),
        (number("t", "Cel", "temperature", state_class="measurement"), "°C", "temperature", "measurement"),
        (number("t", "grad", "temperature", state_class="measurement"), "grad", None, "measurement"),
        (number("e", "kWh", "energy", state_class="measurement"), "kWh", "energy", "total_increasing"),
        (number("x", "µg/m³", "pm25", state_class="measurement"), "μg/m³", "pm25", "measurement"),
        (number("n", "", "no_such_class", state_class="sometimes"), None, None, None),
        (number("n", "", "", state_class="total_increasing"), None, None, "total_increasing"),
    ],
)
def test_what_home_assistant_would_refuse_is_left_out(point: Point, unit: str, device_class: str, state_class: str) -> None:
    """A wrong unit would lose the value, a wrong way of counting would be logged for ever."""
    one = component(twin(point))
    assert (one.get("unit_of_measurement"), one.get("device_class"), one.get("state_class")) == (unit, device_class, state_class)


def test_a_truth_has_no_unit_and_only_a_class_of_truths() -> None:
    """A class of numbers on a boolean would reject the value."""
    for name in ("door", *sorted(NUMBERS.keys() - BOOLEANS)[:3]):
        one = component(twin(Point(name="x", type=ValueType.BOOLEAN, device_class=name, unit="V")))
        assert one.get("device_class") == (name if name in BOOLEANS else None)
        assert "unit_of_measurement" not in one


def test_a_value_that_is_bad_is_unknown_and_not_a_number_in_a_chart() -> None:
    """A twin's value says how far it can be trusted."""
    assert component(twin(number("t")))["value_template"] == (
        '{{ value_json["values"]["t"]["value"] if value_json["values"]["t"]["quality"] != \'bad\' else none }}'
    )


def test_what_the_gateway_has_said_before_it_had_a_section_is_no_fault() -> None:
    """The broker keeps it until it says more: Home Assistant would note a warning for each section that is not in it."""
    told = component(HOST.changed(points=(Point(name="gpio/new", type=ValueType.BOOLEAN, path=("connected", "gpio/new")),)))
    place = 'value_json["connected"]["gpio/new"]'
    assert told["value_template"] == f"{{{{ 'None' if {place} is not defined or {place} is none else 'ON' if {place} else 'OFF' }}}}"


def test_a_name_is_text_in_a_template_whatever_stands_in_it() -> None:
    """Nobody who names a value can write a template into Home Assistant."""
    evil = '"] }}{{ states("lock.door") }}'
    one = component(twin(number(evil)))
    assert json.dumps(evil) in one["value_template"]


@pytest.mark.parametrize("pattern", ["twin/boiler", "twin/*", "*"])
def test_a_hidden_device_is_not_announced(pattern: str) -> None:
    """Nor one that `devices` does not name."""
    assert announced(twin(number("t")), hide=[pattern]) is None
    assert announced(twin(number("t")), devices=["gpio/*"]) is None


def test_a_hidden_value_is_left_out_and_a_device_without_values_too() -> None:
    """`#` stands before the name of a value."""
    device = twin(number("t"), number("raw_1"))
    assert list(announced(device, hide=["twin/*#raw_*"])["components"]) == ["t"]
    assert announced(device, hide=["twin/boiler#*"]) is None


def test_a_value_is_shown_as_the_file_says() -> None:
    """Name, unit, class and icon."""
    own = {"twin/boiler": {"x": {"name": "Druck", "unit": "bar", "class": "pressure", "icon": "mdi:gauge"}}}
    one = component(twin(number("x")), values=own)
    assert (one["name"], one["unit_of_measurement"], one["device_class"], one["icon"]) == ("Druck", "bar", "pressure", "mdi:gauge")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"class": "temperature", "unit": "bar"}, "values.twin/boiler.x.unit: the class temperature does not take the unit 'bar'"),
        ({"class": "temperatur"}, "values.twin/boiler.x.class: there is no class 'temperatur'; did you mean 'temperature'?"),
        ({"class": "door", "unit": "V"}, "values.twin/boiler.x.unit: what is boolean has no unit; take 'V' out"),
    ],
)
def test_what_home_assistant_would_refuse_in_the_file_is_named(row: dict[str, str], words: str) -> None:
    """The check finds it before Home Assistant does."""
    with pytest.raises(ValidationError) as caught:
        settings_of(values={"twin/boiler": {"x": row}})
    assert words in str(caught.value)


def test_other_ids_have_other_topics() -> None:
    """A topic level takes no slash; what is replaced must not make two devices one."""
    prefixes = ["gateway/pi", "gateway_pi", "gateway-pi", "gateway.pi"]
    assert len({discovery_topic("homeassistant", prefix, "twin/a") for prefix in prefixes}) == len(prefixes)
    ids = ["twin/a_b", "twin/a.b", "twin/a~b", "twin/a/b/c", "twin/a_b/c", "a/b", "a_b/c"]
    topics = {discovery_topic("homeassistant", "gateway/pi", id) for id in ids}
    assert len(topics) == len(ids)
    assert discovery_topic("homeassistant", "gateway/pi", "twin/boiler") == "homeassistant/device/gateway_pi-twin_boiler/config"
    assert all(set(topic) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-/") for topic in topics)


def test_other_names_are_other_components() -> None:
    """Also of names that differ in case or in signs alone."""
    names = ["a b", "a_b", "a-b", "A_b", "a__b", "a/b", "a.b", ""]
    assert len({component_of(name) for name in names}) == len(names)
