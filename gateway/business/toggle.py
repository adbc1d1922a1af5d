"""A toggle: one button that turns outputs on and off, and remembers which across power cuts.

[gpio.bell]   press_to = "toggle/hall"
[gpio.lamp]   report_to = "toggle/hall"     # so that a lamp that comes up otherwise, after a power cut, is told again
[actors.toggle]   outputs = {hall = ["gpio/lamp"]}
"""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from gateway.actors import Actor, By, Stage, verb
from gateway.actors.ids import check_id, is_key
from gateway.actors.points import Point, ValueType
from gateway.actors.points.shown import ShownDevice
from gateway.actors.stamps import Stamped
from gateway.actors.vocabulary import Pressed, Report, Switch
from gateway.business.publishing import Publishing


def _is_toggle(key: str) -> str:
    if not is_key(key):
        raise ValueError(f"cannot use {key!r} as the key of a toggle: write letters, digits and . _ ~ : @ = , -")
    return key


class ToggleState(Stamped):
    """What a toggle remembers: whether its outputs are on."""

    on: bool = False
    presses: int = 0
    """Presses in this toggle's life, coalesced ones too."""
    changed_ms: int = 0
    """Wall time of the last change, milliseconds since 1970; 0: none yet."""


class ToggleSettings(Publishing):
    """Section `[actors.toggle]`."""

    topic: str = Field(default="{prefix}/toggle/{key}", max_length=512)
    outputs: dict[Annotated[str, AfterValidator(_is_toggle)], list[Annotated[str, AfterValidator(check_id)]]] = {}
    """The outputs of each toggle by its key: {hall = ["gpio/lamp"]}. One without outputs only publishes."""

    def shown_devices(self, me: str) -> list[ShownDevice]:
        """Each toggle that has outputs."""
        del me
        return [self._device(f"toggle/{key}") for key in self.outputs] if self.publish_to else []

    def _device(self, id: str) -> ShownDevice:
        on = Point(name="on", type=ValueType.BOOLEAN, setter=id, verb="set", field="on", path=("on",))
        return ShownDevice(id=id, topic=self.topic_of(id), by=self.publish_to, points=(on,), model="toggle", again="show")

    def spoken_of(self) -> list[str]:
        """Each toggle that has outputs."""
        return [f"toggle/{key}" for key in self.outputs]

    def addresses(self) -> list[tuple[str, str, str]]:
        """The publisher and every output."""
        outputs = [(f"outputs.{key}.{at}", output, "switch") for key, ids in self.outputs.items() for at, output in enumerate(ids)]
        return super().addresses() + outputs


class Toggle(Actor[ToggleState]):
    """Turns its outputs on and off by one button, and knows which after a power cut."""

    settings_model = ToggleSettings
    settings: ToggleSettings

    @verb
    def pressed(self, pressed: Pressed, stage: Stage[ToggleState]) -> None:
        """Flip the outputs; an even number of presses at once leaves them as they are."""
        stage.state = stage.state.changed(presses=stage.state.presses + pressed.count)
        if pressed.count % 2:
            self._turn(stage, on=not stage.state.on)
        stage.reply(_shown(stage.state))

    @verb
    def set(self, switch: Switch, stage: Stage[ToggleState]) -> None:
        """Turn the outputs on or off, however they stand."""
        self._turn(stage, on=switch.on)
        stage.reply(_shown(stage.state))

    @verb
    def report(self, report: Report, stage: Stage[ToggleState]) -> None:
        """Take word from an output whether it is on; one that is otherwise than the toggle is told again. Wire it to outputs nobody else
        switches. What a limit of the output turned off stays off: a toggle that has no other output is off with it."""
        output, outputs = stage.message.sender, self.settings.outputs.get(stage.key, [])
        stands = [value for value in report.values.values() if isinstance(value, bool)]
        if output not in outputs or (not stage.state.on) not in stands:
            return
        if not report.guarded:
            stage.tell(output, "switch", Switch(on=stage.state.on))
        elif len(outputs) == 1:
            stage.state = stage.state.stamped(stage.stamp(), "changed_ms", on=not stage.state.on)
            self.settings.publish(stage, _shown(stage.state))

    @verb
    def restore(self, stage: Stage[ToggleState]) -> None:
        """Tell the outputs again how they should stand, after they have lost power."""
        self._tell_outputs(stage)

    @verb(by=By.ACTORS)
    def show(self, stage: Stage[ToggleState]) -> None:
        """Publish how the toggle stands, for somebody who has begun to show it."""
        self.settings.publish(stage, _shown(stage.state))

    @verb
    def read(self, stage: Stage[ToggleState]) -> None:
        """Answer with how the toggle stands."""
        stage.reply(_shown(stage.state))

    def _turn(self, stage: Stage[ToggleState], *, on: bool) -> None:
        """Remember whether the outputs are on, tell them, and publish. Outputs are told even when nothing changes: they may stand
        otherwise."""
        if on is not stage.state.on:
            stage.state = stage.state.stamped(stage.stamp(), "changed_ms", on=on)
        self._tell_outputs(stage)
        self.settings.publish(stage, _shown(stage.state))

    def _tell_outputs(self, stage: Stage[ToggleState]) -> None:
        for output in self.settings.outputs.get(stage.key, ()):
            stage.tell(output, "switch", Switch(on=stage.state.on))


def _shown(state: ToggleState) -> dict[str, Any]:
    """How a toggle stands, for others; `synced` is false while the time of the last change cannot be trusted."""
    shown = {"on": state.on, "presses": state.presses, "changed_ms": state.changed_ms}
    return {**shown, "synced": False} if state.unsynced else shown
