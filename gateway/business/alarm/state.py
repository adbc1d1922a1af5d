"""What an alarm remembers."""

import enum
from typing import ClassVar

from gateway.actors.stamps import Stamped
from gateway.business.condition import Findings
from gateway.business.notices import Recipient


class AlarmPhase(enum.Enum):
    """Where an alarm stands."""

    NORMAL = "normal"
    PENDING = "pending"
    """Something is wrong, not for long enough yet."""
    RAISED = "raised"
    """The alarm is active or acknowledged."""
    ACTIVE = "active"
    """Nobody has acknowledged it."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody has, and something is still wrong."""
    CLEARED = "cleared"
    """The alarm was raised, and all is right again."""


class AlarmState(Stamped):
    """What an alarm remembers."""

    VERSION: ClassVar[int] = 2
    INNER = ("wrong_clock_ms", "said_clock_ms", "worse_clock_ms", "asking", "findings.anchor", "findings.last")

    phase: AlarmPhase = AlarmPhase.NORMAL
    findings: Findings = Findings()
    wrong_clock_ms: int = 0
    """Since when something is wrong, by the gateway's own clock, milliseconds; 0: nothing is, or somebody has cleared it."""
    said_clock_ms: int = 0
    """When people were last told that something is wrong, by the gateway's own clock, milliseconds."""
    incident: int = 0
    """Which one it is, from 1; a number is never used again."""
    since_ms: int = 0
    """Wall time of the last change of phase, milliseconds since 1970."""
    raised_ms: int = 0
    """Wall time at which the last incident was raised."""
    why: tuple[str, ...] = ()
    """What was wrong when it was raised."""
    drill: bool = False
    """Whether somebody tries it out."""
    worse: bool = False
    """Whether something else is wrong than what was acknowledged, not for long enough yet."""
    worse_clock_ms: int = 0
    """Since when, by the gateway's own clock, milliseconds."""
    acknowledged_by: str = ""
    escalations: int = 0
    """How often this incident was told again."""
    told: tuple[Recipient, ...] = ()
    """Who was told of this incident, each once."""
    asking: dict[str, tuple[Recipient, ...]] = {}
    """Who is being told now, by the name of the gather, in the order of its requests."""
    untold: tuple[str, ...] = ()
    """Who could not be told, each with the reason."""
