"""How a simulated pin of `[gpio.NAME]` is worked: by the clock, and through a panel (see `panel.py`).

[gpio.bell.simulate]
press_every_s = 3
bounce = true
panel = "/tmp/panel"
"""

from pydantic import BaseModel, ConfigDict, Field


class Simulate(BaseModel):
    """How a simulated pin is worked. All of it is optional: `simulate = true` gives a pin that nobody touches."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    press_every_s: float = Field(default=0.0, ge=0)
    """Seconds between the starts of two presses; 0: never."""
    hold_s: float = Field(default=0.1, gt=0)
    """Seconds a press lasts."""
    bounce: bool = False
    """Whether the contact bounces, as real ones do: two extra pulses at each change."""
    panel: str = ""
    """A directory through which another process sees the output and works the input (see `panel.py`)."""
