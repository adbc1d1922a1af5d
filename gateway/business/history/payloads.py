"""What is told and asked of histories."""

from pydantic import Field

from gateway.actors.callers import By
from gateway.actors.models import Payload

DAY_S = 86_400

Row = tuple[int, float, float, float, int]
"""Wall time in milliseconds since 1970, least, mean, greatest, and how many readings these are of."""


class HistoryAsked(Payload):
    """Payload of the verb `history` of a twin: of which value, from when to when, and how finely."""

    value: str = Field(min_length=1, max_length=256)
    """The name of the value."""
    since_ms: int = Field(default=0, ge=0)
    """Wall time, milliseconds since 1970; 0: as far back as it is kept."""
    until_ms: int = Field(default=0, ge=0)
    """The same; 0: until now."""
    step_s: int = Field(default=0, ge=0, le=366 * 86400)
    """One row for so many seconds; 0: as many as make no more than `most` rows."""
    every: bool = False
    """Each reading by itself, while they are kept; where there are more than `most`, the answer says where the next ones begin."""
    most: int = Field(default=500, ge=1, le=2000)
    """How many rows the answer may have."""


class ReadingsKept(Payload):
    """Payload of the verb `keep` of a history: some readings."""

    SENT_BY = By.ACTORS
    value: str
    """The name of the value, as the device calls it."""
    text: str
    """The readings: see `recent.py`."""


class Search(Payload):
    """A question on its way through the parts of a history: each part adds its rows."""

    SENT_BY = By.ACTORS
    value: str
    unit: str
    since_ms: int
    until_ms: int
    step_s: int
    every: bool
    most: int
    recent: str
    """The readings that the twin has not handed over: see `recent.py`."""
    fineness: str = ""
    """What answers it: "readings", "minutes" or "hours"."""
    part: int = 0
    """The last part that has been asked."""
    rows: tuple[Row, ...] = ()
    next_ms: int = 0
    """Where the first reading stands that found no room in the answer; 0: all are in it."""


class Answered(Payload):
    """The answer to `history`: rows in the order of their times."""

    value: str
    unit: str
    step_s: int
    """Seconds that one row stands for; 0: one reading."""
    since_ms: int
    until_ms: int
    next_ms: int = 0
    """Ask again from here: more readings were there than the answer may hold. 0: these are all."""
    rows: tuple[Row, ...]


class TextAdded(Payload):
    """Payload of the verb `add` of a part of a history."""

    SENT_BY = By.ACTORS
    text: str


class Reach(Payload):
    """How far back each fineness is kept, seconds; also the payload of the verb `keep_so_long` of a history."""

    SENT_BY = By.ACTORS
    readings_s: float
    minutes_s: float
    hours_s: float


USUAL = Reach(readings_s=DAY_S, minutes_s=31 * DAY_S, hours_s=3660 * DAY_S)


class Kept(Payload):
    """Payload of the verb `kept` of the archive: how much one history takes."""

    SENT_BY = By.ACTORS
    size: int
    """Bytes."""
    was: int
    """Bytes that were told before."""
    daily: bool
    """Whether it is told once a day, for the sum of all."""
    told_daily: int = 0
    """On which day, by the gateway's clock, it was last told so."""
    reach: Reach
    """How far back it keeps what it has."""


def day_of(clock_ms: int) -> int:
    """The number of a day on the gateway's clock."""
    return clock_ms // (DAY_S * 1000)
