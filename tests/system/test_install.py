"""`systemd/install` and `systemd/uninstall`, run for real, without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.registry import installed
from tests.system.conftest import INSTALL
from tests.system.lab.container import Container
from tests.system.lab.depot import wheel_of_depot

pytestmark = pytest.mark.container

UNINSTALL = "/src/gateway/systemd/uninstall"
OURS = (
    "/opt/gateway /usr/local/bin/gateway /etc/systemd/system/gateway.service /etc/systemd/system/multi-user.target.wants/gateway.service "
    "/usr/local/share/bash-completion/completions/gateway /etc/modules-load.d/gateway.conf /etc/udev/rules.d/60-gateway.rules"
)
YOURS = "/etc/gateway /var/lib/gateway"


@pytest.fixture(scope="module")
def bare(share: Path) -> Iterator[Container]:
    """A host of Debian 12 that never heard of the gateway. Each test leaves it as it was."""
    with Container(share) as container:
        yield container


@pytest.fixture
def unpacked(installed: Path, bare: Container) -> Iterator[Container]:
    """The same with the files of an installation: it takes a second, and an installation half a minute."""
    bare.sh("tar -C / -xf /src/installed.tar && systemctl daemon-reload")
    yield bare
    bare.sh(f"{UNINSTALL} --purge")


def left(host: Container, paths: str) -> list[str]:
    """Which of some paths there are."""
    return host.sh(f"ls -d {paths} 2>/dev/null || true").split()


def test_installed_twice_started_and_removed(bare: Container) -> None:
    """Installing needs no network, may be repeated, overwrites no configuration, and can be undone without losing the store."""
    said = bare.sh(INSTALL, limit_s=300)
    assert said.startswith("installing the gateway:\n  the program goes into /opt/gateway,")
    assert "installed. Next:\n  1. describe your devices:    sudo nano /etc/gateway/gateway.toml\n" in said
    assert bare.sh("systemctl is-enabled gateway") == "enabled\n"
    kinds = len(installed().ordinary.names)
    assert bare.sh("gateway check") == f"fine: 0 devices, {kinds} kinds of actors in /etc/gateway/gateway.toml\n"

    bare.sh("systemctl start gateway")
    bare.sh("echo '[actors.twin]' >> /etc/gateway/gateway.toml")
    before = bare.sh("systemctl show --property=MainPID gateway; sha256sum /etc/gateway/gateway.toml")
    said = bare.sh(INSTALL, limit_s=300)
    assert "  the configuration /etc/gateway/gateway.toml is yours already, and stays as it is\n" in said
    assert said.endswith("  the gateway that ran is restarted with the new program\ninstalled, and running\n")
    assert "  the store as it is now is copied into /var/backups/gateway, which keeps the last two copies" in said
    after = bare.sh("systemctl show --property=MainPID gateway; sha256sum /etc/gateway/gateway.toml")
    assert before.split()[0] != after.split()[0], "an update restarts a gateway that runs"
    assert before.split()[1] == after.split()[1]
    assert bare.sh("systemctl is-active gateway") == "active\n"
    assert bare.sh("find /src/gateway -user root -newer /etc/gateway/gateway.toml") == ""
    assert set(left(bare, OURS)) == set(OURS.split())

    said = bare.sh(UNINSTALL)
    kept = "your configuration in /etc/gateway, the store in /var/lib/gateway, the user gateway"
    assert said.endswith(f"kept: {kept} (sudo make uninstall ARGS=--purge removes that too)\n")
    assert left(bare, f"{OURS} {YOURS}") == YOURS.split()
    assert bare.sh("ls /etc/gateway /var/lib/gateway").split()[:3] == ["/etc/gateway:", "actors", "gateway.toml"]
    bare.sh(f"{UNINSTALL} --purge")
    assert left(bare, f"{OURS} {YOURS}") == []
    assert bare.sh("getent passwd gateway; getent group gateway; systemctl list-units --all --no-legend 'gateway*'; true") == ""


def test_an_update_that_the_configuration_does_not_fit_leaves_the_gateway_running(unpacked: Container) -> None:
    """Restarted, it would end, and nobody would be there to see it."""
    unpacked.sh("systemctl start gateway && echo '[serial.a]' >> /etc/gateway/gateway.toml")
    pid = unpacked.sh("systemctl show --property=MainPID gateway")
    done = unpacked.try_sh(INSTALL, limit_s=300)
    assert done.code == 1
    assert "serial.a" in done.err
    assert done.err.splitlines()[-1] == (
        "cannot install: the new program is in place, and finds problems in the configuration, see above: mend them, then "
        "sudo systemctl restart gateway"
    )
    assert unpacked.sh("systemctl show --property=MainPID gateway") == pid


def test_a_secret_that_the_service_may_not_read_is_named(unpacked: Container) -> None:
    """Root may read it, and would not see that the gateway cannot."""
    unpacked.sh("install -m 600 /dev/null /etc/gateway/password && echo hunter2 > /etc/gateway/password")
    text = '[mqtt.main]\\nusername = "u"\\npassword_file = "/etc/gateway/password"\\n'
    unpacked.sh(f"printf '{text}' >> /etc/gateway/gateway.toml")
    done = unpacked.try_sh("gateway check")
    assert done.code == 1
    assert "the service runs as gateway, who may not read /etc/gateway/password; sudo chgrp gateway /etc/gateway/password && " in done.err
    unpacked.sh("chgrp gateway /etc/gateway/password; chmod g+r /etc/gateway/password; gateway check")


@pytest.mark.parametrize(
    ("shut", "said"),
    [
        ("chmod 600 /etc/gateway/gateway.toml", "who may not read /etc/gateway/gateway.toml; "),
        ("chmod 700 /etc/gateway", "who may not enter /etc/gateway, where /etc/gateway/gateway.toml is; "),
        ("echo 'import os' > /etc/gateway/actors/x.py; chmod 600 /etc/gateway/actors/x.py", "who may not read /etc/gateway/actors/x.py; "),
        ("chmod 700 /etc/gateway/actors", "who may not read /etc/gateway/actors; "),
    ],
)
def test_what_the_service_reads_first_and_may_not_keeps_it_from_starting(unpacked: Container, shut: str, said: str) -> None:
    """Root may read it, and an update that believed root would restart a gateway that runs into one that does not start."""
    unpacked.sh("systemctl start gateway")
    unpacked.sh(shut)
    checked = unpacked.try_sh("gateway check")
    assert checked.code == 78
    assert checked.err.startswith("cannot start: 1 problem in /etc/gateway/gateway.toml\n")
    assert f"the service runs as gateway, {said}" in checked.err
    assert unpacked.try_sh("systemctl restart gateway").code == 1
    unpacked.sh(checked.err.rpartition("; ")[2].replace("sudo ", ""))
    unpacked.sh("rm -f /etc/gateway/actors/x.py; gateway check; systemctl restart gateway")


def test_a_secret_in_a_folder_that_the_service_may_not_enter_is_named_to_everybody(unpacked: Container) -> None:
    """By the modes of what is there: who asks need be neither root nor the service."""
    unpacked.sh("echo hunter2 > /root/password && chmod 644 /root/password && useradd anna")
    unpacked.sh('printf \'[mqtt.main]\\nusername = "u"\\npassword_file = "/root/password"\\n\' >> /etc/gateway/gateway.toml')
    for who in ("root", "anna"):
        done = unpacked.try_sh(f"su {who} -c 'gateway check'")
        assert done.code == 1
        assert "the service runs as gateway, who may not enter /root, where /root/password is; move the file into /etc/gateway" in done.err
    unpacked.sh("mkdir --mode=755 --parents /home/anna && mv /root/password /home/anna")
    unpacked.sh("sed -i 's|/root/|/home/anna/|' /etc/gateway/gateway.toml")
    done = unpacked.try_sh("gateway check")
    assert done.code == 1
    assert "the unit hides /home from the service, and /home/anna/password with it; move the file into /etc/gateway" in done.err
    unpacked.sh("userdel anna; rm -r /home/anna")


def test_a_store_where_the_unit_lets_nobody_write_is_named_with_what_lets_it(unpacked: Container) -> None:
    """The folder is the service's own, and all the same it sees it read-only; with the drop-in it starts."""
    unpacked.sh("mkdir --parents /srv/store && chown gateway /srv/store")
    unpacked.sh("sed -i 's|^\\[store\\]|&\\npath = \"/srv/store/gateway.db\"|' /etc/gateway/gateway.toml")
    checked = unpacked.try_sh("gateway check")
    assert checked.code == 78
    assert (
        "store.path: the unit keeps the service from writing to /srv/store; sudo systemctl edit gateway, there [Service] and "
        in checked.err
    )
    assert unpacked.try_sh("systemctl start gateway").code == 1
    assert "a service writes where its unit lets it: " in unpacked.sh("systemctl stop gateway; journalctl --unit=gateway --output=cat")
    folder = "/etc/systemd/system/gateway.service.d"
    unpacked.sh(f"mkdir {folder} && printf '[Service]\\nReadWritePaths=/srv/store\\n' > {folder}/store.conf && systemctl daemon-reload")
    unpacked.sh("gateway check && systemctl start gateway && ls /srv/store/gateway.db && rm -r /srv/store")


