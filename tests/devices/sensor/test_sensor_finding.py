"""Which sensor is meant: found by what it is, or told what there is instead, and which line of config.txt lacks."""

from pathlib import Path

import pytest

from devices.link import Faulty, LinkFault
from devices.sensor.channels import channels_in
from devices.sensor.sysfs import devices_in, find_chip, find_one_wire
from tests.devices.sensor.tree import CLIMATE, WEATHER, Tree

NOWHERE = Path("/nowhere/config.txt")


def why_not(tree: Tree, driver: str, address: str = "", *, boot: Path = NOWHERE) -> str:
    """Why a chip is not found."""
    with pytest.raises(LinkFault) as caught:
        find_chip(driver, address, sysfs=tree.root, boot=boot)
    return str(caught.value)


def test_everything_that_measures_is_listed_once(tree: Tree) -> None:
    """A thermometer on 1-Wire has hwmon too, and a chip without channels is none."""
    tree.thermometer("28-0316a2795bff")
    folder = tree.root / "devices/w1_bus_master1/28-0316a2795bff"
    (hwmon := folder / "hwmon/hwmon1").mkdir(parents=True)
    (hwmon / "device").symlink_to(folder)
    (hwmon / "temp1_input").write_text("21000")
    (tree.root / "class/hwmon").mkdir(parents=True)
    (tree.root / "class/hwmon/hwmon1").symlink_to(hwmon)
    tree.hwmon(0, "cpu_thermal", "thermal_zone0", {"temp1_input": "48000"})
    tree.hwmon(2, "rpi_volt", "soc:firmware", {"in0_lcrit_alarm": "0"})
    tree.iio(0, "bme280", "1-0076", WEATHER, driver="bmp280")
    assert [str(one) for one in devices_in(tree.root)] == ["cpu_thermal at thermal_zone0", "bme280 at 1-0076", "28-0316a2795bff"]
    assert [one.bus for one in devices_in(tree.root)] == ["thermal_zone0", "i2c-1", "w1_bus_master1"]


def test_a_chip_goes_by_the_name_of_its_driver_too(tree: Tree) -> None:
    """And by the name that people have for it."""
    tree.iio(0, "mcp3008", "spi0.0", {"in_voltage0_raw": "1"}, driver="mcp320x")
    for name in ("mcp3008", "mcp320x"):
        assert find_chip(name, "spi0.0", sysfs=tree.root).address == "spi0.0"


def test_two_of_one_driver_want_an_address(tree: Tree) -> None:
    """It says which there are."""
    tree.hwmon(0, "lm75", "1-0048", CLIMATE), tree.hwmon(1, "lm75", "1-0049", CLIMATE)
    assert why_not(tree, "lm75") == 'cannot choose lm75: 2 of them are there; write which one, address = "1-0048", "1-0049"'
    with pytest.raises(Faulty):
        find_chip("lm75", sysfs=tree.root)


def test_one_at_another_address_is_told(tree: Tree) -> None:
    """As what it is."""
    tree.hwmon(0, "lm75", "1-0048", CLIMATE)
    assert why_not(tree, "lm75", "0x4a") == "cannot find lm75 at 0x4a: there is lm75 at 1-0048; mend its address, or its wires"


@pytest.mark.parametrize(
    ("driver", "address", "advice"),
    [
        ("bme280", "0x77", "add dtparam=i2c_arm=on and dtoverlay=i2c-sensor,bme280,addr=0x77 to {boot}, and reboot"),
        ("bme280", "", "add dtparam=i2c_arm=on and dtoverlay=i2c-sensor,bme280,addr=0x76 to {boot}, and reboot"),
        ("sht45", "1-0044", "add dtparam=i2c_arm=on and dtoverlay=i2c-sensor,sht4x to {boot}, and reboot"),
        ("dht22", "", "add dtoverlay=dht11,gpiopin=4 to {boot}, and reboot"),
        ("mcp3008", "spi0.0", "add dtparam=spi=on and dtoverlay=mcp3008,spi0-0-present to {boot}, and reboot"),
        ("ads1115", "0x49", "add dtparam=i2c_arm=on and dtoverlay=ads1115,addr=0x49,cha_enable,chb_enable,chc_enable,chd_enable to {boot}"),
        ("ina219", "0x40", "see what gateway ports lists"),
        ("bme208", "", "mend driver (gateway ports lists what there is)"),
    ],
)
def test_the_line_that_lacks_is_said(driver: str, address: str, advice: str, tree: Tree, tmp_path: Path) -> None:
    """With what must be switched on before it."""
    boot = tmp_path / "config.txt"
    assert advice.format(boot=boot) in why_not(tree, driver, address, boot=boot)


