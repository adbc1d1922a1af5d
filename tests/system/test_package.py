"""The Debian package, as `make deb` builds it and dpkg installs it, on a real systemd, without a network."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.registry import installed
from tests.system.conftest import Timed
from tests.system.lab.container import Container
from tests.system.lab.debs import built
from tests.system.lab.places import build, why_no_container
from tests.system.lab.wheelhouse import PROJECT

pytestmark = pytest.mark.container

TREES = {"bookworm": "root", "trixie": "trixie"}
LEFT = "find / -xdev -path /src -prune -o -path /proc -prune -o -iname '*gateway*' -print"
PACKAGES = PROJECT / "tests" / "system" / "lab" / "packages"


@pytest.fixture(scope="session", params=list(TREES))
def suite(request: pytest.FixtureRequest) -> str:
    """A release of Debian, whose tree is built."""
    if reason := why_no_container():
        pytest.skip(f"cannot have a container: {reason}")
    build("container" if request.param == "bookworm" else "trixie")
    return str(request.param)


@pytest.fixture(scope="session")
def package(suite: str) -> Path:
    """The package for this host's processor."""
    with Timed(f"the package for {suite}"):
        (found,) = built(f"{suite}-amd64")
    return found


@pytest.fixture
def host(suite: str, package: Path, tmp_path: Path) -> Iterator[Container]:
    """A host that never heard of the gateway, with the package at /src/new.deb."""
    (tmp_path / "new.deb").write_bytes(package.read_bytes())
    with Container(tmp_path, tree=TREES[suite]) as container:
        yield container


def test_installed_started_removed_and_purged(host: Container) -> None:
    """It runs when dpkg is done; a removal leaves what is the user's, and a purge nothing at all."""
    before = host.sh(LEFT)
    accounts = host.sh("getent passwd; getent group | grep -v ^gpio")
    said = host.sh("dpkg --install /src/new.deb 2>&1", limit_s=300)
    assert "cannot" not in said
    assert host.sh("systemctl is-active gateway; systemctl is-enabled gateway") == "active\nenabled\n"
    kinds = len(installed().ordinary.names)
    assert host.sh("gateway check") == f"fine: 0 devices, {kinds} kinds of actors in /etc/gateway/gateway.toml\n"
    assert ": well; " in host.sh("gateway show")
    assert host.sh("dpkg-query --show --showformat='${Conffiles}' pi-device-gateway").split()[0] == "/etc/gateway/gateway.toml"
    assert host.sh("dpkg --verify pi-device-gateway | grep -v /usr/share; true") == ""
    host.sh("gateway tell collection/x add key=a value=b && useradd ann && usermod --append --groups gateway ann")
    host.sh("dpkg --remove pi-device-gateway")
    assert host.try_sh("systemctl is-active gateway").out == "inactive\n"
    assert host.sh("ls -d /usr/lib/gateway /usr/bin/gateway 2> /dev/null; ls /etc/gateway /var/lib/gateway/gateway.db").split() == [
        "/var/lib/gateway/gateway.db",
        "/etc/gateway:",
        "gateway.toml",
    ]
    host.sh("dpkg --install /src/new.deb", limit_s=300)
    assert "b" in host.sh("gateway ask collection/x find key=a")
    host.sh("dpkg --purge pi-device-gateway && userdel ann")
    assert set(host.sh(LEFT).split()) <= set(before.split())
    assert host.sh("getent passwd; getent group | grep -v ^gpio") == accounts


def test_it_needs_nothing_of_the_host_but_python(host: Container) -> None:
    """No pip, no network, no other packages of Python's: those of the host are not seen, but for the two that have no wheels."""
    host.sh("dpkg --install /src/new.deb", limit_s=300)
    seen = host.sh("/usr/lib/gateway/bin/python -P -c 'import sys; print(*sys.path)'").split()
    assert [one for one in seen if "packages" in one] == [one for one in seen if one.startswith("/usr/lib/gateway/")]
    host.sh("/usr/lib/gateway/bin/python -c 'import systemd.journal, gateway, devices'")
    host.sh("mkdir -p /usr/lib/python3/dist-packages && echo 'there = 1' > /usr/lib/python3/dist-packages/lgpio.py")
    host.sh("/usr/lib/gateway/bin/python -c 'import lgpio; lgpio.there'")
    assert "No module" in host.try_sh("/usr/lib/gateway/bin/python -c 'import pip'").err
    assert "nothing is missing, nothing is double" in host.sh("cd /tmp && gateway demo --seconds 5 --quiet 2>&1")


def test_all_is_compiled_when_it_is_installed(host: Container) -> None:
    """Neither the service nor the command line compiles anything when it starts, and what Python brings anew is compiled again."""
    host.sh("dpkg --install /src/new.deb", limit_s=300)
    anew = """PYTHONVERBOSE=1 gateway kinds 2>&1 | grep "^# code object from '.*py'" | head -n 3; true"""
    assert host.sh(anew) == ""
    count = "find /usr/lib/gateway/compiled -name '*.pyc' | wc -l"
    there = int(host.sh(count))
    assert there > 1000
    python = host.sh("readlink /usr/lib/gateway/bin/python | xargs basename").strip()
    host.sh(f"rm -rf /usr/lib/gateway/compiled && dpkg-trigger --by-package={python} /usr/lib/{python} && dpkg --triggers-only --pending")
    assert int(host.sh(count)) == there


def test_lintian_finds_no_error(package: Path) -> None:
    """Debian's own judge of packages."""
    subprocess.run([PACKAGES, "lintian"], check=True, capture_output=True)
    said = subprocess.run(["lintian", "--fail-on=error", str(package)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_the_same_sources_make_the_same_bytes(suite: str, package: Path, tmp_path: Path) -> None:
    """Built again elsewhere, by whom it may be."""
    (again,) = built(f"{suite}-amd64", folder=tmp_path)
    assert again.read_bytes() == package.read_bytes()
    assert package.stat().st_size < 6.5e6
