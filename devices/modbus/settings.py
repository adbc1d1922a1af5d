"""The settings of a Modbus bus: every key of a section `[modbus.<key>]`, with its unit and its default."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from devices.hosts import check_plain_host, keys_of_place
from devices.link import ACT_WITHIN_S, ActWithin
from devices.modbus.frames import Area
from devices.modbus.profiles import read_profile
from devices.modbus.registers import Type, Words, limits_of, size_of
from devices.serial.names import device_files, meaning, why_no_port
from devices.serial.urls import is_url, place_without_scheme
from gateway.actors import Settings
from gateway.actors.ids import check_id
from gateway.actors.points import Point, ValueSettings
from gateway.actors.points.point import Said

TEXT_REGISTERS = 8


class RegisterSettings(BaseModel):
    """One value of a unit: where it stands, and how it is written there."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    at: int = Field(alias="register", ge=0, le=65535)
    """Its first register, or its bit where the area is one of bits, counted from 0 as on the wire: 40001 of a manual is 0 of `holding`."""
    area: Area = "holding"
    type: Type = "u16"
    words: Words = "big"
    """Which word comes first, of a value that has several: the one that counts most, or least."""
    length: int = Field(default=TEXT_REGISTERS, ge=1, le=64)
    """How many registers a text has."""
    bit: int | None = Field(default=None, ge=0, le=15)
    """The bit of the register that it is, counted from the lowest: on or off."""
    scale: float = 1.0
    """What stands there times this, plus `offset`, is the value."""
    offset: float = 0.0
    precision: int | None = Field(default=None, ge=0, le=9)
    """To how many decimals it is rounded."""
    ignore: list[int] = Field(default=[], max_length=16)
    """What stands there where the device has no value, as 32768 or 0x8000; of a type with a sign, -32768 is the same. A bit has none where
    its whole register is this."""
    writable: bool | list[float] = False
    """Whether it may be written: true, or [least, most] that is written, in the value's unit."""

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return self.bit is not None or self.area in ("coil", "discrete")

    @property
    def size(self) -> int:
        """How many registers, or bits, it takes."""
        return 1 if self.is_switch else size_of(self.type, length=self.length)

    def as_value(self) -> ValueSettings:
        """What is known of it besides."""
        type = "boolean" if self.is_switch else "text" if self.type == "text" else "number"
        return ValueSettings.model_validate({"type": type})

    def as_point(self, me: str, unit: str, name: str) -> Point:
        """What is known of it, and how it is set: by the verb `write` of its bus `me`."""
        point = self.as_value().point(name)
        if not self.writable:
            return point
        low, high = self.writable if isinstance(self.writable, list) else (None, None)
        way = {"setter": me, "verb": "write", "field": "value", "payload": {"unit": unit, "name": name}}
        return point.changed(low=low, high=high, precision=self.precision, **way)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.bit is not None and (self.area in ("coil", "discrete") or self.type != "u16"):
            raise ValueError("bit: is for one register of holding or input; take it out, or the type")
        if self.writable and self.area in ("input", "discrete"):
            raise ValueError(f"writable: nothing can be written to {self.area}; take it out, or write area = holding or coil")
        if isinstance(self.writable, list):
            self._check_limits(self.writable)
        self._check_ignored()
        if self.scale == 0:
            raise ValueError("scale: every value would be the same; write a number that is not 0")
        if self.at + self.size > 65536:
            raise ValueError(f"register: its {self.size} registers would end behind 65535; mend it, or the type")
        return self

    def _check_ignored(self) -> None:
        if not self.ignore:
            return
        if self.area in ("coil", "discrete") or self.type == "text":
            raise ValueError("ignore: is for numbers, and for a bit of a register; take it out")
        low, high = limits_of(self.type)
        high = high if self.type[0] != "i" else 2 * high + 1  # as manuals write it, without a sign
        if never := next((one for one in self.ignore if not low <= one <= high), None):
            raise ValueError(f"ignore: {never} never stands in a register of type {self.type}; mend it, or the type")

    def _check_limits(self, limits: list[float]) -> None:
        if self.is_switch or self.type == "text":
            raise ValueError("writable: least and most are for a number; write true")
        if len(limits) != 2 or limits[0] > limits[1]:
            raise ValueError("writable: write true, or the least and the most that may be written: [5, 30]")


class UnitSettings(BaseModel):
    """One device on the bus: `[modbus.<key>.units.<name>]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    unit: int = Field(ge=0, le=247)
    """Its number on the bus, from 1 on; by TCP a device alone may be 0."""
    to: str = Field(max_length=256)
    """Actor id that gets each reading as a report."""
    every_s: float = Field(default=10.0, ge=0.1, le=86_400)
    """Seconds from one reading to the next."""
    profile: str = ""
    """Which model it is: one of the box, or the path of a file of your own."""
    values: dict[str, RegisterSettings] = {}
    """Its values by their names, beside those of the profile."""
    most: int = Field(default=64, ge=1, le=125)
    """How many registers are read by one request, at most."""
    gap: int = Field(default=0, ge=0, le=64)
    """How many registers that nobody asked for may be read along, so that one request serves for two values; 0 where the device refuses."""

    @model_validator(mode="before")
    @classmethod
    def _has_a_profile(cls, given: Any) -> Any:
        """Take the profile's keys where the file does not say its own."""
        if not isinstance(given, dict) or not isinstance(given.get("profile"), str) or not given["profile"]:
            return given
        try:
            profile = read_profile(given["profile"])
        except ValueError:
            return given  # which the check of the key says
        if not isinstance(given.get("values", {}), Mapping):
            return given  # as above
        return {**profile, **given, "values": {**profile.get("values", {}), **given.get("values", {})}}

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if not 0 < len(self.values) <= 64:
            mend = (
                "leave some out, or write some into the profile" if self.profile else "name a profile, or the registers that are to be read"
            )
            raise ValueError(f"values: there are {len(self.values)}, 1 to 64 are taken; {mend}")
        return self

    @field_validator("profile")
    @classmethod
    def _is_readable(cls, profile: str) -> str:
        if profile:
            read_profile(profile)
        return profile

    @field_validator("to")
    @classmethod
    def _is_id(cls, to: str) -> str:
        return check_id(to)


