"""Topics and topic filters: what is well formed, and which topics a filter matches.

Sources: OASIS MQTT Version 5.0, section 4.7, and 1.5.4 for the characters upon which a broker may close the connection; how many levels
brokers take is in their manuals (mosquitto 201, EMQX 128).
"""

import re

LEVELS_AT_MOST = 128
"""A broker closes the connection upon a topic of more levels than it takes: this many all brokers of one's own take."""
_NO_CHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_CLOSES_UPON = re.compile(f"[\\x01-\\x1f\\x7f-\\x9f\\ufdd0-\\ufdef{_NO_CHARACTERS}]")
"""Control characters, and code points that Unicode gives to no character."""


def check_topic(topic: str) -> str:
    """Return `topic` when one can publish under it, and no broker closes the connection upon it; raise ValueError otherwise."""
    if not topic or any(character in topic for character in "+#\0"):
        raise ValueError(f"cannot use {topic!r} as a topic: it must have a character, and none of + # NUL")
    if len(topic.encode()) > 65535:
        raise ValueError(f"cannot use a topic of {len(topic.encode())} bytes: the most is 65535")
    _check_form(topic, "a topic")
    return topic


def check_filter(text: str) -> str:
    """Return `text` when one can subscribe to it; raise ValueError otherwise."""
    levels = text.split("/")
    wrong = [level for level in levels if level not in ("+", "#") and any(character in level for character in "+#\0")]
    if not text or wrong or "#" in levels[:-1] or len(text.encode()) > 65535:
        raise ValueError(f"cannot use {text!r} as a topic filter: + stands for one whole level, # for the rest, at the end")
    _check_form(text, "a topic filter")
    return text


def _check_form(text: str, what: str) -> None:
    """Raise ValueError where a broker may close the connection upon a topic or a filter, though it has all that the standard asks for."""
    if text.count("/") >= LEVELS_AT_MOST:
        raise ValueError(f"cannot use {what} of {text.count('/') + 1} levels: the most is {LEVELS_AT_MOST}; use a shorter one")
    if _CLOSES_UPON.search(text):
        raise ValueError(f"cannot use {text[:200]!r} as {what}: it has a control character or one that is none in Unicode; take it out")


def without_share(text: str) -> str:
    """A filter without the group of a shared subscription in front of it."""
    return text.split("/", 2)[2] if text.startswith("$share/") and text.count("/") > 1 else text


def covers(wide: str, narrow: str) -> bool:
    """Whether the filter `wide` matches every topic that `narrow` matches."""
    above, below = wide.split("/"), narrow.split("/")
    if above[0] in {"+", "#"} and below[0].startswith("$"):
        return False
    for place, level in enumerate(above):
        if level == "#":
            return True
        if place >= len(below) or below[place] == "#" or (level != "+" and level != below[place]):
            return False
    return len(above) == len(below)


def plus_levels(text: str) -> int:
    """How many levels of a topic filter are `+`."""
    return text.split("/").count("+")


def filter_pattern(text: str) -> re.Pattern[str]:
    """A pattern that matches a filter's topics whole; its groups are what each `+` stood for."""
    levels = without_share(text).split("/")
    rest = levels[-1] == "#"
    kept = levels[:-1] if rest else levels
    pattern = "/".join("([^/]*)" if level == "+" else re.escape(level) for level in kept)
    if rest:
        pattern = f"{pattern}(?:/.*)?" if kept else ".*"
    not_system = r"(?!\$)" if levels[0] in ("+", "#") else ""
    return re.compile(not_system + pattern, re.DOTALL)
