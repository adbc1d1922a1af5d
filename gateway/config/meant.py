"""What number, or which of true and false, a person meant by words that are none in TOML: `5s`, `52,52`, `017`, `yes`.

Source: TOML v1.0.0, sections Integer, Float and Boolean, for what is one.
"""

import re

LONGEST = 80
"""Characters of a word that is looked at: nobody's number is longer."""

_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_ZEROS = re.compile(r"([+-]?)0(?=[0-9])0*+((?:[1-9][0-9]*+)?)((?:\.[0-9]++)?)")
_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]+)")
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:['\u2019_. \u00a0][0-9]{3})+")
_POINT = re.compile(r"([+-]?)([0-9]*)\.([0-9]*)")
_UNIT = re.compile(r"([+-]?[0-9][0-9.,_]*)\s*([A-Za-zµ°%Ω]{1,12}/?[A-Za-z]{0,6})\.?")
_TIMES_S = {
    "ms": 0.001,
    "millisecond": 0.001,
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
}
_SIZES = {
    "b": 1,
    "byte": 1,
    "k": 1000,
    "kb": 1000,
    "kib": 1024,
    "m": 10**6,
    "mb": 10**6,
    "mib": 2**20,
    "g": 10**9,
    "gb": 10**9,
    "gib": 2**30,
}
_SUFFIXES = {"_s": (_TIMES_S, 1.0), "seconds": (_TIMES_S, 1.0), "_ms": (_TIMES_S, 0.001), "_min": (_TIMES_S, 60.0)} | {
    "_bytes": (_SIZES, 1.0),
    "_kb": (_SIZES, 1000.0),
    "_mb": (_SIZES, 1e6),
}
"""The units that keys end with: what they can be converted from, and how large one of them is there."""
_YES = ("yes", "y", "on", "true", "enable", "enabled", "ja", "oui")
_NO = ("no", "n", "off", "false", "disable", "disabled", "nein", "non")


def number_meant(text: str, key: str = "") -> str:
    """The number that `text` was meant to be, as TOML has it, in the unit that the name of its key ends with; empty where it is none.

    Where it may be one of two (115,200), both: "115200 or 115.200".
    """
    word = re.sub(r"^([+-])\s+", r"\1", text.strip().strip("_").replace("\u2212", "-").replace("\u2013", "-"))
    if not 0 < len(word) <= LONGEST:
        return ""
    if _PLAIN.fullmatch(word) and not _ZEROS.fullmatch(word):
        return word
    if zeros := _ZEROS.fullmatch(word):
        return f"{zeros[1].replace('+', '')}{zeros[2] or 0}{zeros[3]}"
    if word[:2] in ("0X", "0B", "0O"):
        return word.lower()
    if comma := _COMMA.fullmatch(word):
        point = f"{comma[1]}.{comma[2]}"
        return f"{comma[1]}{comma[2]} or {point}" if len(comma[2]) == 3 and not key.endswith("_deg") else point
    if _GROUPS.fullmatch(word):
        return re.sub(r"[^0-9+-]", "", word)
    if pointed := _POINT.fullmatch(word):
        return f"{pointed[1]}{pointed[2] or 0}.{pointed[3] or 0}" if pointed[2] or pointed[3] else ""
    return _without_unit(word, key)


def truth_meant(text: str) -> str:
    """`true` or `false`, where a word means one of them elsewhere; else empty."""
    word = text.strip().lower()
    return "true" if word in _YES else "false" if word in _NO else ""


def _without_unit(word: str, key: str) -> str:
    found = _UNIT.fullmatch(word)
    number = number_meant(found[1]) if found else ""
    if found is None or not _PLAIN.fullmatch(number):
        return ""
    unit = found[2].lower()
    if key.endswith("_deg") and unit in ("s", "w", "°s", "°w"):
        return f"-{number}"  # south and west
    known, size = next((units for suffix, units in _SUFFIXES.items() if key.endswith(suffix)), ({}, 1.0))
    factor = known.get(unit) or known.get(unit.removesuffix("s"))
    return f"{float(number) * factor / size:.12g}" if factor else number
