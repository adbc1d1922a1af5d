"""Simulated meters of electricity, and a charger. What they say stands with the codecs that read it."""

from devices.codecs.simulated_meters import block, sml_file, telegram
from devices.serial.simulated_devices import SimulatedDevice


class DsmrMeter(SimulatedDevice):
    """A Dutch meter of version 5 on three phases, with a gas meter that is read every five minutes."""

    def compose(self, number: int) -> list[bytes]:
        return [telegram(number, at_ms=self.at_ms(number))]


class SmlMeter(SimulatedDevice):
    """A German meter that says its two counters and its power."""

    line_end = b""

    def compose(self, number: int) -> list[bytes]:
        return [sml_file(number)]


class Charger(SimulatedDevice):
    """A solar charger of Victron."""

    line_end = b""

    def compose(self, number: int) -> list[bytes]:
        return [block(number)]
