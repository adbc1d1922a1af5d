"""What `[sensor.NAME]` takes: which sensor, who hears of it, and what its values are."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from devices.link import LinkFault, PolledSettings
from devices.sensor.chips import FAMILIES, chip_of, number_in
from devices.sensor.one_wire import ID
from devices.sensor.sysfs import SYSFS, KernelDevice, find_chip, find_one_wire
from devices.simulation import simulation
from gateway.actors.points import ValueTable, check_values, points_of, seen_point
from gateway.actors.points.point import Point, Said


class SensorSimulation(BaseModel):
    """`[sensor.NAME.simulate]`: a sensor of ours in place of the one that is named, and how it misbehaves."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bad_every: int = Field(default=0, ge=0)
    """Every so many-th reading fails: a wrong checksum on 1-Wire, else no answer; 0: none."""
    power_on_every: int = Field(default=0, ge=0)
    """1-Wire: every so many-th reading comes from a sensor that has just got its power (85 °C); 0: none."""
    takes_s: float = Field(default=0.0, ge=0, le=60)
    """How long one reading takes, seconds."""
    gone_every_s: float = Field(default=0.0, ge=0, le=86_400)
    """Seconds from one time it is pulled out to the next; 0: never."""
    gone_s: float = Field(default=5.0, gt=0, le=86_400)
    """For how many seconds it is gone then."""


class SensorSettings(PolledSettings):
    """The settings of one sensor that the kernel reads."""

    id: str = ""
    """1-Wire: the id of the thermometer, 28-0316a2795bff."""
    driver: str = Field(default="", max_length=64)
    """Any other: the name of the chip, bme280, or that of its driver in the kernel."""
    address: str = Field(default="", max_length=64)
    """Where it is: "0x76" on I2C, "1-0076" with the number of the bus, "spi0.0". Needed where there are two of one driver."""
    values: ValueTable = {}
    """What its values are, by their names: from which channel, in which unit, within which range."""
    unmapped: Literal["take", "ignore"] = "take"
    """Whether channels that `values` does not name are values too."""
    sysfs: str = Field(default=str(SYSFS), min_length=1, max_length=4096)
    """Where the kernel shows what it has."""
    simulate: bool | SensorSimulation = False  # type: ignore[assignment]  # true, or a table

    @property
    def simulation(self) -> SensorSimulation | None:
        """How the sensor is simulated; None where it is the real one."""
        return simulation(self.simulate, SensorSimulation)

    @property
    def named(self) -> str:
        """The sensor, as people call it."""
        return self.id or (f"{self.driver} at {self.address}" if self.address else self.driver) or "thermometer"

    def find(self) -> KernelDevice:
        """Find the sensor among those that the kernel has. Raises Missing or Faulty."""
        sysfs = Path(self.sysfs)
        return find_one_wire(self.id, sysfs=sysfs) if self.id else find_chip(self.driver, self.address, sysfs=sysfs)

    def claims(self) -> dict[str, str]:
        return {"id": f"thermometer {self.id}"} if self.id and self.simulation is None else {}

    def points(self, me: str) -> Said:
        """The values of whoever it reports to: those of the table, and what a chip of that name has."""
        del me
        return [(self.to, self._points())] if self.to else []

    def lacks(self) -> dict[str, str]:
        """Say where the sensor is not on this machine."""
        if self.simulation is not None or not (self.id or self.driver):
            return {}
        try:
            self.find()
        except LinkFault as fault:
            return {"id" if self.id else "address" if self.address else "driver": str(fault)}
        return {}

    def _points(self) -> tuple[Point, ...]:
        named = {value.source or name for name, value in self.values.items()}
        usual = chip_of(self.driver).values if self.unmapped == "take" else {}
        return *points_of(self.values), *(seen_point(name, 0.0) for name in usual if name not in named)

    @field_validator("id")
    @classmethod
    def _is_id(cls, id: str) -> str:
        plain = id.strip().lower()
        if not plain:
            return ""
        if not ID.fullmatch(plain):
            raise ValueError(f'{id!r} is no 1-Wire id; write one such as "28-0316a2795bff" (gateway ports lists them)')
        if plain.partition("-")[0] not in FAMILIES:
            raise ValueError(f"{id!r} is no thermometer: those of 1-Wire begin with {', '.join(FAMILIES)}; mend the id")
        return plain

    @field_validator("driver")
    @classmethod
    def _is_driver(cls, driver: str) -> str:
        return driver.strip().lower()

    @field_validator("address", mode="before")
    @classmethod
    def _is_text(cls, address: Any) -> Any:
        return f"0x{address:02x}" if type(address) is int and address >= 0 else address

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        plain = address.strip().lower()
        if plain.startswith("0x") and not 0x03 <= int(number_in(plain) or "0", 16) <= 0x77:
            raise ValueError(f'{address!r} is no address on I2C; write one from "0x03" to "0x77"')
        if plain.isdigit():
            raise ValueError(f'cannot tell where {address!r} is; write "0x{plain}" for an address on I2C, or "1-00{plain[-2:]}"')
        return plain

    @model_validator(mode="after")
    def _is_one_sensor(self) -> Self:
        if self.id and self.driver:
            raise ValueError("'id' is for a thermometer on 1-Wire, 'driver' for any other sensor; take one of them out")
        if self.id and self.address:
            raise ValueError("'address' goes with 'driver'; a thermometer on 1-Wire has its id alone")
        if not (self.id or self.driver or self.simulate):
            raise ValueError("no sensor is named; write id or driver (gateway ports lists what there is), or simulate = true")
        return self

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        check_values(self.values)
        return self