_OF_A_LINE = ("baud", "parity", "stopbits")
_IN_VAIN_AT_HOST = "is without effect at a host: where an adapter is there, its own page sets it; take it out"


class ModbusSettings(Settings):
    """The settings of one bus: a serial line, or a host."""

    port: str = ""
    """A serial port, as in `[serial.<key>]`: Modbus RTU."""
    host: str = Field(default="", max_length=256)
    """A host: Modbus TCP."""
    tcp_port: int = Field(default=502, ge=1, le=65535)
    framing: Literal["tcp", "rtu"] = "tcp"
    """With `host`: `rtu` where an adapter passes through what it gets from a serial line."""
    baud: int = Field(default=9600, ge=50, le=4_000_000)
    parity: Literal["none", "even", "odd"] = "none"
    stopbits: Literal[1, 2] = 1
    timeout_s: float = Field(default=0.5, ge=0.02, le=10)
    """How long a unit has for its answer."""
    act_within_s: ActWithin = ACT_WITHIN_S
    """How old a write may grow that waits for the bus."""
    spacing_s: float = Field(default=0.02, ge=0, le=2)
    """Silence before each request, by which units tell one from another."""
    units: dict[str, UnitSettings] = {}
    """The devices on the bus, by names of your own. One that is to be read at two paces stands here twice."""
    simulate: bool = False
    """True: the units are simulated, and nothing of this host is touched."""

    def claims(self) -> dict[str, str]:
        return {"port": meaning(self.port)} if self.port and not self.simulate else {}

    def device_files(self) -> dict[str, str]:
        return device_files(self.port) if self.port and not self.simulate else {}

    def servers(self) -> dict[str, tuple[str, int]]:
        return {"host": (self.host, self.tcp_port)} if self.host and not self.simulate else {}

    def addresses(self) -> list[tuple[str, str, str]]:
        return [(f"units.{name}.to", unit.to, "report") for name, unit in self.units.items()]

    def points(self, me: str) -> Said:
        """The values of its units."""
        return [(unit.to, [value.as_point(me, name, of) for of, value in unit.values.items()]) for name, unit in self.units.items()]

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        return check_plain_host(host, port_key="tcp_port") if host else host

    @field_validator("port", mode="before")
    @classmethod
    def _is_no_number(cls, port: Any) -> Any:
        if isinstance(port, int) and not isinstance(port, bool):
            raise ValueError(f"a serial port stands here; for the port of a host write tcp_port = {port}")  # noqa: TRY004  # pydantic takes a ValueError
        return port

    @field_validator("port")
    @classmethod
    def _is_port(cls, port: str) -> str:
        place = place_without_scheme(port).removesuffix(":PORT")
        if place or is_url(port):
            keys = keys_of_place(place or port.partition("://")[2], port_key="tcp_port")
            also = '; and framing = "rtu" where a serial bus is behind it'
            raise ValueError(f"a serial port stands here, and {port} is an address of the network; {keys}{also}")
        if why := why_no_port(port):
            raise ValueError(why)
        return port

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if bool(self.port) == bool(self.host) and not (self.simulate and not self.host):
            raise ValueError("port: a bus is at a serial port or at a host; write one of port and host")
        return self

    @model_validator(mode="after")
    def _sets_what_it_can(self) -> Self:
        if self.simulate:
            return self
        wrong = [f"{key}: {_IN_VAIN_AT_HOST}" for key in _OF_A_LINE if self.host and key in self.model_fields_set]
        if self.port and "tcp_port" in self.model_fields_set:
            wrong.append("tcp_port: is without effect at a serial port; take it out, or write host in the place of port")
        if self.port and self.framing == "tcp" and "framing" in self.model_fields_set:
            wrong.append("framing: at a serial port it is rtu, and needs no word; take it out")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @model_validator(mode="after")
    def _asks_nobody_in_vain(self) -> Self:
        every = [name for name, unit in self.units.items() if unit.unit == 0]
        if every and (self.port or self.framing == "rtu"):
            raise ValueError(f"units.{every[0]}.unit: on a line 0 is every unit, and none of them answers; write its own number, 1 to 247")
        return self

    @model_validator(mode="after")
    def _has_units(self) -> Self:
        if not self.units:
            raise ValueError("units: there are none; write [modbus.NAME.units.METER] with unit, to, and a profile or values")
        return self