def test_an_update_keeps_the_last_two_copies_of_the_store(unpacked: Container) -> None:
    """Made by the program that was there, of a gateway that runs or of one that is stopped; where none can be made, nothing is changed."""
    copies = "ls -1tr /var/backups/gateway"
    unpacked.sh("systemctl start gateway && gateway tell collection/x add key=a value=b && systemctl stop gateway")
    unpacked.sh("install -d -m 0700 /var/backups/gateway && touch -d yesterday /var/backups/gateway/gateway-1.db")
    unpacked.sh(COPY)
    first = unpacked.sh(copies).split()
    assert first[0] == "gateway-1.db"
    assert len(first) == 2
    unpacked.sh(f"mv /var/backups/gateway/{first[1]} /var/backups/gateway/gateway-2.db && systemctl start gateway")
    unpacked.sh(COPY)
    assert unpacked.sh(copies).split()[0] == "gateway-2.db"
    assert len(unpacked.sh(copies).split()) == 2
    assert unpacked.sh("stat -c %a:%U /var/backups/gateway").strip() == "700:root"
    newest = unpacked.sh(copies).split()[-1]
    unpacked.sh(f"systemctl stop gateway && gateway forget collection/x --yes; gateway restore /var/backups/gateway/{newest}")
    unpacked.sh("systemctl start gateway")
    assert "b" in unpacked.sh("gateway ask collection/x find key=a")
    unpacked.sh("mount -t tmpfs -o size=4k tmpfs /var/backups/gateway")
    done = unpacked.try_sh(COPY)
    unpacked.sh("umount /var/backups/gateway")
    assert done.code == 1
    assert "cannot install: no copy of the store can be kept, and nothing was changed: " in done.err
    assert "systemctl" not in unpacked.sh(f"{UNINSTALL} --purge; ls /var/backups/gateway 2>&1; true")
    assert left(unpacked, "/var/backups/gateway") == []


