"""Names of values in alarms and rules: one that nothing in the file gives is told by `gateway check`, and keeps nothing from starting."""

from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read

SERIAL = '[serial.a]\nport = "/dev/ttyUSB0"\nto = "twin/a"\n'
CSV = SERIAL + 'codec = {name = "csv", columns = ["temperature_c", "", "humidity_pct"]}\n'
JSON = SERIAL + 'codec = "json"\n'
TABLE = "[serial.a.values]\ntemperature_c = 'DS18B20.Temperature'\n"
MQTT = '[mqtt.main]\n[[mqtt.main.subscribe]]\ntopic = "esp/+/sensor/+/state"\nto = "twin/{1}"\n'


def rule(value: str, of: str = "twin/a") -> str:
    """A rule about a value, as the last lines of a file."""
    tell = 'tell = {to = "toggle/fan", verb = "set", payload = {on = true}}'
    return f'[actors.rule.fan]\nof = "{of}"\nabove = 60\n{tell}\nvalue = "{value}"\n'


def told(folder: Path, text: str) -> list[str]:
    """What `gateway check` remarks on a file that can start."""
    path = folder / "gateway.toml"
    path.write_text(text)
    return [str(problem) for problem in read(path, outside=True).outside if "ttyUSB" not in problem.text]


@pytest.mark.parametrize(
    ("inputs", "value", "why"),
    [
        (CSV, "temprature_c", "nothing in the file gives twin/a a value 'temprature_c'; did you mean 'temperature_c'?"),
        (CSV, "pressure_hpa", "nothing in the file gives twin/a a value 'pressure_hpa'; there is humidity_pct, temperature_c"),
        (
            SERIAL + 'codec = {name = "regex", pattern = "^T=(?P<t_c>[0-9]+)"}\n',
            "t",
            "nothing in the file gives twin/a a value 't'; did you mean 't_c'?",
        ),
        (SERIAL + 'codec = {name = "number", value = "weight_kg"}\n', "wieght_kg", "…did you mean 'weight_kg'?"),
        (SERIAL + 'codec = "onoff"\n', "off", "…there is on"),
        (SERIAL + 'codec = "json"\nunmapped = "ignore"\n' + TABLE, "DS18B20.Temperature", "…there is temperature_c"),
        (JSON + TABLE, "temperatur_c", "nothing in the file names a value 'temperatur_c' of twin/a; did you mean 'temperature_c'?"),
        (
            '[exec.a]\ncommand = ["sh"]\nto = "twin/a"\ncodec = "json"\n[exec.a.values]\nt_c = "T"\n[exec.a.values.flow_rate]\n',
            "flow_rat",
            "…?",
        ),
        (MQTT + 'codec = "number"\nvalue = "level_pct"\n', "levle_pct", "…did you mean 'level_pct'?"),
        ('[gpio.door]\ntype = "contact"\npin = 17\nreport_to = "twin/a"\n', "closed", "…there is open"),
        ('[actors.pulses.meters.a]\nvalue = "water_m3"\nreport_to = "twin/a"\n', "water", "…did you mean 'water_m3'?"),
    ],
)
def test_a_name_that_nothing_gives_is_told(tmp_path: Path, inputs: str, value: str, why: str) -> None:
    """At its key, with what was probably meant, or what there is."""
    (found,) = told(tmp_path, inputs + rule(value))
    assert found.startswith("actors.rule.fan.value: ")
    assert found.removeprefix("actors.rule.fan.value: ").endswith(why.removeprefix("…"))


@pytest.mark.parametrize(
    ("inputs", "value"),
    [
        (CSV, "humidity_pct"),
        (JSON, "anything"),
        (JSON + TABLE, "pressure_hpa"),
        (JSON + TABLE, "temperature_f"),
        (JSON + "[serial.a.values.speed_min]\n", "speed_max"),
        (JSON + "[serial.a.values]\nt1_c = 'T1'\n", "t2_c"),
        (CSV + '[serial.b]\nport = "/dev/ttyUSB1"\ncodec = "json"\nto = "twin/{device}"\n', "pressure_hpa"),
        (CSV + '[statistics.main]\nreport_to = "twin/a"\n', "turns"),
        (MQTT + 'value = "{2}"\ncodec = "number"\n', "level"),
        ("", "anything"),
    ],
)
def test_a_name_that_may_come_is_not(tmp_path: Path, inputs: str, value: str) -> None:
    """Of an input that is said to give it, or that names its values in its messages only; another number or unit is another value."""
    assert told(tmp_path, inputs + rule(value)) == []


def test_alarms_too_and_beside_mistakes(tmp_path: Path) -> None:
    """Of an alarm as of a rule, and in a section that has a mistake."""
    alarms = '[actors.alarm.rules.cold]\nof = "twin/a"\nvalue = "temperatur_c"\nbelow = 3\ncontacts = ""\n'
    (found,) = told(tmp_path, CSV + alarms)
    assert found.startswith("actors.alarm.rules.cold.value: nothing in the file gives twin/a a value 'temperatur_c'")
    with pytest.raises(ValueError, match="temperatur_c"):
        told(tmp_path, CSV + alarms + "hysteresis_k = 1\n")


