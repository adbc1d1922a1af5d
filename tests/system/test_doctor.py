"""`gateway doctor` on an installed host where faults were planted: each is found, with the line that mends it, and that line mends it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.system.lab.container import Container
from tests.system.meter import meter_on_pty

pytestmark = pytest.mark.container

CONFIG = "/etc/gateway/gateway.toml"
FILE = """
[serial.meters]
port = "/dev/ttyLAB0"
codec = "json"
to = "twin/{device}"
[mqtt.main]
host = "localhost"
username = "gateway"
password_file = "/etc/gateway/password"
"""
SECOND = """
[gateway]
control_socket = "/run/two.sock"
[store]
path = "/root/two.db"
[serial.meters]
port = "/dev/ttyLAB0"
codec = "json"
to = "twin/{device}"
"""


def doctor(host: Container) -> list[Any]:
    """What it finds wrong."""
    found: list[Any] = json.loads(host.try_sh("gateway doctor --json").out)
    return [one for one in found if one["level"] == "wrong"]


def test_what_was_planted_on_an_installed_host_is_found(installed: Path) -> None:
    """A wrong group, a secret that nobody may read, a broker that is away, a clock that nobody has set, a disk without room, and a second
    gateway by hand."""
    with meter_on_pty() as (_, port), Container(installed, binds=[f"{port}:/dev/ttyLAB0"]) as host:
        host.sh("tar -C / -xf /src/installed.tar && systemctl daemon-reload")
        host.put(FILE, CONFIG)
        host.put(SECOND, "/root/two.toml")
        host.sh("chown root:root /dev/ttyLAB0 && chmod 600 /dev/ttyLAB0")
        host.sh("install -m 600 /dev/null /etc/gateway/password && echo hunter2 > /etc/gateway/password")
        host.sh("mkdir -p /var/lib/gateway && mount -t tmpfs -o size=60m none /var/lib/gateway && chown gateway /var/lib/gateway")
        host.sh("systemctl start gateway")
        host.sh("cd /root && (gateway run --config /root/two.toml > /root/two.log 2>&1 &)")
        host.until("cat /root/two.log", "ready: life")
        found = {one["about"]: one for one in doctor(host)}
        assert "the user gateway may not open /dev/ttyLAB0 (it is root's, mode 600)" in found["serial/meters"]["text"]
        assert "sudo tee /etc/udev/rules.d/99-serial.rules" in found["serial/meters"]["mend"]
        secret = found["mqtt.main.password_file"]
        assert secret["text"] == "the service runs as gateway, who may not read /etc/gateway/password"
        assert found["mqtt/main"]["mend"] == "sudo apt install mosquitto && sudo systemctl enable --now mosquitto"
        assert found["clock"]["mend"].startswith("sudo timedatectl set-ntp true")
        assert "are free where the store is (/var/lib/gateway)" in found["disk"]["text"]
        assert "(/root/two.toml), and both want /dev/ttyLAB0" in found["gateways"]["text"]
        host.sh(secret["mend"].replace("sudo ", ""))
        host.sh(found["gateways"]["mend"].partition(",")[0].replace("sudo ", ""))
        host.until("pgrep --full '[r]un --config /root/two.toml' || echo gone", "gone")
        left = {one["about"] for one in doctor(host)}
        assert left.isdisjoint({"mqtt.main.password_file", "gateways"})
        assert "serial/meters" in left
