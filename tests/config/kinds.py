"""Kinds for the tests of configuration: as small as kinds can be that still claim, address and nest."""

import enum
from pathlib import Path

from pydantic import Field, field_validator

from gateway.actors import Actor, Delivery, HostBound, Payload, Settings, Stage, State, verb
from gateway.registry import Registry, of_classes


class Parity(enum.Enum):
    """A choice."""

    NONE = "none"
    EVEN = "even"


class Rule(Settings):
    """A table within a section."""

    to: str
    scale: float = 1.0
    """Factor of the reading."""


class Simulate(Settings):
    """How to simulate."""

    every_s: float = 1.0
    panel: str = ""


class WireSettings(Settings):
    """One of everything."""

    device: Path
    """Path of the port."""
    baud: int = Field(default=9600, ge=50, le=4_000_000)
    exclusive: bool = True
    parity: Parity = Parity.NONE
    settle_s: float = Field(default=0.0, ge=0)
    wake: tuple[int, ...] = ()
    pin: int | str = 0
    to: str = ""
    verb: str = "note"
    rules: list[Rule] = []
    simulate: bool | Simulate = False
    password_file: Path | None = None

    @field_validator("device")
    @classmethod
    def _is_device(cls, device: Path) -> Path:
        if not device.is_absolute():
            raise ValueError(f"{device} is no absolute path; begin it with /dev")
        return device

    def claims(self) -> dict[str, str]:
        return {"device": str(self.device)}

    def addresses(self) -> list[tuple[str, str, str]]:
        rules = [(f"rules.{n}.to", rule.to, "note") for n, rule in enumerate(self.rules)]
        return rules + ([("to", self.to, self.verb)] if self.to else [])


class Wire(HostBound):
    """A host-bound kind."""

    settings_model = WireSettings

    @verb
    def write(self, delivery: Delivery) -> None:
        """Take anything."""


class PinSettings(Settings):
    """A pin."""

    pin: int = Field(ge=0, le=27)

    def claims(self) -> dict[str, str]:
        return {"pin": f"GPIO {self.pin}"}


class Pin(HostBound):
    """Another host-bound kind."""

    kind = "gpio"
    settings_model = PinSettings


class Text(Payload):
    """A payload."""

    text: str = ""


class DiarySettings(Settings):
    """Settings of an ordinary kind."""

    pages: int = Field(default=10, ge=1)


class Diary(Actor[State]):
    """An ordinary kind with settings."""

    settings_model = DiarySettings

    def __init__(self, settings: DiarySettings) -> None:
        if settings.pages == 13:
            raise ValueError("13 pages cannot be bound; choose another number")
        self.settings = settings

    @verb
    def note(self, text: Text, stage: Stage[State]) -> None:
        """Keep a text."""


class Plain(Actor[State]):
    """An ordinary kind without settings."""


def kinds() -> Registry:
    """All of them, registered."""
    return of_classes([Wire, Pin], [Diary, Plain])


class EchoSettings(Settings):
    """Settings with a default address."""

    to: str = "wire/main"

    def addresses(self) -> list[tuple[str, str, str]]:
        return [("to", self.to, "write")] if self.to else []


class Echo(Actor[State]):
    """An ordinary kind that sends to a device unless told otherwise."""

    settings_model = EchoSettings
