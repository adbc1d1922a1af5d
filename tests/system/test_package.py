"""The Debian package, as `make deb` builds it and dpkg installs it, on a real systemd, without a network."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.registry import installed
from tests.system.broker_inside import start_broker, until_heard
from tests.system.conftest import INSTALL, Timed, measured
from tests.system.lab.container import Container
from tests.system.lab.debs import NEXT, built, later
from tests.system.lab.depot import wheel_of_depot
from tests.system.lab.places import build, why_no_container
from tests.system.lab.wheelhouse import PROJECT
from tests.system.meter import METERS, meter_on_pty

pytestmark = pytest.mark.container

TREES = {"bookworm": "root", "trixie": "trixie"}
LEFT = "find / -xdev -path /src -prune -o -path /proc -prune -o -iname '*gateway*' -print"
PACKAGES = PROJECT / "tests" / "system" / "lab" / "packages"


in_each_suite = pytest.mark.parametrize("suite", list(TREES), indirect=True, scope="session")
"""What depends on the Python and on the libraries of a release; what the package's own scripts do is tried in one."""


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest) -> str:
    """A release of Debian, whose tree is built."""
    if reason := why_no_container():
        pytest.skip(f"cannot have a container: {reason}")
    name = str(getattr(request, "param", "bookworm"))
    build("container" if name == "bookworm" else "trixie")
    return name


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


@in_each_suite
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
    host.sh("systemd-analyze security --threshold=20 gateway", limit_s=60)
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


@in_each_suite
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


@pytest.mark.parametrize(
    ("loss", "what"), [("groupdel --force gateway", "group"), ("userdel gateway && groupadd --system gateway", "user")]
)
def test_a_user_that_went_comes_back_by_the_line_of_the_doctor(host: Container, loss: str, what: str) -> None:
    """The package came as a file: apt has nowhere to take it from once more, and there is no network."""
    host.sh("dpkg --install /src/new.deb", limit_s=300)
    host.sh(f"gateway tell collection/x add key=a value=b && systemctl stop gateway && {loss}")
    (found,) = wrong_groups(host)
    assert found["text"] == f"there is no {what} gateway, and the service does not start without it"
    host.sh(found["mend"].replace("sudo ", ""))
    assert "b" in host.sh("gateway ask collection/x find key=a")
    assert wrong_groups(host) == []


def wrong_groups(host: Container) -> list[dict[str, str]]:
    """What the doctor finds wrong with the service's user and groups."""
    found = json.loads(host.try_sh("gateway doctor --json").out)
    return [one for one in found if (one["about"], one["level"]) == ("groups", "wrong")]


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


@pytest.fixture
def older(host: Container, package: Path, tmp_path: Path) -> Container:
    """A host on which the package runs; a later release of it, whose store has another shape, is /src/later.deb."""
    later(package, tmp_path / "later.deb")
    host.sh("dpkg --install /src/new.deb", limit_s=300)
    return host


def test_an_update_under_traffic_loses_nothing(suite: str, package: Path, tmp_path: Path) -> None:
    """Each line that a meter says while the package is replaced is published; the gateway that ran is stopped when all else is done."""
    (tmp_path / "new.deb").write_bytes(package.read_bytes())
    later(package, tmp_path / "later.deb")
    with meter_on_pty() as (meter, port), Container(tmp_path, binds=[f"{port}:/dev/ttyS1"], tree=TREES[suite]) as host:
        host.sh("dpkg --install /src/new.deb", limit_s=300)
        host.put(METERS, "/etc/gateway/gateway.toml")
        start_broker(host)
        host.sh("systemctl restart gateway")
        meter.until_acknowledged(meter.send(1000), limit_s=300)
        with subprocess.Popen(host.words("dpkg --install /src/later.deb < /dev/null 2>&1"), stdout=subprocess.PIPE, text=True) as update:
            while update.poll() is None:
                meter.until_acknowledged(meter.send(10), limit_s=300)
            said = update.stdout.read() if update.stdout else ""
        assert update.returncode == 0, said
        last = meter.send(10)
        meter.until_acknowledged(last, limit_s=300)
        until_heard(host, "boiler", set(range(1, max(last) + 1)), limit_s=300)
        assert host.sh("gateway --version") == f"gateway {NEXT}\n"
        assert host.sh("systemctl is-active gateway; ls /var/backups/gateway | wc -l; ls /etc/gateway").split() == [
            *("active", "1", "actors", "gateway.toml"),
        ]
        stopped, ready = (float(line.split()[0]) for line in host.sh(SILENCE).splitlines())
        measured("the silence of an update", ready - stopped)
        assert ready > stopped > float(host.sh("stat --format=%Y /usr/lib/gateway/compiled")), said