BELL = '[gpio.bell]\ntype = "button"\npin = 17\npress_to = "{}"\n'
METER = "[actors.pulses.meters.water]\nper_unit = 1000\n"
HALL = '[gpio.lamp]\ntype = "relay"\npin = 27\n[actors.toggle]\noutputs = {hall = ["gpio/lamp"]}\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            JSON.replace("twin/a", "twin/freezer") + rule("t_c", of="twin/frezer"),
            "actors.rule.fan.of: nothing in the file tells twin/frezer anything; did you mean 'twin/freezer'?",
        ),
        (
            BELL.format("pulses/watr") + METER,
            "gpio.bell.press_to: [actors.pulses] does not speak of pulses/watr; did you mean 'pulses/water'?",
        ),
        (BELL.format("toggle/hal") + HALL, "gpio.bell.press_to: [actors.toggle] does not speak of toggle/hal; did you mean 'toggle/hall'?"),
        (
            BELL.format("toggle/hlal") + HALL,
            "gpio.bell.press_to: [actors.toggle] does not speak of toggle/hlal; did you mean 'toggle/hall'?",
        ),
    ],
)
def test_an_actor_that_was_probably_another_is_told(tmp_path: Path, text: str, why: str) -> None:
    """One that is watched and told nothing, or is told something where the section of its kind speaks of one nearby."""
    assert told(tmp_path, text) == [why]


@pytest.mark.parametrize(
    "text",
    [
        BELL.format("toggle/all") + HALL,
        BELL.format("toggle/hall2") + HALL,
        BELL.format("toggle/hall") + HALL,
        BELL.format("toggle/hal"),
        JSON.replace("twin/a", "twin/freezer") + rule("t_c", of="twin/freezer_2"),
        JSON.replace("twin/a", "twin/freezer") + MQTT + rule("t_c", of="twin/frezer"),
    ],
)
def test_an_actor_of_its_own_is_not(tmp_path: Path, text: str) -> None:
    """Another number, another word, one that a message may name, and any where its kind's section speaks of none."""
    assert told(tmp_path, text) == []


def awaits(value: str, wanted: str) -> str:
    """A rule and an alarm that wait for what a value is to be, as the last lines of a file."""
    alarm = f'[actors.alarm.rules.a]\nof = "twin/a"\nvalue = "{value}"\nis = {wanted}\n'
    return rule(value).replace("above = 60", f"is = {wanted}") + alarm


DOOR = '[gpio.door]\ntype = "contact"\npin = 17\nreport_to = "twin/a"\n'
SAID = JSON + '[serial.a.values]\nopen = {on = "OPEN", off = "CLOSED"}\nt_c = "T"\nmode = {type = "text"}\nany = "x"\n'


@pytest.mark.parametrize(
    ("inputs", "value", "wanted", "why"),
    [
        (DOOR, "open", '"open"', 'open of twin/a is true or false, and never "open"; write true or false'),
        (SAID, "open", '"OPEN"', 'open of twin/a is true or false, and never "OPEN"; write true or false'),
        (SAID, "t_c", '"21"', 't_c of twin/a is a number, and never "21"; write a number'),
        (SAID, "mode", "1", "mode of twin/a is a text, and never 1; write a text in quotes"),
        (SAID, "mode", "true", "mode of twin/a is a text, and never true; write a text in quotes"),
    ],
)
def test_what_a_value_never_is_is_told(tmp_path: Path, inputs: str, value: str, wanted: str, why: str) -> None:
    """A rule that waits for the text "open" of a contact would wait for ever."""
    found = told(tmp_path, inputs + awaits(value, wanted))
    assert sorted(found) == [f"actors.alarm.rules.a.is: {why}", f"actors.rule.fan.is: {why}"]


@pytest.mark.parametrize(
    ("inputs", "value", "wanted"),
    [(DOOR, "open", "true"), (DOOR, "open", "1"), (SAID, "any", '"x"'), (SAID, "other", '"x"'), (SAID, "t_c", "21"), (SAID, "mode", '"a"')],
)
def test_what_a_value_may_be_is_not(tmp_path: Path, inputs: str, value: str, wanted: str) -> None:
    """Nor where the file does not say what a value is."""
    assert told(tmp_path, inputs + awaits(value, wanted)) == []


@pytest.mark.parametrize(
    "broken",
    [
        "[serial.b]\n",
        '[serial.b]\nport = "/dev/ttyUSB1"\nto = 5\ncodec = "json"\n',
        "[gpio.b]\ntype = 'button'\npin = 4\npress_to = 5\nreport_to = 6\n",
        "[actors.toggle.outputs]\nhall = 5\n",
        "[actors.pulses.meters.x]\nvalue = 5\nreport_to = 6\n",
        "[actors.alarm.rules.b]\nof = 5\nvalue = 6\nis = []\n",
        "[actors.rule.b]\nof = []\nvalue = 6\nis = {}\ntell = {to = 5}\n",
        "[mqtt.b]\n[[mqtt.b.subscribe]]\ntopic = 5\nto = 6\n",
        "[modbus.b]\n[modbus.b.units.x]\nto = 5\n[modbus.b.units.x.values]\ny = 5\n",
    ],
)
def test_what_is_broken_is_told_where_it_stands_and_looked_at_nowhere_else(tmp_path: Path, broken: str) -> None:
    """A mistake of one section is a mistake, and no end of the check."""
    path = tmp_path / "gateway.toml"
    path.write_text(DOOR + awaits("open", "true") + broken)
    with pytest.raises(ConfigProblems) as refused:
        read(path, outside=True)
    assert all("looked at" not in str(problem) for problem in refused.value.problems)
