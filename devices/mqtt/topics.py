"""Topics and topic filters: what is well formed, and which topics a filter matches.

Source: OASIS MQTT Version 5.0, section 4.7.
"""

import re


def check_topic(topic: str) -> str:
    """Return `topic` when one can publish under it; raise ValueError otherwise."""
    if not topic or any(character in topic for character in "+#\0"):
        raise ValueError(f"cannot use {topic!r} as a topic: it must have a character, and none of + # NUL")
    if len(topic.encode()) > 65535:
        raise ValueError(f"cannot use a topic of {len(topic.encode())} bytes: the most is 65535")
    return topic


def check_filter(text: str) -> str:
    """Return `text` when one can subscribe to it; raise ValueError otherwise."""
    levels = text.split("/")
    wrong = [level for level in levels if level not in ("+", "#") and any(character in level for character in "+#\0")]
    if not text or wrong or "#" in levels[:-1] or len(text.encode()) > 65535:
        raise ValueError(f"cannot use {text!r} as a topic filter: + stands for one whole level, # for the rest, at the end")
    return text


def plus_levels(text: str) -> int:
    """How many levels of a topic filter are `+`."""
    return text.split("/").count("+")


def filter_pattern(text: str) -> re.Pattern[str]:
    """A pattern that matches a filter's topics whole; its groups are what each `+` stood for."""
    levels = text.split("/")
    rest = levels[-1] == "#"
    kept = levels[:-1] if rest else levels
    pattern = "/".join("([^/]*)" if level == "+" else re.escape(level) for level in kept)
    if rest:
        pattern = f"{pattern}(?:/.*)?" if kept else ".*"
    not_system = r"(?!\$)" if levels[0] in ("+", "#") else ""
    return re.compile(not_system + pattern, re.DOTALL)