SILENCE = "journalctl --unit=gateway --output=short-unix --no-pager | grep -E 'stopping: |ready: ' | tail -n 2"


def test_an_older_package_refuses_in_words(older: Container) -> None:
    """It changes nothing, says which copy to go back to, and takes its place once that was put back."""
    older.sh("gateway tell collection/x add key=a value=b && dpkg --install /src/later.deb < /dev/null", limit_s=300)
    older.sh("gateway tell collection/x add key=c value=d")
    done = older.try_sh("dpkg --install /src/new.deb < /dev/null", limit_s=300)
    assert done.code == 1
    said = done.err.splitlines()
    assert (
        f"cannot go back from {NEXT} to 0.1.0, and nothing was changed: what {NEXT} has written into the store, 0.1.0 may not read." in said
    )
    copy = older.sh("ls /var/backups/gateway/gateway-0.1.0-*").strip()
    assert f"the copy to go back to: {copy}, which is what it was before {NEXT} came" in said
    assert older.sh("systemctl is-active gateway; gateway --version") == f"active\ngateway {NEXT}\n"
    older.sh(
        f"systemctl stop gateway && gateway restore {copy} && GATEWAY_DOWNGRADE=1 dpkg --install /src/new.deb < /dev/null", limit_s=300
    )
    assert older.sh("systemctl is-active gateway; true") == "inactive\n", "what a person has stopped stays so"
    older.sh("systemctl start gateway")
    assert "b" in older.sh("gateway ask collection/x find key=a")


def test_a_configuration_with_mistakes_stops_no_update(older: Container) -> None:
    """All of it is in place, the gateway that ran goes on, and what is to be mended is said."""
    older.sh("echo '[serial.a]' >> /etc/gateway/gateway.toml")
    pid = older.sh("systemctl show --property=MainPID gateway")
    done = older.try_sh("dpkg --install /src/later.deb < /dev/null", limit_s=300)
    assert done.code == 0
    assert "serial.a" in done.err
    assert "  note: mend them, then sudo systemctl restart gateway\n" in done.out
    assert older.sh("systemctl show --property=MainPID gateway") == pid
    assert older.sh("dpkg --audit") == ""
    older.sh("systemctl restart gateway; true")
    assert "already" not in older.sh("dpkg --install /src/later.deb < /dev/null && dpkg --audit", limit_s=300)
    older.sh("sed -i '/serial.a/d' /etc/gateway/gateway.toml && systemctl restart gateway")


def test_it_takes_over_what_make_install_has_put_there(share: Path, package: Path, tmp_path: Path) -> None:
    """Its configuration and its store go on, its program and its unit are gone."""
    with Container(share, binds=[f"{package}:/package.deb"]) as host:
        host.sh(INSTALL, limit_s=400)
        host.sh("echo '[actors.twin]' >> /etc/gateway/gateway.toml && systemctl start gateway")
        host.sh("gateway tell collection/x add key=a value=b && sha256sum /etc/gateway/gateway.toml > /tmp/sum")
        said = host.sh("dpkg --install /package.deb 2>&1 < /dev/null", limit_s=300)
        assert "taking over the gateway that make install has put on this host" in said
        host.sh("sha256sum --check /tmp/sum")
        assert (
            host.sh("systemctl is-active gateway; systemctl is-enabled gateway; command -v gateway")
            == "active\nenabled\n/usr/bin/gateway\n"
        )
        assert "b" in host.sh("gateway ask collection/x find key=a")
        assert host.sh("readlink /proc/$(systemctl show --property=MainPID --value gateway)/cwd; ls /opt; ls /etc/gateway").split() == [
            *("/run/gateway", "actors", "gateway.toml"),
        ]
        refused = host.try_sh(INSTALL)
        assert refused.err.startswith("cannot install: the package pi-device-gateway is on this host: ")
        before = host.sh(
            "dpkg --purge pi-device-gateway; find / -xdev -path /src -prune -o -path /proc -prune -o -iname '*gateway*' -print"
        )
        assert "/opt" not in before