def test_a_line_that_is_there_already_is_not_asked_for(tree: Tree, tmp_path: Path) -> None:
    """Then it is the wires, or the address. What is commented is not there."""
    boot = tmp_path / "config.txt"
    boot.write_text("#dtoverlay=dht11\ndtparam=i2c_arm=on # yes\ndtoverlay=i2c-sensor, bme280, addr=0x76\n")
    assert f"{boot} has it already (i2c-sensor,bme280): look at its wires and its address" in why_not(tree, "bme280", boot=boot)
    assert f"add dtoverlay=dht11,gpiopin=4 to {boot}" in why_not(tree, "dht22", boot=boot)
    assert f"add dtoverlay=i2c-sensor,bh1750,addr=0x23 to {boot}" in why_not(tree, "bh1750", boot=boot)


def test_a_thermometer_that_is_not_there_is_told(tree: Tree, tmp_path: Path) -> None:
    """With those that are, or with the line that lacks."""
    with pytest.raises(LinkFault) as caught:
        find_one_wire("28-0316a2795bff", sysfs=tree.root, boot=tmp_path / "config.txt")
    assert "the kernel has no thermometer on 1-Wire; add dtoverlay=w1-gpio to" in str(caught.value)
    tree.thermometer("28-0316a2795c00")
    with pytest.raises(LinkFault, match="there is 28-0316a2795c00; look at its wires, or mend its id"):
        find_one_wire("28-0316a2795bff", sysfs=tree.root)


@pytest.mark.parametrize(
    ("files", "values"),
    [
        ({"temp1_input": "1500", "temp2_input": "2500"}, {"temperature1_c": 1.5, "temperature2_c": 2.5}),
        (
            {"in0_input": "20", "in1_input": "12000", "curr1_input": "400", "power1_input": "4800000", "shunt_resistor": "100000"},
            {"voltage0_v": 0.02, "voltage1_v": 12.0, "current_a": 0.4, "power_w": 4.8},
        ),
        ({"power1_average": "1000000"}, {"power_w": 1.0}),
        ({"in_illuminance_raw": "360", "in_illuminance_scale": "0.833333"}, {"illuminance_lx": 299.99988}),
        ({"in_temp_raw": "100", "in_temp_offset": "50", "in_temp_scale": "100"}, {"temperature_c": 15.0}),
        (
            {"in_voltage0_raw": "1000", "in_voltage0_scale": "3", "in_voltage1_raw": "1000", "in_voltage_scale": "1"},
            {"voltage0_v": 3.0, "voltage1_v": 1.0},
        ),
        ({"in_voltage0-voltage1_raw": "-8", "in_voltage0-voltage1_scale": "3"}, {"voltage0_1_v": -0.024}),
        ({"in_voltage0_raw": "2", "in_voltage0-voltage1_raw": "4", "in_voltage_scale": "1000"}, {"voltage0_v": 2.0, "voltage0_1_v": 4.0}),
        ({"in_temp_input": "1000", "in_temp_raw": "7", "in_temp_scale": "9"}, {"temperature_c": 1.0}),
        ({"in_concentration_co2_raw": "612", "in_concentration_co2_scale": "0.0001"}, {"co2_ppm": 612.0}),
        (
            {"in_temp_ambient_raw": "10", "in_temp_object_raw": "20", "in_temp_scale": "1000"},
            {"temperature_ambient_c": 10.0, "temperature_object_c": 20.0},
        ),
        ({"in_accel_x_raw": "1", "temp1_label": "x", "name": "x"}, {}),
    ],
)
def test_each_kind_of_channel_has_its_unit(files: dict[str, str], values: dict[str, float]) -> None:
    """As the end of its value's name says it."""

    def text(file: str) -> str:
        try:
            return files[file]
        except KeyError:
            raise FileNotFoundError(file) from None

    assert {channel.name: channel.read(text) for channel in channels_in(files)} == values
