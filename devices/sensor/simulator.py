"""A sensor that is not there: it says what a chip of its name says indoors, and misbehaves as its settings want."""

import math
import time
from collections.abc import Callable

from devices.link import Missing
from devices.sensor.channels import NoValue
from devices.sensor.chips import chip_of
from devices.sensor.one_wire import crc8, temperature_of
from devices.sensor.settings import SensorSettings, SensorSimulation

_SWING = 0.05
"""By how much of itself a value goes up and down."""
_TURN_S = 60.0
"""So long is a day."""


class SimulatedSensor:
    """What is read in place of a sensor."""

    def __init__(self, settings: SensorSettings, *, clock: Callable[[], float], pause: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._misbehaves = settings.simulation or SensorSimulation()
        self._values = chip_of(settings.driver).values or {"temperature_c": 21.0}
        self._clock = clock
        self._pause = pause
        self._began_s = clock()
        self._readings = 0

    def look(self) -> None:
        """Raise Missing while it is pulled out."""
        every_s = self._misbehaves.gone_every_s
        age_s = self._clock() - self._began_s
        if every_s and age_s >= every_s and age_s % every_s < self._misbehaves.gone_s:
            raise Missing(f"cannot find {self._settings.named}: it is simulated, and pulled out; it comes back by itself")

    def read(self) -> dict[str, float]:
        """What it measures now. Raises as a real one does."""
        self.look()
        self._readings += 1
        if self._misbehaves.takes_s:
            self._pause(self._misbehaves.takes_s)
        if not self._settings.driver:
            return {"temperature_c": temperature_of(self._memory())}
        if self._is_turn(self._misbehaves.bad_every):
            raise NoValue("it is simulated, and does not answer")
        return {name: round(value * self._wave(), 3) for name, value in self._values.items()}

    def _wave(self) -> float:
        return 1 + _SWING * math.sin(math.tau * self._clock() / _TURN_S)

    def _is_turn(self, every: int) -> bool:
        return bool(every) and self._readings % every == 0

    def _memory(self) -> str:
        """What the kernel would say of a thermometer on 1-Wire."""
        fresh = self._is_turn(self._misbehaves.power_on_every)
        steps = 85 * 16 if fresh else round(self._values["temperature_c"] * self._wave() * 16)
        return memory_of(steps, power_on=fresh, bad=self._is_turn(self._misbehaves.bad_every))


def memory_of(steps: int, *, power_on: bool = False, bad: bool = False) -> str:
    """What the kernel's `w1_slave` says of a DS18B20 that has measured so many sixteenths of a degree; with `bad` a bit was lost on its
    way."""
    memory = [steps & 0xFF, steps >> 8 & 0xFF, 0x4B, 0x46, 0x7F, 0xFF, 0x0C if power_on else 0x10 - (steps & 0x0F), 0x10]
    crc = crc8(bytes(memory))
    row = " ".join(f"{byte:02x}" for byte in (*memory, crc ^ 1 if bad else crc))
    return f"{row} : crc={crc:02x} {'NO' if bad else 'YES'}\n{row} t={steps * 1000 // 16}\n"
