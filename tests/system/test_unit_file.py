"""The unit file and the scripts beside it, as systemd and the shell read them; no running systemd is needed."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "gateway.service"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this host")


def lines_of(unit: str) -> list[str]:
    """The directives of a unit, less comments and sections."""
    return [line for line in unit.splitlines() if re.match(r"[A-Za-z]+=", line)]


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program and a file that exist here, since verify looks for both."""
    program = tmp_path / "gateway"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = tmp_path / "gateway.service"
    path.write_text(UNIT.read_text().replace("/opt/gateway/bin/python", str(program)))
    return path


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False, timeout=60)


@needs_systemd
def test_systemd_knows_every_line_of_the_unit(unit: Path) -> None:
    """Verify finds nothing to say, not even about a key it would ignore."""
    found = analyze("verify", "--man=no", "--recursive-errors=yes", unit)
    assert (found.returncode, found.stderr) == (0, "")


@needs_systemd
def test_verify_would_notice_a_misspelled_key(unit: Path) -> None:
    """The check above is one that can fail."""
    unit.write_text(unit.read_text().replace("RestartSec=", "RestartSecs="))
    found = analyze("verify", "--man=no", "--recursive-errors=yes", unit)
    assert found.returncode == 1
    assert "Unknown key 'RestartSecs' in section [Service]" in found.stderr


@needs_systemd
def test_its_exposure_is_below_two(unit: Path) -> None:
    """systemd's own measure, where gateways of its kind have 9.2 and 10 is the worst."""
    found = analyze("security", "--offline=true", "--threshold=20", unit)
    assert found.returncode == 0, found.stdout.splitlines()[-1]


@needs_systemd
def test_what_exposure_is_left_is_what_serial_ports_and_pins_need(unit: Path) -> None:
    """No line of hardening was forgotten: all that is open is open for a reason that the unit gives."""
    rows = json.loads(analyze("security", "--offline=true", "--json=short", unit).stdout)
    left = {row["json_field"] for row in rows if row["exposure"] and float(row["exposure"]) >= 0.2}
    assert left <= {
        "IPAddressDeny",
        "PrivateDevices",
        "PrivateMounts",
        "PrivateNetwork",
        "PrivateUsers",
        "ProtectClock",
        "RestrictAddressFamilies_AF_INET_INET6",
    }


@needs_systemd
def test_each_exception_has_its_reason_beside_it(unit: Path) -> None:
    """Whatever systemd's measure counts, however little: a line of the unit with a comment above it, or a name that a comment gives."""
    rows = json.loads(analyze("security", "--offline=true", "--json=short", unit).stdout)
    left = {re.split("[/=]", row["name"])[0] for row in rows if float(row["exposure"] or 0)}
    assert {"PrivateDevices", "UMask", "DeviceAllow"} <= left
    assert sorted(name for name in left if not _has_reason(UNIT.read_text(), name)) == []
    assert not _has_reason("# ProtectHome is another matter\n\nUMask=0027\n#UMask=0077\n", "UMask")


def _has_reason(unit: str, name: str) -> bool:
    return bool(re.search(rf"^# .*\n({name}=.*)$|^#   .*\b{name}\b", unit, flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["PrivateDevices", "ProcSubset", "ProtectClock", "PrivateUsers", "BindsTo", "DynamicUser"])
def test_what_breaks_serial_ports_or_pins_is_not_in_it(name: str) -> None:
    """Each of these was found to break a device, or the files of the gateway."""
    assert not [line for line in lines_of(UNIT.read_text()) if line.startswith(f"{name}=")]


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "ExecReload=/opt/gateway/bin/python -OO -m gateway.cli reload --config /etc/gateway/gateway.toml",
        "Restart=always",
        "RestartSec=5",
        "StartLimitIntervalSec=0",
        "RestartPreventExitStatus=78",
        "WatchdogSec=30",
        "StateDirectory=gateway",
        "RuntimeDirectory=gateway",
        "DeviceAllow=char-ttyUSB rw",
        "DeviceAllow=char-ttyACM rw",
        "DeviceAllow=char-ttyAMA rw",
        "DeviceAllow=char-ttySC rw",
        "DeviceAllow=char-rfcomm rw",
        "DeviceAllow=char-ttyGS rw",
        "DeviceAllow=char-ttyCH343USB rw",
        "DeviceAllow=char-ttyXRUSB rw",
        "DeviceAllow=char-gpiochip rw",
        "DeviceAllow=char-usb_device rw",
        "SupplementaryGroups=dialout gpio plugdev",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    ],
)
def test_what_the_daemon_relies_on_is_in_it(line: str) -> None:
    """The daemon's side of each of these lines is elsewhere in the project."""
    assert line in lines_of(UNIT.read_text())


