"""A sensor that the kernel reads: the host-bound actor `sensor/NAME`. A thermometer on 1-Wire, or any chip with a driver of hwmon or iio.

    [sensor.boiler]                        [sensor.attic]
    id = "28-0316a2795bff"                 driver = "bme280"
    to = "twin/boiler"                     address = "0x76"
                                           to = "twin/attic"

It is found by its id, or by driver and address, each time it is looked for: no number that the kernel counts up is kept. Sensors of one
bus take turns on it, each on its own thread, and those of one 1-Wire bus are converted all at once: see `one_wire.py`. A channel that
cannot be read is left out of a reading, and counted; a reading of which nothing is left is bad, as every polled device has it.
"""

from collections.abc import Callable
from pathlib import Path

from devices.codecs.reports import MappedReports
from devices.link import Missing, Polled, Values
from devices.sensor.bus import bus_at
from devices.sensor.channels import NoValue, SensorChannel, channels_in
from devices.sensor.one_wire import OneWireBus, one_wire_at, temperature_of
from devices.sensor.settings import SensorSettings
from devices.sensor.simulator import SimulatedSensor
from devices.sensor.sysfs import KernelDevice
from gateway.actors.vocabulary import Report

_AT_MOST = 4096
"""A file of sysfs is at most one page long."""


class Sensor(Polled[SensorSettings]):
    """Reads one sensor that the kernel knows."""

    counters_said = {
        **Polled.counters_said,
        "lost": "times it was lost",
        "channels_failed": "channels that could not be read",
        "conversions": "conversions of all thermometers of the bus at once",
        "bad_values": "values that are bad",
        "ignored_values": "values ignored",
    }

    _device: KernelDevice | None = None
    _channels: tuple[SensorChannel, ...] = ()
    _wire: OneWireBus | None = None

    def prepare(self) -> None:
        super().prepare()
        settings = self.settings
        self._reports = MappedReports(settings.values, unmapped=settings.unmapped == "take") if self._is_mapped else None
        self._simulated = SimulatedSensor(settings, clock=self.clock) if settings.simulation is not None else None

    @property
    def _is_mapped(self) -> bool:
        return bool(self.settings.values) or self.settings.unmapped == "ignore"

    def open(self) -> str:
        """Find the sensor, by what names it, and see what it measures."""
        settings = self.settings
        self._device = settings.find()
        if settings.id:
            self._wire = one_wire_at(self._device.folder.parent)
            self._wire.join(settings.id)
        else:
            self._channels = tuple(channels_in([entry.name for entry in self._device.folder.iterdir()]))
        return f"{self._device}, by {self._device.way}"

    def shut(self) -> None:
        wire, self._wire, self._device = self._wire, None, None
        if wire is not None:
            wire.leave(self.settings.id)

    def read(self) -> Values:
        device = self._device
        assert device is not None  # it is open
        try:
            return self._read_thermometer(device, self._wire) if self._wire is not None else self._read_channels(device)
        except OSError as error:
            if not device.folder.exists():
                raise Missing(f"cannot read {device}: it is not there any more; plug it in") from error
            raise

    def simulator(self) -> Callable[[], Values]:
        simulated = self._simulated
        assert simulated is not None  # the settings want one
        simulated.look()
        return simulated.read

    def report_of(self, values: Values) -> Report | None:
        """Make a report by the table of values, where there is one."""
        if self._reports is None:
            return super().report_of(values)
        report = self._reports.of(dict(values))
        for remark in self._reports.take_remarks():
            self.host.count(remark.counter)
            if remark.words:
                self._log.warn(remark.counter, f"{self.host.me}: a value that is bad: {remark.words}")
        return report

    # --- the real one

    def _read_thermometer(self, device: KernelDevice, wire: OneWireBus) -> Values:
        with wire.turn(self.host):
            before, was_able = wire.conversions, not wire.why_single
            wire.prepare(device.address, now_s=self.clock())
            if wire.conversions > before:
                self.host.count("conversions")
            became_single = was_able and wire.why_single
            text = _text(device.folder / "w1_slave")
        if became_single:
            self._log.warn(
                "single", f"{self.host.me}: the thermometers of {device.bus} are converted one by one, 0.75 s each: {wire.why_single}"
            )
        return {"temperature_c": temperature_of(text)}

    def _read_channels(self, device: KernelDevice) -> Values:
        values: dict[str, float] = {}
        error: OSError | NoValue | None = None
        with bus_at(f"{self.settings.sysfs}:{device.bus}").turn(self.host):
            for channel in self._channels:
                try:
                    values[channel.name] = channel.read(lambda file: _text(device.folder / file))
                except (OSError, NoValue) as one:
                    error = one
        if not values and error is not None:
            raise error
        if error is not None:
            self.host.count("channels_failed", len(self._channels) - len(values))
            self._log.warn("channels_failed", f"{self.host.me}: not all of its channels can be read: {error}")
        return values


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_AT_MOST).decode("ascii", "replace")
