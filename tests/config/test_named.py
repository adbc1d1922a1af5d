"""Actors that a section only has settings for: one that there is not is told by `gateway check`, and keeps nothing from starting."""

import time
from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read
from tests.waiting import within

PORT = '[serial.boiler]\nport = "/dev/ttyUSB0"\ncodec = {name = "csv", columns = ["temperature_c"]}\nto = "twin/boiler"\n'
LAMP = '[gpio.lamp]\ntype = "relay"\npin = 27\n'
SHOWN = PORT + LAMP + '[mqtt.main]\nhost = "localhost"\n[homeassistant]\n'
ALARM = '[actors.alarm.rules.b]\nof = "twin/backup"\nsilent = true\n'
ANY = '[serial.any]\nport = "/dev/ttyUSB1"\ncodec = "json"\nto = "twin/{device}"\n'


def told(folder: Path, text: str) -> list[str]:
    """What `gateway check` remarks on a file that can start."""
    path = folder / "gateway.toml"
    path.write_text(text)
    return [str(problem) for problem in read(path, outside=True).outside if "ttyUSB" not in problem.text]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SHOWN + 'names = {"twinn/x" = "X"}\n', "homeassistant.names.'twinn/x': there is no kind 'twinn'; did you mean 'twin'?"),
        (SHOWN + 'names = {"gpio/lmap" = "L"}\n', "homeassistant.names.'gpio/lmap': …no such device; did you mean 'gpio/lamp'?"),
        (SHOWN + 'names = {"exec/lamp" = "L"}\n', "homeassistant.names.'exec/lamp': …no such device; it has no [exec.…]"),
        (SHOWN + 'names = {"twin/boilr" = "B"}\n', "homeassistant.names.'twin/boilr': …anything; did you mean 'twin/boiler'?"),
        (SHOWN + 'values = {"twin/boilr" = {t = {name = "T"}}}\n', "homeassistant.values.'twin/boilr': …did you mean 'twin/boiler'?"),
        (
            SHOWN + 'values = {"twin/boiler" = {temprature_c = {name = "T"}}}\n',
            "homeassistant.values.'twin/boiler'.temprature_c: …did you mean 'temperature_c'?",
        ),
        (SHOWN + 'hide = ["twinn/*"]\n', "homeassistant.hide[0]: there is no kind 'twinn'; did you mean 'twin'?"),
        (
            PORT + "[actors.twin]\nsilent_after_s_of = {boilr = 30}\n",
            "actors.twin.silent_after_s_of.boilr: nothing in the file tells twin/boilr anything; did you mean 'twin/boiler'?",
        ),
        (PORT + "[actors.twin]\nsilent_after_s_of = {freezer = 30}\n", "…tells twin/freezer anything; there is twin/boiler"),
        (SHOWN + 'names = {"gpio/lamp.a" = "L"}\n', "homeassistant.names.'gpio/lamp.a': …no such device; did you mean 'gpio/lamp'?"),
        (
            PORT + ALARM.replace("rules.b", "rules.'b.c'") + 'value = "t"\n',
            "actors.alarm.rules.'b.c'.value: is without effect: …, or take it out",
        ),
        (
            PORT + "[actors.twin]\nsilent_after_s_of = {temperature_c = 30}\n",
            "…temperature_c is a value of twin/boiler, and no actor; write the id of the actor",
        ),
    ],
)
def test_an_actor_that_there_is_not_is_told(tmp_path: Path, text: str, why: str) -> None:
    """At its key, with what was probably meant."""
    (found,) = told(tmp_path, text)
    begin, _, end = why.rpartition("…") if "did" in why or "…" in why else ("", "", why)
    assert found.startswith(begin.partition("…")[0])
    assert found.endswith(end)


@pytest.mark.parametrize(
    "text",
    [
        SHOWN
        + 'names = {"twin/boiler" = "B", "gpio/lamp" = "L", "twin/cellar" = "C", "mqtt/main" = "M"}\nhide = ["*/test*", "twin/test*"]\n',
        "[web]\n" + SHOWN + 'names = {"web/local" = "W"}\n',
        PORT + '[actors.twin]\nsilent_after_s_of = {boiler = 30, "boil*" = 20, "*" = 10}\n',
        PORT + ANY + "[actors.twin]\nsilent_after_s_of = {boilr = 30, freezer = 30, 'm*' = 1}\n",
        PORT + ALARM + "[actors.twin]\nsilent_after_s_of = {backup = 30}\n",
        "[actors.twin]\nsilent_after_s_of = {backup = 30}\n",
    ],
)
def test_one_that_there_is_or_may_be_is_not(tmp_path: Path, text: str) -> None:
    """What comes by a door that the file has, or is looked at elsewhere in it, may be there."""
    assert told(tmp_path, text) == []


