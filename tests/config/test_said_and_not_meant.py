"""Mistakes in what devices and actors are told to do, each in a file that would run and do nothing of it."""

from pathlib import Path

import pytest

from gateway.config import read
from tests.config.test_plain_mistakes import said_of


@pytest.mark.parametrize(
    ("place", "unit", "said"),
    [
        ('host = "192.0.2.7:503"', 1, '2:8 modbus.a.host: the port has a key of its own; write host = "192.0.2.7" and tcp_port = 503'),
        ('host = "tcp://me@box:502/x"', 1, '2:8 modbus.a.host: tcp:// does not belong to a host; write host = "box" and tcp_port = 502'),
        ('host = "box "', 1, "2:8 modbus.a.host: there is a space around 'box'; write \"box\""),
        (
            'port = "/dev/ttyUSB0"\ntcp_port = 503',
            1,
            "3:12 modbus.a.tcp_port: is without effect at a serial port; take it out, or write host in the place of port",
        ),
        (
            'host = "192.0.2.7"\nbaud = 9600',
            1,
            "3:8 modbus.a.baud: is without effect at a host: where an adapter is there, its own page sets it; take it out",
        ),
        ("port = 502", 1, "2:8 modbus.a.port: a serial port stands here; for the port of a host write tcp_port = 502"),
        (
            'port = "/dev/ttyUSB0"',
            0,
            "4:8 modbus.a.units.m.unit: on a line 0 is every unit, and none of them answers; write its own number, 1 to 247",
        ),
    ],
)
def test_a_bus_that_nobody_would_answer_on(tmp_path: Path, place: str, unit: int, said: str) -> None:
    """A host, a port and a unit are told apart; a broadcast has no answer."""
    text = f'[modbus.a]\n{place}\n[modbus.a.units.m]\nunit = {unit}\nto = "twin/m"\nvalues = {{ p = {{ register = 1 }} }}\n'
    assert said_of(text, tmp_path) == [said]


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ('"number"', "3:6 serial.a.to: codec 'number' finds no field 'device' in a line, only value; write the id whole"),
        (
            '{ name = "csv", columns = ["t", "h"] }',
            "3:6 serial.a.to: codec 'csv' finds no field 'device' in a line, only t, h; write the id whole",
        ),
        (
            "{ name = 'regex', pattern = 'T=(?P<t>.*)' }",
            "3:6 serial.a.to: codec 'regex' finds no field 'device' in a line, only t; write the id whole",
        ),
    ],
)
def test_an_address_has_fields_that_its_codec_finds(tmp_path: Path, codec: str, said: str) -> None:
    """Else each line would name no device."""
    assert said_of(f'[serial.a]\nport = "/dev/ttyUSB0"\nto = "twin/{{device}}"\ncodec = {codec}\n', tmp_path) == [said]


@pytest.mark.parametrize("codec", ['{ name = "csv", columns = ["device", "t"] }', '"csv"', '"keyvalue"', '"json"'])
def test_an_address_may_have_what_a_line_may_say(tmp_path: Path, codec: str) -> None:
    """A header line, or each line, names its fields."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[serial.a]\nport = "/dev/ttyUSB0"\nto = "twin/{{device}}"\ncodec = {codec}\n')
    assert read(path).host_bound[0].settings.to == "twin/{device}"  # type: ignore[attr-defined]


def test_a_list_where_one_text_stands(tmp_path: Path) -> None:
    """Quotes around it would make no text of it that anybody means."""
    text = '[serial.a]\nport = "/dev/ttyUSB0"\nto = ["twin/a", "twin/b"]\ncodec = "json"\n'
    assert said_of(text, tmp_path) == ["3:6 serial.a.to: expected text, saw a list; write one text in quotes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[mqtt.main]\n[homeassistant.main]\ndiscovery_prefix = "ha"\n',
            "2:16 homeassistant.main: no such key; this section has no name of its own: write [homeassistant]",
        ),
        (
            '[mqtt.main]\n[homeassistant]\ndiscovery_prefix = "ha"\n',
            "3:20 homeassistant.discovery_prefix: no such key; did you mean 'prefix'?",
        ),
        (
            '[[actors.alarm.rules]]\nname = "f"\nof = "twin/f"\nsilent = true\n',
            "1:16 actors.alarm.rules: each has a header with its name in it, and no key name; write [actors.alarm.rules.f]",
        ),
        (
            '[mqtt.main]\n[actors.alarm]\nof = "twin/f"\n',
            "3:6 actors.alarm.of: no such key; write it below [actors.alarm.rules.NAME], for each by its name",
        ),
        (
            "[mqtt.main]\n[actors.trip.van]\nlost_after_s = 30\n",
            "2:14 actors.trip.van: no such key; what is set holds for every trip: write [actors.trip]",
        ),
        (
            '[actors.alarm.rules.f]\nof = "twin/f"\nvalue = "l"\nabove = 1\nbelow = 0\nhysteresis = 5\ncontacts = ""\n',
            "6:14 actors.alarm.rules.f.hysteresis: it would never end: from below to above there is 1; write 0.5, or less",
        ),
    ],
)
def test_a_section_is_told_where_its_keys_belong(tmp_path: Path, text: str, said: str) -> None:
    """Not a header beneath it that would be the next mistake."""
    assert said_of(text, tmp_path) == [said]
