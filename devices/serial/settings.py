"""The settings of a serial port: every key of a section `[serial.<key>]`, with its unit and its default."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from devices.codecs.choice import Chosen, choice_of
from devices.codecs.installed import codec_class
from devices.codecs.lines import LineSettings
from devices.link import ACT_WITHIN_S, ActWithin
from devices.serial.names import device_files, meaning, why_no_port
from devices.serial.urls import NetworkPort, network_port
from devices.simulation import simulation
from gateway.actors import Settings
from gateway.actors.templates import check_fields

_OF_ITS_LINE = ("baud", "parity", "bytesize", "stopbits", "flow", "dtr", "rts")
_OF_THIS_HOST = ("exclusive", "hupcl", "rs485")
_WHY = {
    True: "such settings are made at its other end (rfc2217:// makes them from here, where that end speaks it)",
    False: "it is for devices of this host",
}


class Rs485(BaseModel):
    """How the driver switches a two-wire transceiver: `[serial.<key>.rs485]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rts_on_send: bool = True
    """The level of RTS while it sends; the other one while it receives."""
    delay_before_send_ms: int = Field(default=0, ge=0, le=1000)
    delay_after_send_ms: int = Field(default=0, ge=0, le=1000)
    hears_itself: bool = False
    """Whether it receives while it sends."""


class SerialSimulation(Settings):
    """A simulated device on a pseudo-terminal, in place of the port: `[serial.<key>.simulate]`."""

    device: Literal["", "gps", "meter", "dsmr", "sml", "ve_direct"] = ""
    """`gps`: RMC and GGA of one moving receiver. `meter`: numbered JSON lines of `devices` meters. `dsmr`, `sml`: a meter of electricity.
    `ve_direct`: a charger. Default: what the codec reads, with the values that the port's table names."""
    interval_s: float = Field(default=1.0, ge=0.001)
    devices: int = Field(default=1, ge=1, le=1000)
    acked: bool = False
    """Keep and repeat each line until it is acknowledged; set the port's `ack` too."""
    wrong_every: int = Field(default=0, ge=0)
    """One of so many lines or telegrams has a wrong bit; 0: none. For devices that are not `acked`."""


class SerialSettings(LineSettings):
    """The settings of one serial port: where it is, how its bytes run, what they mean, and who hears of it."""

    port: str = ""
    """/dev/serial/by-id/... or by-path/... (they stay when numbers change), /dev/ttyX, or a part of a by-id name; socket://HOST:PORT or
    rfc2217://HOST:PORT for one of another computer."""
    simulate: bool | SerialSimulation = False
    """True, or a table: a device of ours in the place of the port."""

    baud: int = Field(default=9600, ge=50, le=4_000_000)
    parity: Literal["none", "even", "odd", "mark", "space"] = "none"
    bytesize: Literal[5, 6, 7, 8] = 8
    stopbits: Literal[1, 2] = 1
    flow: Literal["none", "rtscts", "xonxoff"] = "none"
    exclusive: bool = True
    """Lock the port against other programs that lock (an advisory lock: others may still read it)."""
    hupcl: bool | None = None
    """False: leave DTR up when the port closes, so that the next opening does not reset an Arduino. Unset: as it is."""
    dtr: bool | None = None
    """The level of DTR from the opening on; false: an Arduino is not reset by it. Unset: up, as the system has it."""
    rts: bool | None = None
    """The level of RTS from the opening on. Unset: up, as the system has it."""
    settle_s: float = Field(default=0.0, ge=0, le=60)
    """Seconds after each opening in which all bytes are ignored: a boot banner."""

    codec: Chosen = "text"
    """What its frames mean: the name of a codec, or a table with its name and its options."""
    skip_first: bool | None = None
    """Drop what comes before the first delimiter after each opening: it may be the rest of a frame. Unset: where nothing shows that."""
    max_gap_s: float = Field(default=1.0, gt=0, le=3600)
    """Longest silence inside a line, in seconds."""
    undecodable: Literal["reject", "replace"] = "reject"
    """What becomes of a line with bytes that are no UTF-8: it is dropped, or they become U+FFFD."""
    checksum_required: bool = True
    """NMEA: drop a sentence that has no checksum. One whose checksum is wrong is always dropped."""

    id_field: str = "id"
    """JSON: the field that numbers the lines. Used where `ack` is set."""
    ack: str = ""
    """Written back when a line is on disk: `ok {id}`, `ACK {frame}`. A line whose id came before is acknowledged and not handled again."""
    lines_differ: bool = False
    """Whether the text of each line is its own (it has its time in it, or a number): then one that comes again is a repeat, though it has
    no id. Used where `ack` is set."""

    line_ending: Literal["\n", "\r\n", "\r", ""] = "\n"
    """Follows each text and each acknowledgement that is written."""
    write_timeout_s: float = Field(default=2.0, gt=0, le=60)
    """How long the port may take no byte before what waits to be written has failed."""
    act_within_s: ActWithin = ACT_WITHIN_S
    """How old a text may grow that cannot be written (its port is not there): then it is answered "expired". 0: however old."""
    rs485: bool | Rs485 = False
    """True, or a table: have the driver switch a two-wire transceiver between sending and receiving, by RTS."""
    rs485_echo: bool = False
    """Remove our own bytes, which a two-wire adapter reads back."""

    @property
    def skips_first(self) -> bool:
        """Whether the first bytes after an opening may be the rest of a frame that nothing would show to be one. A simulated device begins
        with the port."""
        unsure = self.simulation is None and not codec_class(self.codec_name).checked
        return unsure if self.skip_first is None else self.skip_first

    @property
    def network(self) -> NetworkPort | None:
        """Where the port is, if it is one of another computer."""
        return network_port(self.port) if self.simulation is None else None

    @property
    def simulated_device(self) -> str:
        """The simulated device whose frames the codec reads, by its name; empty where the codec makes them itself."""
        name, options = choice_of(self.codec)
        return {"json": "meter", "nmea": "gps", "dsmr": "dsmr", "sml": "sml"}.get(name, str(options.get("profile") or ""))

    @property
    def two_wires(self) -> Rs485 | None:
        """How a two-wire transceiver is switched; None where the driver has nothing to switch."""
        return Rs485() if self.rs485 is True else self.rs485 or None

    @property
    def simulation(self) -> SerialSimulation | None:
        """How the port is simulated; None where it is a real one."""
        return simulation(self.simulate, SerialSimulation)

    def claims(self) -> dict[str, str]:
        return {"port": meaning(self.port)} if self.simulation is None else {}

    def device_files(self) -> dict[str, str]:
        """The device that its name means now; the name itself where it means none."""
        return device_files(self.port) if self.simulation is None else {}

    def servers(self) -> dict[str, tuple[str, int]]:
        """Where the port of another computer is."""
        far = None if self.simulation is not None else network_port(self.port)
        return {"port": (far.host, far.port)} if far else {}

    @field_validator("port")
    @classmethod
    def _is_port(cls, port: str) -> str:
        if why := why_no_port(port):
            raise ValueError(why)
        return port

    @field_validator("ack")
    @classmethod
    def _is_ack(cls, ack: str) -> str:
        return check_fields(ack, ("id", "frame"), what="an acknowledgement")

    @model_validator(mode="after")
    def _has_a_port(self) -> Self:
        if not self.port and not self.simulate:
            raise ValueError("port is missing; name one (`gateway ports` lists them), or write simulate = true")
        return self

    @model_validator(mode="after")
    def _sets_what_it_can(self) -> Self:
        if self.rts is not None and self.flow == "rtscts":
            raise ValueError('rts: is without effect, for flow = "rtscts" works that line; take one of them out')
        if self.rts is not None and self.rs485:
            raise ValueError("rts: is without effect, for rs485 works that line; take one of them out")
        if (place := self.network) is not None:
            beyond = _OF_THIS_HOST if place.scheme == "rfc2217" else (*_OF_ITS_LINE, *_OF_THIS_HOST)
            wrong = [
                f"{key}: is without effect on {place.scheme}://: {_WHY[key in _OF_ITS_LINE]}; take it out"
                for key in beyond
                if key in self.model_fields_set
            ]
            if wrong:
                raise ValueError("\n".join(wrong))
        return self