@pytest.mark.parametrize(
    "before",
    [
        "groupadd --system gateway",
        "groupadd gateway && useradd --create-home anna && usermod --append --groups gateway anna",
        "useradd --system --home-dir /var/lib/gateway --gid nogroup gateway",
        "groupadd gpio",
    ],
)
def test_whoever_is_there_before_is_no_obstacle(bare: Container, before: str) -> None:
    """The user gateway, the group, both or neither: what an earlier installation left, or another made."""
    bare.sh(before)
    bare.sh(ACCOUNTS)
    assert bare.sh("id --name --user gateway; getent group gateway | cut -d: -f1") == "gateway\ngateway\n"
    bare.sh(f"{UNINSTALL} --purge")
    assert bare.sh("getent passwd gateway; getent group gateway; true") == ""
    bare.sh("userdel --remove anna 2>/dev/null; groupdel gpio 2>/dev/null; true")


SYSTEMD = UNINSTALL.removesuffix("uninstall")
COPY = f"""{{ sed -n '/^prefix=/p' {SYSTEMD}install; echo '. {SYSTEMD}parts'; \
    sed -n '/^fail/p; /WITHOUT_COPY-/,/^fi/p' {SYSTEMD}install; }} | sh -eu"""
"""The step of install that copies the store, alone."""
ACCOUNTS = f"systemd-sysusers {SYSTEMD}gateway.sysusers"
"""That step of install, alone."""