def test_apt_installs_it_from_a_signed_tree(suite: str, package: Path, tmp_path: Path) -> None:
    """The tree that `make apt-repo` makes, over the network; a tree that was signed by nobody is refused there."""
    subprocess.run([PACKAGES, "apt-utils", "gpg", "gpg-agent"], check=True, capture_output=True)
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / package.name).write_bytes(package.read_bytes())
    environ = {**os.environ, "GNUPGHOME": str(tmp_path / "keys"), "DIST": str(tmp_path / "dist")}
    making = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "lab@lab.invalid", "ed25519", "sign", "never"]
    subprocess.run(making, check=True, capture_output=True, env=environ)
    subprocess.run([APT_REPO, "lab@lab.invalid"], check=True, capture_output=True, env=environ)
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True, env=environ)
    source = f"deb [signed-by=/usr/share/keyrings/pi-device-gateway.gpg] http://127.0.0.1:8000 {suite} main"
    with Container(tmp_path / "dist", tree=TREES[suite]) as host:
        host.sh("systemd-run --quiet --unit=tree --working-directory=/src/apt python3 -m http.server --bind 127.0.0.1 8000")
        host.sh(f"rm -f /etc/apt/sources.list && echo '{source}' > /etc/apt/sources.list.d/gateway.list")
        host.until('python3 -c \'import socket; socket.create_connection(("127.0.0.1", 8000)); print("listens")\'', "listens")
        assert host.try_sh("apt-get update --error-on=any").code != 0, "it has no key yet"
        host.sh("mkdir -p /usr/share/keyrings && cp /src/apt/pi-device-gateway.gpg /usr/share/keyrings/ && apt-get update --error-on=any")
        host.sh("DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends pi-device-gateway", limit_s=300)
        assert host.sh("systemctl is-active gateway") == "active\n"


APT_REPO = PROJECT / "systemd" / "debian" / "apt-repo"


@pytest.mark.parametrize(
    ("key", "error"), [("", "there is no key to sign it with; "), ("nobody@lab.invalid", "gpg has no secret key nobody@")]
)
def test_a_tree_without_a_key_is_refused_in_words(key: str, error: str, tmp_path: Path) -> None:
    """Nothing is made that apt would refuse."""
    environ = {**os.environ, "DIST": str(tmp_path), "GNUPGHOME": str(tmp_path)}
    done = subprocess.run([APT_REPO, *key.split()], capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 1
    assert done.stderr.startswith(f"cannot make a tree for apt: {error}")
    assert not (tmp_path / "apt").exists()


def test_a_package_of_ones_own_is_added_behind_ours(host: Container, tmp_path: Path) -> None:
    """It says what came; it is there for the service, and after the package is installed anew; a purge takes it."""
    wheel_of_depot(tmp_path)
    host.sh("dpkg --install /src/new.deb && useradd ann", limit_s=300)
    refused = host.try_sh("runuser -u ann -- gateway add /src/depot-1-py3-none-any.whl")
    assert (refused.code, refused.err) == (
        77,
        "gateway: cannot add a package: this user may not write to /usr/lib/gateway; sudo gateway add /src/depot-1-py3-none-any.whl\n",
    )
    absent = host.try_sh("gateway add /src/absent.whl")
    assert (absent.code, absent.err.startswith("gateway: cannot add /src/absent.whl: there is no such ")) == (1, True)
    said = host.sh("gateway add /src/depot-1-py3-none-any.whl")
    assert said == "actor depot\nsudo systemctl restart gateway takes it over\n"
    host.sh("systemctl restart gateway && gateway tell depot/north deliver parcels=3")
    host.sh("dpkg --install /src/new.deb", limit_s=300)
    assert '"parcels":3' in host.sh("gateway show depot/north --json").replace(" ", "")
    host.sh("dpkg --purge pi-device-gateway")
    assert host.try_sh("ls -d /usr/local/lib/gateway").out == ""
