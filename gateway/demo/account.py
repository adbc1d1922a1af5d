"""The account: what went in, what was committed, what came out, and whether anything is missing or double."""

from dataclasses import asdict, dataclass
from typing import Any

from gateway.actors.words import several


@dataclass(frozen=True)
class Account:
    """The figures that the demo ends with, over all demos of one folder."""

    made: int
    """Fixes that the tracker made."""
    acknowledged: int
    """Fixes that the gateway told it to have on disk."""
    committed: int
    """Fixes that the trips know of."""
    came_out: int
    """Different fixes that were heard at the broker."""
    unpublished: int
    """Fixes that the trips took and had no reason to publish (jumps, repeats)."""
    ids: int
    repeats: int
    doubled: int
    pressed: int
    counted: int
    """Presses that were seen to be counted, one by one."""
    presses: int
    """Presses that the toggle knows of; yours and those of `gateway tell` too."""
    kills: int

    @property
    def faults(self) -> list[str]:
        """What is missing or double, in sentences; empty where nothing is."""
        found = []
        if self.committed < self.acknowledged:
            found.append(f"{self.acknowledged - self.committed} acknowledged fixes are missing")
        if self.committed > self.made:
            found.append(f"{self.committed - self.made} fixes were committed twice")
        if self.made > self.acknowledged:
            found.append(f"{self.made - self.acknowledged} fixes were not acknowledged in time")
        if self.came_out + self.unpublished < self.committed:
            found.append(f"{self.committed - self.came_out - self.unpublished} committed fixes did not come out")
        if self.doubled:
            found.append(f"{self.doubled} fixes came out under two ids")
        if self.presses < self.counted:
            found.append(f"{self.counted - self.presses} counted presses are missing")
        return found

    def lines(self) -> list[str]:
        """The account in lines for people."""
        vain = self.pressed - self.counted
        return [
            f"went in     {self.made} fixes made, {self.acknowledged} acknowledged; {self.pressed} presses"
            + (f", {vain} of them in vain: a pin has no memory, and the gateway was down or going" if vain else ""),
            f"committed   {self.committed} fixes in trip/van; {self.presses} presses in toggle/hall"
            + (f", {self.presses - self.pressed} more than the demo made" if self.presses > self.pressed else ""),
            f"came out    {self.came_out} different fixes under {self.ids} message ids; {self.repeats} repeated under the same id",
            f"meanwhile   the gateway was killed, or ended, {several(self.kills, 'time')}",
            f"{'MISSING: ' + '; '.join(self.faults) if self.faults else 'nothing is missing, nothing is double'}",
        ]

    def as_json(self) -> dict[str, Any]:
        """The account as JSON, for programs."""
        return {**asdict(self), "faults": self.faults}


def in_trips(seen: dict[int, set[int]], now: dict[str, Any]) -> int:
    """How many fixes all trips have: the one under way as it says, those before it as far as they came out."""
    earlier = sum(max(numbers) for trip, numbers in seen.items() if trip < int(now["trip"]))
    return earlier + int(now["fixes"])