def test_a_purge_takes_nobody_who_was_there_before(bare: Container) -> None:
    """Anybody may be called gateway."""
    bare.sh(f"useradd --create-home gateway && {ACCOUNTS}")
    assert "kept: the user gateway, who is somebody else\n" in bare.sh(f"{UNINSTALL} --purge")
    assert bare.sh("ls -d /home/gateway && getent passwd gateway | cut -d: -f6") == "/home/gateway\n/home/gateway\n"
    bare.sh("userdel --remove gateway 2>/dev/null")


def test_another_command_of_the_name_stays(unpacked: Container) -> None:
    """What is not ours is neither replaced nor removed."""
    unpacked.sh("rm /usr/local/bin/gateway && echo other > /usr/local/bin/gateway")
    assert "  note: /usr/local/bin/gateway is something else's and stays as it is;" in unpacked.sh(INSTALL, limit_s=300)
    unpacked.sh(UNINSTALL)
    assert unpacked.sh("cat /usr/local/bin/gateway && rm /usr/local/bin/gateway") == "other\n"


def test_a_package_of_ones_own_is_added_to_an_installation(unpacked: Container, installed: Path) -> None:
    """By its own pip, into its own folder: it is there for the service, which it says how to start anew."""
    wheel_of_depot(installed)
    unpacked.sh("systemctl start gateway")
    assert unpacked.sh("gateway add /src/depot-1-py3-none-any.whl") == "actor depot\nsudo systemctl restart gateway takes it over\n"
    unpacked.sh("systemctl restart gateway && gateway tell depot/north deliver parcels=3")
    assert '"parcels":3' in unpacked.sh("gateway show depot/north --json").replace(" ", "")


@pytest.mark.parametrize(
    ("words", "error"),
    [("--perge", "unknown option --perge; there is --purge"), ("--purge now", "too many words; there is --purge, and nothing else")],
)
def test_what_is_misspelled_removes_nothing(bare: Container, words: str, error: str) -> None:
    """The words are read before anything is done."""
    done = bare.try_sh(f"{UNINSTALL} {words}")
    assert (done.code, done.out, done.err) == (1, "", f"cannot uninstall: {error}\n")


def test_removed_where_there_is_nothing(bare: Container) -> None:
    """It may be repeated, and ends an installation that was broken off."""
    bare.sh(f"{UNINSTALL} --purge")
    for words in ("", "--purge", "--purge"):
        done = bare.try_sh(f"{UNINSTALL} {words}")
        program = "  the program is gone, and the command gateway\n"
        assert (done.code, done.out, done.err) == (0, f"uninstalling the gateway:\n{program}nothing is left\n", "")


def test_a_purge_with_people_in_the_group_says_what_is_so(bare: Container) -> None:
    """They are in no group gateway any more; nobody else's words are in between."""
    bare.sh(f"useradd --create-home anna && {ACCOUNTS} && usermod --append --groups gateway anna")
    done = bare.try_sh(f"{UNINSTALL} --purge")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("  the user gateway is gone\n  the group gateway is gone\nnothing is left\n")
    assert bare.sh("getent passwd gateway; getent group gateway; id --name --groups anna") == "anna\n"
    bare.sh("userdel --remove anna 2>/dev/null")
