"""Hosts and ports: what leads to no broker and no device is a problem at its key, with what to write."""

import os
from pathlib import Path

import pytest

from gateway.config import read
from tests.config.test_plain_mistakes import said_of


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("mqtt://192.0.2.4", 'mqtt:// does not belong to a host; write host = "192.0.2.4"'),
        ("tcp://192.0.2.4:1884", 'tcp:// does not belong to a host; write host = "192.0.2.4" and port = 1884'),
        (
            "mqtts://me:hunter2@broker.local:8883/x",
            'mqtts:// does not belong to a host; write host = "broker.local" and port = 8883, tls = true, username and password_file',
        ),
        ("192.0.2.4:1883", 'the port has a key of its own; write host = "192.0.2.4" and port = 1883'),
        ("[2001:db8::1]:1883", 'the port has a key of its own; write host = "2001:db8::1" and port = 1883'),
        ("[::1]", 'an address stands here without brackets; write "::1"'),
        (
            "ws://b/mqtt",
            "MQTT over websockets is not spoken here; write the host alone, and the port on which the broker speaks plain MQTT",
        ),
        ("http://b", "http:// leads to no broker; write the host alone, and the port on which the broker speaks plain MQTT"),
        (" ", "nothing but a space stands here; write the broker's name or address, or leave the line out for localhost"),
        (" localhost", "there is a space around 'localhost'; write \"localhost\""),
        ("me@broker", "a user stands before the @; write username and password_file, and here the host alone"),
        ("broker/mqtt", 'a path is no part of a host; write "broker"'),
        ("${BROKER}", "a file has no variables; write what ${BROKER} stands for"),
        ("my broker", "' ' stands in no name of a host; write a name such as broker.local, or an address such as 192.0.2.4"),
    ],
)
def test_a_host_is_a_name_and_no_more(tmp_path: Path, host: str, said: str) -> None:
    """An address with more in it is taken apart into the keys that it belongs to."""
    assert said_of(f'[mqtt.main]\nhost = "{host}"\n', tmp_path) == [f"2:8 mqtt.main.host: {said}"]


@pytest.mark.parametrize("host", ["localhost", "broker.local", "192.0.2.4", "::1", "fe80::1%eth0", "my-broker_2", "brücke.example"])
def test_a_host_that_may_be_one_is_fine(tmp_path: Path, host: str) -> None:
    """Names and addresses of both kinds, with the zone of one that is local."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[mqtt.main]\nhost = "{host}"\n')
    assert read(path).host_bound[0].settings.host == host  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("COM3", 'COM3 is a name of Windows; write one such as "/dev/ttyUSB0" (`gateway ports` lists them)'),
        ("ttyAMA0", 'a name without / is a part of a by-id name; write "/dev/ttyAMA0"'),
        ("dev/ttyUSB0", 'this path does not begin at /; write "/dev/ttyUSB0"'),
        ("/dev/ttyUSB0 ", "there is a space around '/dev/ttyUSB0'; write \"/dev/ttyUSB0\""),
        ("/dev", "/dev is a folder; write a device in it (`gateway ports` lists them)"),
    ],
)
def test_a_port_that_can_never_be_opened_is_a_problem(tmp_path: Path, port: str, said: str) -> None:
    """The name tells it, whatever is plugged in."""
    assert said_of(f'[serial.a]\nport = "{port}"\ncodec = "json"\nto = "twin/a"\n', tmp_path) == [f"2:8 serial.a.port: {said}"]


def test_one_port_under_two_names_is_refused(tmp_path: Path) -> None:
    """Two names are one where they lead to one device: the second says the name of the first, and its section."""
    near, far = os.openpty()
    try:
        name, link = os.ttyname(far), tmp_path / "usb-FTDI-if00-port0"
        link.symlink_to(name)
        text = (
            f'[serial.one]\nport = "{name}"\nto = "twin/a"\ncodec = "json"\n[serial.two]\nport = "{link}"\nto = "twin/b"\ncodec = "json"\n'
        )
        assert said_of(text, tmp_path) == [f'6:8 serial.two.port: "{link}" is the same as "{name}", already owned by serial.one (line 2)']
    finally:
        os.close(near)
        os.close(far)


def test_ports_of_other_computers(tmp_path: Path):
    """Two sections for one address, an address that is none, and a baud that is set elsewhere are told each at its key."""
    said = said_of(
        '[serial.a]\nport = "socket://bridge:1"\nto = "twin/a"\ncodec = "json"\n'
        '[serial.b]\nport = "rfc2217://Bridge:1/"\nto = "twin/b"\ncodec = "json"\n'
        '[serial.c]\nport = "socket://x"\nto = "twin/c"\ncodec = "json"\n'
        '[serial.d]\nport = "socket://x:1"\nbaud = 300\nto = "twin/d"\ncodec = "json"\n',
        tmp_path,
    )
    assert [line.partition(";")[0] for line in said] == [
        '6:8 serial.b.port: "rfc2217://Bridge:1/" is the same as "socket://bridge:1", already owned by serial.a (line 2)',
        "10:8 serial.c.port: socket://x has no host and number of a TCP port",
        "15:8 serial.d.baud: is without effect on socket://: such settings are made at its other end (rfc2217:// makes them from here, "
        "where that end speaks it)",
    ]
