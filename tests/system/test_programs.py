"""A program of [exec.NAME] under the service's hardening: it can be started, hears of USB devices, and ends with the service."""

import json

import pytest

from tests.system.lab.container import Container

pytestmark = pytest.mark.container

CONFIG = "/etc/gateway/gateway.toml"
FILE = """
[exec.weather]
command = ["rtl_433", "-F", "json"]
to = "twin/{model}-{id}"
coalesce_s = 5
"""
RADIO = """#!/usr/bin/python3
import json, os, signal, socket, sys
print("Found Rafael Micro R820T tuner", file=sys.stderr)
hotplug = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)  # as libusb does, and ends where it may not
groups = [name for name in os.popen("id -Gn").read().split()]
for _ in range(3):
    print(json.dumps({"model": "Nexus-TH", "id": 5, "temperature_C": 21.5, "usb": "plugdev" in groups, "words": len(sys.argv)}), flush=True)
signal.pause()
"""


def test_a_radio_s_program_runs_in_the_service_and_ends_with_it(host: Container) -> None:
    """By its name, found on the service's PATH; what it complains of is in the journal; nothing of it is left after a stop."""
    host.put(FILE, CONFIG)
    assert "cannot start rtl_433: there is no such program on the PATH" in host.try_sh("/opt/gateway/bin/gateway check").err
    host.put(RADIO, "/usr/local/bin/rtl_433")
    host.sh("chmod 755 /usr/local/bin/rtl_433")
    host.sh("systemctl start gateway")
    host.until("/opt/gateway/bin/gateway show twin", "twin/Nexus-TH-5")
    values = json.loads(host.sh("/opt/gateway/bin/gateway ask twin/Nexus-TH-5 read --json"))["values"]
    assert {name: value["value"] for name, value in values.items()} == {"temperature_C": 21.5, "usb": True, "words": 3}
    assert "rtl_433 runs as process" in host.sh("/opt/gateway/bin/gateway show")
    assert "exec/weather: Found Rafael Micro R820T tuner" in host.sh("journalctl --unit=gateway --output=cat --no-pager")
    pid = host.sh("pgrep -u gateway -f rtl_433").strip()
    host.sh(f"kill -9 {pid}")
    host.until("/opt/gateway/bin/gateway show", "rtl_433 runs as process")
    host.sh("systemctl stop gateway")
    assert host.try_sh("pgrep -u gateway").out == ""
    assert "Result=success" in host.sh("systemctl show --property=Result gateway")