def test_the_service_can_read_actors_of_ones_own_and_not_change_them() -> None:
    """Their folder is root's and readable; given to the service, as ConfigurationDirectory would, it would be code that it can write."""
    unit = lines_of(UNIT.read_text())
    assert "install -d -m 0755 /etc/gateway /etc/gateway/actors " in (SYSTEMD / "install").read_text()
    assert {"User=gateway", "ProtectSystem=strict"} <= set(unit)
    assert not [line for line in unit if line.startswith(("ConfigurationDirectory=", "InaccessiblePaths="))]
    assert [line for line in unit if line.startswith("ReadWritePaths=")] == ["ReadWritePaths=-/sys/devices/w1_bus_master1"]


def test_devices_are_allowed_by_class_and_drivers_of_adapters_are_loaded() -> None:
    """A path would be looked up once and lost at a replug; a class must be known when the unit starts."""
    allowed = [line for line in lines_of(UNIT.read_text()) if line.startswith("DeviceAllow=")]
    assert all(line.startswith("DeviceAllow=char-") for line in allowed)
    modules = [line for line in (SYSTEMD / "gateway.conf").read_text().splitlines() if not line.startswith("#")]
    assert modules == ["usbserial", "cdc_acm"]


def test_each_group_of_the_service_is_made_where_it_is_not_there() -> None:
    """Without one of them the unit would not start."""
    (groups,) = [line.partition("=")[2] for line in lines_of(UNIT.read_text()) if line.startswith("SupplementaryGroups=")]
    made = {line.split()[1] for line in (SYSTEMD / "gateway.sysusers").read_text().splitlines() if line.startswith("g ")}
    assert made == {*groups.split(), "gateway"}


@pytest.mark.parametrize("script", ["install", "uninstall"])
def test_the_scripts_are_shell(script: str) -> None:
    """Any POSIX shell reads them, and they can be run."""
    path = SYSTEMD / script
    assert path.stat().st_mode & 0o111
    checked = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(("script", "verb"), [("install", "install"), ("uninstall", "uninstall")])
def test_the_scripts_refuse_to_run_as_anybody_but_root(script: str, verb: str) -> None:
    """Run by somebody else they change nothing and say what to do."""
    command = ["setpriv", "--reuid=65534", "--clear-groups", "sh", str(SYSTEMD / script)]
    if shutil.which("setpriv") is None or Path("/proc/self").stat().st_uid != 0:
        pytest.skip("only root can become somebody else")
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (found.returncode, found.stderr) == (1, f"cannot {verb}: not root; run it with sudo\n")


def test_the_libraries_of_a_package_are_those_that_the_project_asks_for() -> None:
    """One version of each, by its hashes; when this fails: .venv/bin/python systemd/debian/lock."""
    locked = dict(re.findall(r"^([\w-]+)==(\S+) ", (SYSTEMD / "debian" / "requirements").read_text(), flags=re.MULTILINE))
    versions = {canonicalize_name(name): version for name, version in locked.items()}
    asked = tomllib.loads((SYSTEMD.parent / "pyproject.toml").read_text())["project"]["dependencies"]
    assert asked
    for one in map(Requirement, asked):
        assert one.specifier.contains(versions[canonicalize_name(one.name)]), one


def test_the_configuration_of_a_package_holds_no_key() -> None:
    """dpkg asks about a file that was changed on both sides, and stops where nobody answers: this one never has to change."""
    lines = (SYSTEMD / "debian" / "gateway.toml").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == []
