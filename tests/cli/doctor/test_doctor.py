"""The doctor: each fault that is planted is found, with the line that mends it; and what is well is said to be."""

import json
import os
import re
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from devices.http.settings import HttpSettings
from devices.modbus.settings import ModbusSettings
from devices.serial.settings import SerialSettings
from devices.thing import Thing
from devices.webhook.settings import WebhookSettings
from gateway.actors import Settings
from gateway.cli.doctor.access import LoginUser, look_at_devices, look_at_groups
from gateway.cli.doctor.board import look_at_board
from gateway.cli.doctor.disk import Written, look_at_disk, look_at_wear
from gateway.cli.doctor.doctor import findings
from gateway.cli.doctor.finding import Finding, Level, parted
from gateway.cli.doctor.servers import look_at_servers
from gateway.cli.doctor.time_of_day import look_at_clock
from gateway.cli.main import main
from gateway.config import StoreSettings
from gateway.console import exits
from gateway.console.place import SocketPlace
from gateway.fleet.settings import LinkSettings

ROOT_USER = LoginUser("root", 0, frozenset((0,)))


def plant(root: Path, **files: str) -> Path:
    """Write files below a root; __ stands for a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def only(found: Iterable[Finding], about: str) -> Finding:
    """The one finding about a thing."""
    (one,) = [finding for finding in found if finding.about == about]
    return one


def test_the_board_is_named(tmp_path: Path) -> None:
    """By the model that its firmware says; what is none is said to be none."""
    assert only(look_at_board(tmp_path, {}), "model").level is Level.NOTE
    plant(tmp_path, **{"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0"})
    assert only(look_at_board(tmp_path, {}), "model") == (Level.FINE, "model", "Raspberry Pi 4 Model B Rev 1.4", "")
    assert "Python" in only(look_at_board(tmp_path, {}), "kernel").text


def test_a_weak_supply_is_found(tmp_path: Path) -> None:
    """By the alarm of the firmware."""
    plant(tmp_path, **{"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n"})
    assert only(look_at_board(tmp_path, {}), "power").level is Level.FINE
    plant(tmp_path, **{"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"})
    found = only(look_at_board(tmp_path, {}), "power")
    assert (found.level, found.text) == (Level.WRONG, "the supply is too weak now: under-voltage")
    assert "5.1 V, 3 A" in found.mend


def test_a_console_on_a_port_of_the_file_is_found(tmp_path: Path) -> None:
    """Under any name of the UART; another port is no matter."""
    plant(tmp_path, **{"boot/firmware/cmdline.txt": "console=serial0,115200 console=tty1 root=PARTUUID=1"})
    found = only(look_at_board(tmp_path, {"serial/a": "/dev/ttyAMA0", "serial/b": "/dev/ttyUSB0"}), "serial/a")
    assert found.text == "Linux's own console is on /dev/ttyAMA0: both would read it"
    assert found.mend == "sudo raspi-config nonint do_serial_cons 1 && sudo reboot"


def test_a_group_that_lacks_is_found() -> None:
    """The service does not start without it."""

    def known(name: str) -> Any:
        if name == "gpio":
            raise KeyError(name)
        return type("Group", (), {"gr_gid": os.getegid()})

    found = list(look_at_groups(known=known))
    assert found[0].text == "there is no group gpio, and the service does not start without it"
    assert found[0].mend == "sudo groupadd --system gpio"


def test_a_device_that_is_not_there_or_may_not_be_opened_is_found(tmp_path: Path) -> None:
    """With what lets the user open it."""
    found = only(look_at_devices({"serial/a": str(tmp_path / "none")}, [], ROOT_USER), "serial/a")
    assert found.mend == "plug it in, or take the right name out of gateway ports"
    (port := tmp_path / "ttyUSB0").touch()
    port.chmod(0o600)
    found = only(look_at_devices({"serial/a": str(port)}, [], LoginUser("ann", 4242, frozenset((4242,)))), "serial/a")
    assert found.text.startswith(f"the user ann may not open {port} (it is ")
    assert 'KERNEL=="ttyUSB*", GROUP="dialout", MODE="0660"' in found.mend
    assert only(look_at_devices({"serial/a": str(port)}, [], ROOT_USER), "serial/a").level is Level.FINE


def test_who_else_has_a_port_open_is_found(tmp_path: Path) -> None:
    """A gateway that has it is as it should be."""
    (port := tmp_path / "ttyUSB0").touch()
    things = [Thing("serial", str(port), "", "", (), {"held_by": ["pid 17 (gpsd)"]})]
    found = only(look_at_devices({"serial/gps": str(port)}, things, ROOT_USER), "serial/gps")
    assert (found.text, found.mend) == (f"{port} is open in pid 17 (gpsd): both would read it", "sudo kill 17, or stop its service")
    script = [Thing("serial", str(port), "", "", (), {"held_by": ["pid 18 (python3)"]})]
    assert only(look_at_devices({"serial/gps": str(port)}, script, ROOT_USER), "serial/gps").level is Level.WRONG
    assert only(look_at_devices({"serial/gps": str(port)}, script, ROOT_USER, ours={18}), "serial/gps").level is Level.FINE


@pytest.mark.parametrize(
    ("port", "mend"),
    [
        ("/dev/serial0", "the line enable_uart=1 in /boot/firmware/config.txt, then sudo reboot"),
        ("/dev/ttyAMA3", "dtoverlay=uart2"),
        ("/dev/ttySC1", "dtoverlay=sc16is752-i2c"),
        ("/dev/ttyUSB0", "plug it in, or take the right name out of gateway ports"),
    ],
)
def test_a_port_that_lacks_an_overlay_is_told_its_line(port: str, mend: str) -> None:
    """A plug mends those of USB only."""
    if Path(port).exists():
        pytest.skip(f"this host has {port}")
    assert mend in only(look_at_devices({"serial/a": port}, [], ROOT_USER), "serial/a").mend


def test_a_clock_that_nobody_vouches_for_is_found(tmp_path: Path) -> None:
    """And that there is no chip that keeps it."""
    found = list(look_at_clock(tmp_path, lambda: ""))
    assert [one.level for one in found] == [Level.WRONG, Level.NOTE]
    assert found[0].mend.startswith("sudo timedatectl set-ntp true")
    plant(tmp_path, **{"sys/class/rtc/rtc0/name": "ds3231"})
    assert [one.text for one in look_at_clock(tmp_path, lambda: "a time server")] == ["trusted: by a time server"]


def test_a_card_that_wears_out_soon_is_found(tmp_path: Path) -> None:
    """Bytes a day, and at this rate how many years; who writes it says what mends it."""
    disk = tmp_path / "mmcblk0"
    plant(disk, size="31250000", stat="1 2 3 4 5 6 31250000 8 9 10 11")  # 16 GB, once over
    (found,) = look_at_wear(disk, None, up_s=86_400.0 * 10)
    assert found.level is Level.FINE
    assert found.text == "1.6 GB a day are written to mmcblk0 (16.0 GB): a cheap card lasts about 14 years at that rate"
    (found,) = look_at_wear(disk, None, up_s=86_400.0)
    assert (found.level, "about 1.4 years" in found.text, "iotop" in found.mend) == (Level.WRONG, True, True)
    (found,) = look_at_wear(disk, Written(15_000_000_000, 86_400.0), up_s=86_400.0)
    assert (found.level, "15.0 GB of it by the gateway" in found.text, "loss_window_s = 5" in found.mend) == (Level.WRONG, True, True)
    (found,) = look_at_wear(disk, None, up_s=60.0)
    assert found.level is Level.NOTE


def test_an_emmc_that_says_that_it_is_worn_is_found(tmp_path: Path) -> None:
    """By its own word."""
    disk = plant(tmp_path / "mmcblk0", **{"device/life_time": "0x02 0x09\n", "size": "31250000", "stat": "0 0 0 0 0 0 1"})
    found = next(iter(look_at_wear(disk, None, up_s=86_400.0)))
    assert (found.level, found.text) == (Level.WRONG, "mmcblk0 has used 90 % of its life, by its own word")


def test_the_room_on_the_disk_is_told(tmp_path: Path) -> None:
    """Where the store is, or will be."""
    found = only(look_at_disk(tmp_path, tmp_path / "var/gateway.db", None), "disk")
    assert f"are free where the store is ({tmp_path})" in found.text


def test_a_broker_that_does_not_answer_is_found() -> None:
    """What is connected is not tried again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        found = only(look_at_servers({"mqtt/main": ("127.0.0.1", port)}), "mqtt/main")
        assert (found.text, found.mend) == (
            f"nobody listens at 127.0.0.1:{port}",
            "sudo apt install mosquitto && sudo systemctl enable --now mosquitto",
        )
        assert only(look_at_servers({"mqtt/main": ("127.0.0.1", port)}, frozenset(("mqtt/main",))), "mqtt/main").level is Level.FINE
        free.listen()
        assert only(look_at_servers({"mqtt/main": ("127.0.0.1", port)}), "mqtt/main").level is Level.FINE


@pytest.mark.parametrize("host", ["heating..local", "x" * 70])
def test_a_host_whose_name_cannot_be_one_is_found(host: str) -> None:
    """As one that nobody knows."""
    found = only(look_at_servers({"mqtt/main": (host, 1883)}), "mqtt/main")
    assert (found.level, found.text) == (Level.WRONG, f"nobody knows the name {host}")


@pytest.mark.parametrize(("table", "id"), [("store", "store"), ("link", "link/main")])
def test_a_database_that_does_not_answer_is_found(tmp_path: Path, table: str, id: str) -> None:
    """That of the store, and the one by which hosts are linked."""
    config = tmp_path / "gateway.toml"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        config.write_text(f'[{table}]\nurl = "postgresql://gateway@127.0.0.1:{port}/gateway"\n')
        place = SocketPlace(str(tmp_path / "none.sock"), lambda: "start one")
        found = [one for one in findings(config, place, root=tmp_path, things=list) if one.about == id and one.level is Level.WRONG]
    assert [(one.text, one.mend) for one in found] == [
        (
            f"nobody listens at 127.0.0.1:{port}",
            f"sudo systemctl start postgresql, on 127.0.0.1; does it listen there (listen_addresses)? Or mend {table}.url",
        )
    ]


def test_what_mends_a_gateway_that_does_not_answer_is_said(tmp_path: Path) -> None:
    """It takes the question, and no answer comes: nothing was to be done by it, so an unknown outcome is no news."""

    def hang_up(listener: socket.socket) -> None:
        asked, _ = listener.accept()
        with asked:
            asked.recv(65536)

    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        found = only(findings(tmp_path / "none.toml", SocketPlace(str(path), lambda: ""), root=tmp_path, things=list), "gateway")
    assert found.text == "the gateway has ended meanwhile"
    assert found.mend == "ask again in a minute, and where it stays so see its log (journalctl -u gateway)"


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("postgresql://gateway@db.local/gateway", {"url": ("db.local", 5432)}),
        ("postgresql://gateway@[fd00::1]:5433/gateway?sslmode=verify-full", {"url": ("fd00::1", 5433)}),
        ("postgresql://gateway@a,b:5433/gateway?target_session_attrs=read-write", {}),
        ("postgresql:///gateway", {}),
        ("postgresql://%2Frun%2Fpostgresql/gateway", {}),
        ("postgresql://a:port/gateway", {}),
        ("", {}),
    ],
)
def test_the_server_of_a_database(url: str, servers: Any) -> None:
    """One of several is enough, and a socket of this host is no server."""
    assert StoreSettings(url=url).servers() == servers
    if url:
        assert LinkSettings(url=url, host="here").servers() == servers


def test_a_port_of_another_computer_is_a_server() -> None:
    """One of this host is a device file."""
    far = SerialSettings.model_validate({"port": "socket://192.0.2.7:3333", "codec": "json", "to": "twin/a"})
    assert (far.device_files(), far.servers()) == ({}, {"port": ("192.0.2.7", 3333)})
    near = SerialSettings.model_validate({"port": "/dev/none", "codec": "json", "to": "twin/a"})
    assert (near.device_files(), near.servers()) == ({"port": "/dev/none"}, {})


@pytest.mark.parametrize(
    ("kind", "table", "files", "servers"),
    [
        (HttpSettings, {"url": "https://192.0.2.7/status"}, {}, {"url": ("192.0.2.7", 443)}),
        (HttpSettings, {"url": "http://192.0.2.7:8080/", "simulate": True}, {}, {}),
        (WebhookSettings, {"url": "http://192.0.2.7/"}, {}, {"url": ("192.0.2.7", 80)}),
        (ModbusSettings, {"host": "192.0.2.7"}, {}, {"host": ("192.0.2.7", 502)}),
        (ModbusSettings, {"port": "/dev/none"}, {"port": "/dev/none"}, {}),
        (ModbusSettings, {"port": "/dev/none", "simulate": True}, {}, {}),
    ],
)
def test_what_pages_webhooks_and_buses_stand_on_is_looked_at(kind: type[Settings], table: Any, files: Any, servers: Any) -> None:
    """Servers by host and port, a bus of this host by its device file; nothing of what is simulated."""
    units = {"heat": {"unit": 1, "to": "twin/heat", "profile": "sdm120"}}
    needed: dict[str, Any] = {"to": "twin/a"} if kind is HttpSettings else {"units": units} if kind is ModbusSettings else {}
    found = kind.model_validate({**needed, **table})
    assert (found.device_files(), found.servers()) == (files, servers)


def test_the_command_says_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sensor that the kernel does not know of with its line of config.txt, a file with mistakes with the command that tells them."""
    path = plant(tmp_path, **{"gateway.toml": f'[sensor.a]\ndriver = "bme280"\nsysfs = "{tmp_path}"\n'}) / "gateway.toml"
    socket_path = str(tmp_path / "gateway.sock")
    assert main(["doctor", "--config", str(path), "--socket", socket_path, "--json"]) == exits.NO
    found = {one["about"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["sensor.a.driver"]["text"] == "cannot find bme280: the kernel has no such sensor"
    assert "dtoverlay=i2c-sensor,bme280,addr=0x76" in found["sensor.a.driver"]["mend"]
    assert (found["gateway"]["level"], found["gateway"]["text"]) == ("note", f"no gateway answers at {socket_path}")
    path.write_text("[sensor.a]\n")
    assert main(["doctor", "--config", str(path), "--socket", socket_path]) == exits.NO
    assert f"→ gateway check --config {path}" in capsys.readouterr().out


def test_a_store_in_a_database_is_not_looked_for_on_the_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is, and that the disk holds what is kept beside it."""
    file = tmp_path / "gateway.toml"
    file.write_text(f'[store]\npath = "{tmp_path}/gateway.db"\nurl = "postgresql://db.local/gateway"\n')
    main(["doctor", "--config", str(file), "--socket", str(tmp_path / "gateway.sock"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert ("store", "it is in the database postgresql://db.local/gateway") in [(one["about"], one["text"]) for one in found]
    [disk] = [one["text"] for one in found if one["about"] == "disk"]
    assert f"are free where what the gateway keeps beside the store is ({tmp_path})" in disk


def test_what_is_told_of_the_guide_is_there() -> None:
    """A chapter that is named, and its heading."""
    root = Path(__file__).parents[3]
    sources = "".join(path.read_text() for path in (root / "gateway").rglob("*.py"))
    named = re.findall(r"\(config/guide/([^,)]*), ([^)]*)\)", sources)
    assert len(named) == sources.count("(config/guide/") > 1
    lacking = [(page, title) for page, title in named if f"# {title}" not in (root / "config/guide" / page).read_text()]
    assert not lacking


@pytest.mark.parametrize(
    ("text", "seen", "mend"),
    [
        ("a: gone; plug it in", "a: gone", "plug it in"),
        ("a: gone; look; plug it in", "a: gone; look", "plug it in"),
        ("a: denied; let it (sudo b; sudo c), or mend d", "a: denied", "let it (sudo b; sudo c), or mend d"),
        ("a: gone (b; c)", "a: gone (b; c)", ""),
        ("a: gone", "a: gone", ""),
    ],
)
def test_what_mends_it_is_not_cut_in_brackets(text: str, seen: str, mend: str) -> None:
    """Two commands in brackets are one advice."""
    assert parted(text) == (seen, mend)
