"""What `[exec.NAME]` takes: a program, what it prints and means by it, and who hears of that."""

import json
import os
import shlex
import shutil
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from devices.backoff import check_order
from devices.codecs.choice import Chosen
from devices.codecs.lines import LineSettings
from devices.simulation import simulation

_USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where a service of systemd looks for programs, whatever the PATH of who asks."""
_OF_A_SHELL = ("|", ">", "<", "&", "&&", "||", ";")


class ExecSimulation(BaseModel):
    """`[exec.NAME.simulate]`: a program of ours in place of the one that is named: weather stations, as rtl_433 tells of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    interval_s: float = Field(default=5.0, ge=0.01, le=86_400)
    """Seconds from one station's word to its next."""
    stations: int = Field(default=1, ge=1, le=100)
    said: int = Field(default=3, ge=1, le=10)
    """How often each thing is said, as a radio hears it."""


class ExecSettings(LineSettings):
    """The settings of one program that prints lines."""

    command: list[str] = Field(default=[], max_length=256)
    """The program and its words, each by itself; no shell reads them. It is looked for on the PATH, unless it is a full path."""

    codec: Chosen = "json"
    """What its frames mean: the name of a codec, or a table with its name and its options."""
    skip_first: bool = False
    """Drop what comes before the first delimiter after each start: of a program that passes a line on, it may be the rest of a frame."""
    coalesce_s: float = Field(default=0.0, ge=0, le=3600)
    """Seconds in which a line that says the same again is dropped: rtl_433 says each thing three times; 0: none is."""
    coalesce_ignores: list[str] = Field(default=["time", "mod", "freq", "freq1", "freq2", "rssi", "snr", "noise"], max_length=64)
    """JSON: fields in which two lines may differ and yet say the same."""

    silent_after_s: float = Field(default=0.0, ge=0, le=7 * 86400)
    """Seconds without a line after which the program is started anew, since it hangs; 0: never."""
    restart_min_s: float = Field(default=1.0, gt=0)
    """The first wait before a program that has ended is started again; doubled each time."""
    restart_max_s: float = Field(default=60.0, gt=0)
    simulate: bool | ExecSimulation = False

    @property
    def simulation(self) -> ExecSimulation | None:
        """How the program is simulated; None where it is the real one."""
        return simulation(self.simulate, ExecSimulation)

    def lacks(self) -> dict[str, str]:
        """Say where the program is not on this machine."""
        if self.simulation is not None or program(self.command[0]):
            return {}
        return {"command": why_no_program(self.command[0])}

    @field_validator("command", mode="before")
    @classmethod
    def _is_a_list(cls, given: Any) -> Any:
        if isinstance(given, str):
            raise ValueError(_as_a_list(given))  # noqa: TRY004  # pydantic takes ValueError
        return given

    @field_validator("command")
    @classmethod
    def _can_be_started(cls, command: list[str]) -> list[str]:
        if any("\0" in word for word in command):
            raise ValueError("cannot start a program with a NUL in its words; take it out")
        name = command[0] if command else ""
        if command and not name.strip():
            raise ValueError("the first word is the program, and it is empty; write its name")
        if len(command) == 1 and len(name.split()) > 1 and not name.startswith("/"):
            raise ValueError(_as_a_list(name))
        if "/" in name and not name.startswith("/"):
            raise ValueError(f"cannot find {name!r} from everywhere; write its full path, or a name on the PATH")
        return command

    @model_validator(mode="after")
    def _has_a_program(self) -> Self:
        if not self.command and not self.simulate:
            raise ValueError('command is missing; write the program and its words, command = ["rtl_433", "-F", "json"], or simulate = true')
        return self

    @model_validator(mode="after")
    def _waits_longer_and_longer(self) -> Self:
        check_order(self, "restart_min_s", "restart_max_s")
        return self


def program(name: str) -> str:
    """The full path of a program, by its name or its path; "" where this user finds none that can be run."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_USUAL}") or ""


def why_no_program(name: str) -> str:
    """The sentence that says why there is no such program to start."""
    if "/" not in name:
        return f"cannot start {name}: there is no such program on the PATH; install it, or write its full path"
    if os.path.exists(name):  # noqa: PTH110  # Path.exists raises where a folder may not be entered
        return f"cannot start {name}: it cannot be run by this user; chmod a+rx it"
    return f"cannot start {name}: there is no such file, or this user may not see it; mend the path"


def _as_a_list(text: str) -> str:
    """What to write in place of a command line of a shell."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    if any(word in _OF_A_SHELL for word in words):
        return "no shell reads it, so it can have no | or >; put the line into a script of its own, and write that script's full path"
    return f"no shell reads it: write each word by itself, command = {json.dumps(words, ensure_ascii=False)}"
