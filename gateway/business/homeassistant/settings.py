"""What Home Assistant's section takes: where its broker is, and how devices and values are shown. Section `[homeassistant]`.

[homeassistant]
hide = ["twin/test*", "twin/boiler#raw_*"]
names = {"twin/boiler" = "Kessel"}
values = {"twin/boiler" = {t = {name = "Vorlauf", class = "temperature", unit = "°C"}}}
"""

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.actors import Settings
from gateway.actors.ids import check_id, key_of
from gateway.actors.points.classes import BOOLEANS
from gateway.actors.points.settings import Misfit, ValueSettings
from gateway.actors.templates import check_topic, with_empty_level

KIND = "homeassistant"


class ShownValue(BaseModel):
    """How one value is shown. What is not said stays as the value's own table says it, or the end of its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", max_length=128)
    unit: str | None = Field(default=None, max_length=32)
    device_class: str | None = Field(default=None, alias="class")
    icon: str = Field(default="", pattern=r"^([a-z0-9-]+:[a-z0-9-]+)?$")
    """As in Home Assistant: "mdi:water-boiler"."""


AS_IT_IS = ShownValue()


class HomeAssistantSettings(Settings):
    """Section `[homeassistant]`: that it is there shows every device in Home Assistant."""

    broker: str = ""
    """Id of the connection to the broker that Home Assistant is at. Default: mqtt/main."""
    prefix: Annotated[str, AfterValidator(lambda text: check_topic(text, ()))] = Field(default="homeassistant", max_length=128)
    """The discovery prefix of Home Assistant's MQTT integration."""
    devices: list[str] = Field(default=["*"], max_length=1000)
    """Which actors are shown, by their ids; * stands for anything."""
    hide: list[str] = Field(default=[], max_length=1000)
    """Which are not, or which of their values: "twin/test*", "twin/boiler#raw_*"."""
    names: dict[Annotated[str, AfterValidator(check_id)], Annotated[str, Field(min_length=1, max_length=128)]] = {}
    """What devices are called there, by the ids of their actors. Default: the last part of the id."""
    values: dict[Annotated[str, AfterValidator(check_id)], dict[str, ShownValue]] = {}
    """How values are shown, by the ids of their actors and their own names."""

    @model_validator(mode="after")
    def _are_taken(self) -> "HomeAssistantSettings":
        """Refuse a class and a unit that Home Assistant does not take with each other."""
        mistakes = []
        for id, rows in self.values.items():
            for name, row in rows.items():
                if row.device_class and row.device_class in BOOLEANS and row.unit is None:
                    continue
                try:
                    ValueSettings.model_validate({"class": row.device_class, "unit": row.unit}).meaning(name)
                except Misfit as misfit:
                    mistakes.append(f"values.{id}.{name}{misfit}")
                except ValueError as error:
                    mistakes.append(f"values.{id}.{name}.class: {str(error).splitlines()[2].partition(', ')[2].rpartition(' [')[0]}")
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self

    @property
    def me(self) -> str:
        """Id of the actor that announces; empty where the section is not there."""
        return f"{KIND}/{key_of(self.broker)}" if self.broker else ""

    def addresses(self) -> list[tuple[str, str, str]]:
        """The connection that publishes."""
        return [("broker", self.broker, "publish")] if self.broker else []

    def published(self, me: str) -> list[tuple[str, str]]:
        """The announcements."""
        del me
        return [(self.broker, f"{self.prefix}/device/{{}}/config")] if self.broker else []

    def lacks(self) -> dict[str, str]:
        """A discovery prefix with a level that has no name."""
        return {"prefix": why} if (why := with_empty_level(self.prefix)) else {}

    def ids_named(self) -> list[tuple[str, str]]:
        """The actors that are called something, and the patterns of those that are shown and are not."""
        patterns = [(f"{key}.{at}", one.partition("#")[0]) for key in ("devices", "hide") for at, one in enumerate(getattr(self, key))]
        return [(f"{key}.{id}", id) for key in ("names", "values") for id in getattr(self, key)] + patterns

    def watched(self) -> list[tuple[str, str, str]]:
        """The values that are shown in another way."""
        return [(f"values.{id}.{name}", id, name) for id, rows in self.values.items() for name in rows]

    def readers(self) -> list[str]:
        """The actor that announces."""
        return [self.me] if self.broker else []

    def at_start(self) -> list[tuple[str, str]]:
        """The actor that announces, and one that has announced elsewhere; then each actor that must introduce itself."""
        own = [(self.me, "begin"), ("twin/*", "introduce"), ("trip/*", "introduce")] if self.broker else []
        return [(f"{KIND}/*", "begin"), *own]

    def shows(self, id: str, value: str = "") -> bool:
        """Whether a device, or one of its values, is to be shown."""
        if not any(fnmatchcase(id, pattern) for pattern in self.devices):
            return False
        whole = f"{id}#{value}" if value else id
        return not any(fnmatchcase(whole if "#" in pattern else id, pattern) for pattern in self.hide)

    def value(self, id: str, name: str) -> ShownValue:
        """How a value is to be shown."""
        return self.values.get(id, {}).get(name, AS_IT_IS)