def test_many_are_looked_at_in_time(tmp_path: Path) -> None:
    """Each that is there as it is written costs the same, however many there are beside it."""
    watched = "".join(f'[actors.alarm.rules.k{n}]\nof = "twin/k{n}"\nsilent = true\n' for n in range(4000))
    names = "".join(f'"twin/k{n}" = "K"\n' for n in range(4000))

    def once() -> float:
        began_s = time.process_time()
        assert told(tmp_path, '[mqtt.main]\nhost = "localhost"\n[homeassistant.names]\n' + names + watched) == []
        return time.process_time() - began_s

    within(12.0, once)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[mqtt.main]\nhost = "localhost"\nprefix = "/haus/"\n', """mqtt.main.prefix: '/haus/' begins with a /, … write "haus\""""),
        ('[mqtt.main]\nhost = "localhost"\nprefix = "haus/"\n', """mqtt.main.prefix: 'haus/' ends with a /, … write "haus\""""),
        ('[mqtt.main]\nhost = "localhost"\nstatus_topic = "a//b"\n', """mqtt.main.status_topic: 'a//b' has two / in a row, … "a/b\""""),
        (SHOWN + 'prefix = "homeassistant/"\n', """homeassistant.prefix: 'homeassistant/' ends with a /, … write "homeassistant\""""),
        (SHOWN + '[actors.twin]\ntopic = "/twin/{key}"\n', """actors.twin.topic: '/twin/{key}' begins with a /, … write "twin/{key}\""""),
    ],
)
def test_a_topic_with_a_level_without_a_name_is_told(tmp_path: Path, text: str, why: str) -> None:
    """MQTT takes it for another topic than the one that everybody subscribes to."""
    (found,) = told(tmp_path, text)
    begin, _, end = why.partition("…")
    assert found.startswith(begin.strip())
    assert found.endswith(end.strip())


@pytest.mark.parametrize(
    ("port", "place"),
    [
        ("192.168.1.3:8899", "192.168.1.3:8899"),
        ("192.168.1.3", "192.168.1.3:PORT"),
        ("socket:192.168.1.3:8899", "192.168.1.3:8899"),
        ("//bridge:8899", "bridge:8899"),
        ("elfin.local:8899", "elfin.local:8899"),
        ("xn--kche-0ra.local:502", "xn--kche-0ra.local:502"),
        ("[fe80::1]:23", "[fe80::1]:23"),
    ],
)
def test_an_address_without_its_scheme_is_no_port(tmp_path: Path, port: str, place: str) -> None:
    """It would be looked for among the names of devices for ever. A bus is at a host of its own key."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[serial.a]\nport = "{port}"\ncodec = "json"\nto = "twin/a"\n')
    with pytest.raises(ConfigProblems, match="is an address of the network") as caught:
        read(path)
    assert f'serial.a.port: {port} is an address of the network, and no device of this host; write "socket://{place}"' in str(caught.value)


@pytest.mark.parametrize(
    ("port", "keys"),
    [
        ("192.168.1.3:502", 'host = "192.168.1.3" and tcp_port = 502'),
        ("192.168.1.3", 'host = "192.168.1.3"'),
        ("[fe80::1]:23", 'host = "fe80::1" and tcp_port = 23'),
        ("socket://192.168.1.3:8899", 'host = "192.168.1.3" and tcp_port = 8899'),
        ("rfc2217://elfin:8/", 'host = "elfin" and tcp_port = 8'),
        ("tcp://192.168.1.3:502", 'host = "192.168.1.3" and tcp_port = 502'),
        ("tcp://meter.local", 'host = "meter.local"'),
    ],
)
def test_the_host_of_a_bus_has_keys_of_its_own(tmp_path: Path, port: str, keys: str) -> None:
    """Whichever scheme stands before it: a bus opens a device of this host, or a host. What is told to write is taken."""
    path, units = tmp_path / "gateway.toml", '[modbus.a.units.m]\nunit = 1\nto = "twin/a"\nprofile = "sdm120"\n'
    path.write_text(f'[modbus.a]\nport = "{port}"\n{units}')
    with pytest.raises(ConfigProblems, match="is an address of the network") as caught:
        read(path)
    why = f"modbus.a.port: a serial port stands here, and {port} is an address of the network; write {keys}"
    assert f'{why}; and framing = "rtu" where a serial bus is behind it' in str(caught.value)
    for framing in ("", 'framing = "rtu"\n'):
        path.write_text("[modbus.a]\n" + keys.replace(" and ", "\n") + f"\n{framing}{units}")
        assert read(path).host_bound[0].id == "modbus/a"


@pytest.mark.parametrize(
    "port",
    ["F4:12:FA:59", "usb-FTDI_A:12", "FT232", "platform-usb-0:1.2:1.0-port0", "usb-Acme_Meter_SN:12345", "Acme_SN:1234", "1a86:7523"],
)
def test_a_part_of_a_name_may_have_colons(tmp_path: Path, port: str) -> None:
    """As the address of a network adapter, the number of a maker, or a socket of a hub; udev joins such by an underscore, which stands in
    no name of a host."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[serial.a]\nport = "{port}"\ncodec = "json"\nto = "twin/a"\n')
    assert read(path).host_bound[0].id == "serial/a"
