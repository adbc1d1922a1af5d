"""Chips on an I2C bus of the guest that the kernel keeps in memory (i2c-stub): their registers are written here, and the kernel's own
drivers read them.

What the registers of a BME280 hold, and what that means, is the example of its maker: Bosch, BMP280 data sheet, section 3.12, and BME280
data sheet, sections 4.2.2 and 5.4.
"""

import struct

from tests.system.lab.shell import Shell

BUS = "/sys/bus/i2c/devices/i2c-0"
_ADDRESSES = "0x48,0x49,0x4a,0x76"
_TEMPERATURE, _PRESSURE = 519_888, 415_148
"""What a BME280 has measured, before it is calibrated: 25.08 °C and 1006.53 hPa."""
_CALIBRATION = struct.pack("<HhhHhhhhhhhh", 27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)


def make_bus(guest: Shell) -> None:
    """Make the bus."""
    guest.sh(f"modprobe -a i2c-dev lm75 bmp280-i2c ti-ads1015 && modprobe i2c-stub chip_addr={_ADDRESSES}")


def add(guest: Shell, driver: str, address: str) -> None:
    """Tell the kernel of a chip, as a line of config.txt does: it looks for a driver, which reads from now on."""
    guest.sh(f"echo {driver} {address} > {BUS}/new_device")


def take_off(guest: Shell, address: str) -> None:
    """Tell the kernel that a chip has gone."""
    guest.sh(f"echo {address} > {BUS}/delete_device")


def heat(guest: Shell, address: str, temperature_c: float) -> None:
    """Write the temperature of an LM75: half degrees in the upper nine bits of a word that begins with its upper half."""
    word = (round(temperature_c * 2) << 7) & 0xFFFF
    guest.sh(f"i2cset -f -y 0 {address} 0x00 0x{word & 0xFF:02x}{word >> 8:02x} w")


def put_voltage(guest: Shell, address: str, steps: int) -> None:
    """Write what an ADS1015 has converted last: twelve bits, of which one is 1 mV in its usual range."""
    word = (steps << 4) & 0xFFFF
    guest.sh(f"i2cset -f -y 0 {address} 0x00 0x{word & 0xFF:02x}{word >> 8:02x} w")


def fill_bme280(guest: Shell, address: str) -> None:
    """Write the registers of a BME280 that has measured 25.08 °C, 1006.53 hPa and some humidity."""
    measured = b"".join((number << 4).to_bytes(3, "big") for number in (_PRESSURE, _TEMPERATURE)) + (27_000).to_bytes(2, "big")
    humidity = struct.pack("<hBbbbb", 362, 0, 19, 2, 3, 30)
    rows = {0x88: _CALIBRATION, 0xA1: b"\x4b", 0xD0: b"\x60", 0xE1: humidity, 0xF7: measured}
    for register, content in rows.items():
        guest.sh(f"i2cset -f -y 0 {address} 0x{register:02x} {' '.join(f'0x{byte:02x}' for byte in content)} i")
