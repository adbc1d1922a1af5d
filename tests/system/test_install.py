"""`systemd/install` and `systemd/uninstall`, run for real, without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.registry import installed
from tests.system.conftest import INSTALL
from tests.system.lab.container import Container

pytestmark = pytest.mark.container


@pytest.fixture
def bare(share: Path) -> Iterator[Container]:
    """A host of Debian 12 that never heard of the gateway."""
    with Container(share) as container:
        yield container


def test_installed_twice_started_and_removed(bare: Container) -> None:
    """Installing needs no network, may be repeated, overwrites no configuration, and can be undone without losing the store."""
    said = bare.sh(INSTALL, limit_s=300)
    assert "- putting the program into /opt/gateway\n" in said
    assert "installed. Next:\n" in said
    assert bare.sh("systemctl is-enabled gateway") == "enabled\n"
    kinds = len(installed().ordinary.names)
    assert bare.sh("gateway check") == f"fine: 0 devices, {kinds} kinds of actors in /etc/gateway/gateway.toml\n"

    bare.sh("systemctl start gateway")
    bare.sh("echo '[actors.twin]' >> /etc/gateway/gateway.toml")
    before = bare.sh("systemctl show --property=MainPID gateway; sha256sum /etc/gateway/gateway.toml")
    bare.sh(INSTALL, limit_s=300)
    after = bare.sh("systemctl show --property=MainPID gateway; sha256sum /etc/gateway/gateway.toml")
    assert before.split()[0] != after.split()[0], "an update restarts a gateway that runs"
    assert before.split()[1] == after.split()[1]
    assert bare.sh("systemctl is-active gateway") == "active\n"
    assert bare.sh("find /src/gateway -user root -newer /etc/gateway/gateway.toml") == ""

    kept = bare.sh("/src/gateway/systemd/uninstall")
    assert kept.splitlines()[-1] == "kept: /etc/gateway, /var/lib/gateway and the user gateway (--purge removes them)"
    assert bare.sh("ls /etc/gateway /var/lib/gateway").split()[:3] == ["/etc/gateway:", "actors", "gateway.toml"]
    assert bare.sh("ls -d /usr/local/bin/gateway /opt/gateway /etc/systemd/system/gateway.service 2>/dev/null || true") == ""

    bare.sh("/src/gateway/systemd/uninstall --purge")
    assert bare.sh("ls -d /etc/gateway /var/lib/gateway 2>/dev/null; getent passwd gateway; getent group gateway; true") == ""

    bare.sh("groupadd --system gateway")  # as an earlier uninstall left it
    bare.sh(INSTALL, limit_s=300)
    bare.sh("useradd --create-home ann && usermod --append --groups gateway ann && /src/gateway/systemd/uninstall --purge")
    bare.sh(INSTALL, limit_s=300)
    assert bare.sh("systemctl start gateway && systemctl is-active gateway") == "active\n"
