"""The simulator of serial ports: a device of ours on a pseudo-terminal, in place of the port that the file names."""

import threading
from collections.abc import Callable
from typing import Any

from devices.codecs.choice import framing_settings
from devices.codecs.codec import CannotEncode
from devices.codecs.simulated import wanted_fields
from devices.serial.settings import SerialSettings, SerialSimulation
from devices.serial.simulated_devices import CodecDevice, GpsTracker, JsonMeter, SimulatedDevice
from devices.serial.simulated_line import SimulatedLine
from devices.serial.simulated_meters import Charger, DsmrMeter, SmlMeter
from gateway.actors.templates import fields_of

_KINDS: dict[str, Callable[..., SimulatedDevice]] = {
    "": CodecDevice,
    "gps": GpsTracker,
    "meter": JsonMeter,
    "dsmr": DsmrMeter,
    "sml": SmlMeter,
    "ve_direct": Charger,
}
"""The simulated devices, by the names that the file gives them; the one that says what a codec reads has none."""


class Simulation:
    """A simulated device that runs on a thread of its own, beside the port that reads it."""

    def __init__(self, device: SimulatedDevice) -> None:
        self.device = device
        self.path = device.line.path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=device.run, args=(self._stop,), name=f"simulated {self.path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the simulated device, and its line."""
        self._stop.set()
        self._thread.join(1.0)
        self.device.line.unplug()


def simulate(settings: SerialSettings) -> Simulation:
    """Make the simulated device that a port's settings ask for; where they do not say which, one that says what its codec reads, in its
    framing. Raises CannotEncode where no line can be made for the codec."""
    told = settings.simulation or SerialSimulation()
    name = told.device or settings.simulated_device
    keywords: dict[str, Any] = {"interval_s": told.interval_s, "acked": told.acked, "wrong_every": told.wrong_every}
    keywords["wrapped"] = framing_settings(settings.framed).wrapped
    if name == "meter":
        keywords |= {"devices": told.devices, "named": fields_of(settings.to), "more": wanted_fields(settings.values)}
    if not name:
        keywords["reads"] = settings
    line = SimulatedLine()
    try:
        return Simulation(_KINDS[name](line, **keywords))
    except CannotEncode:
        line.unplug()
        raise
