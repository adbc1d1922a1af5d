"""A tree of files as the kernel shows its sensors: what tests plug in, pull out and spoil."""

import shutil
from pathlib import Path

from devices.sensor.simulator import memory_of


class Tree:
    """The folder that stands for /sys."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def thermometer(self, id: str, degrees_c: float = 21.5, *, bus: str = "w1_bus_master1") -> Path:
        """Plug a DS18B20 in; the file that says its temperature."""
        folder = self.root / "devices" / bus / id
        folder.mkdir(parents=True, exist_ok=True)
        (bulk := folder.parent / "therm_bulk_read").write_text("0\n")
        assert bulk.exists()
        self._link(f"bus/w1/devices/{id}", folder)
        self.measures(folder / "w1_slave", degrees_c)
        return folder / "w1_slave"

    @staticmethod
    def measures(path: Path, degrees_c: float) -> None:
        """Let a thermometer say another temperature."""
        path.write_text(memory_of(round(degrees_c * 16)))

    def hwmon(self, number: int, name: str, address: str, files: dict[str, str], *, driver: str = "") -> Path:
        """Plug a chip in that has a driver of hwmon; its folder."""
        owner = self.root / "devices" / "platform" / "bus" / address
        folder = owner / "hwmon" / f"hwmon{number}"
        self._fill(folder, {"name": name, **files})
        (folder / "device").symlink_to(owner)
        self._bind(owner, driver)
        self._link(f"class/hwmon/hwmon{number}", folder)
        return folder

    def iio(self, number: int, name: str, address: str, files: dict[str, str], *, driver: str = "") -> Path:
        """Plug a chip in that has a driver of iio; its folder."""
        owner = self.root / "devices" / "platform" / "bus" / address
        folder = owner / f"iio:device{number}"
        self._fill(folder, {"name": name, **files})
        self._bind(owner, driver)
        self._link(f"bus/iio/devices/iio:device{number}", folder)
        return folder

    def pull(self, folder: Path) -> None:
        """Pull a sensor out: its folder goes, and every link to it."""
        for link in (*self.root.glob("class/*/*"), *self.root.glob("bus/*/devices/*")):
            if link.resolve() == folder:
                link.unlink()
        shutil.rmtree(folder)

    def _fill(self, folder: Path, files: dict[str, str]) -> None:
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(f"{text}\n")

    def _bind(self, owner: Path, driver: str) -> None:
        if driver:
            (place := self.root / "bus" / "drivers" / driver).mkdir(parents=True, exist_ok=True)
            (owner / "driver").symlink_to(place)

    def _link(self, name: str, folder: Path) -> None:
        (link := self.root / name).parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(folder)


WEATHER = {"in_temp_input": "21370", "in_pressure_input": "101.325000000", "in_humidityrelative_input": "44230"}
"""What a BME280 says."""
CLIMATE = {"temp1_input": "21370", "temp1_max": "125000", "humidity1_input": "44230", "update_interval": "2000"}
"""What an SHT4x says."""
