"""Regular expressions of the user's own: values by name, and none that a text could hold up the gateway with."""

import re

import pytest
from pydantic import ValidationError

from devices.codecs.framing import BadFrame
from devices.codecs.regex import MOST_BYTES, Regex, RegexSettings
from devices.codecs.weakness import Weak, power_of
from tests.patterns import AT_ONCE_S, least_s, slow_for


def regex(pattern: str, **options: object) -> Regex:
    return Regex(RegexSettings.model_validate({"pattern": pattern, **options}))


def problem(pattern: str) -> str:
    with pytest.raises(ValidationError) as raised:
        regex(pattern)
    return raised.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_named_groups_are_values():
    """Numbers are numbers, other texts are texts, and a group that took no part is none."""
    one = regex(r"T:(?P<t_c>[-0-9.]+)C(?: H:(?P<h>\d+)%)? (?P<state>\w+)")
    assert one.decode(b"> T:-20.5C H:40% ok") == {"t_c": -20.5, "h": 40, "state": "ok"}
    assert one.decode(b"T:3C ok") == {"t_c": 3, "state": "ok"}
    assert regex(r"(?P<w>[0-9,]+) KG", ignore_case=True, decimal_comma=True).decode(b"12,5 kg") == {"w": 12.5}
    with pytest.raises(BadFrame, match="cannot read a line by its pattern: it fits nowhere") as raised:
        one.decode(b"booted")
    assert raised.value.fault == "no_match"


def test_a_text_that_is_too_long_is_not_looked_at():
    """How long it may be follows from the pattern, and may be set lower."""
    with pytest.raises(BadFrame, match="cannot read a line by its pattern: 11 bytes, at most 10 are taken by it"):
        regex(r"^(?P<v>\d)", max_bytes=10).decode(b"1" * 11)
    assert regex(r"^(?P<v>\d+) kg").decode(b"1 kg" + b" " * 60_000) == {"v": 1}
    assert regex(r"(?P<v>\d+) kg").decode(b" " * 1000 + b"1 kg") == {"v": 1}
    with pytest.raises(BadFrame, match="at most 1024 are taken by it"):
        regex(r"(?P<v>\d+) kg").decode(b" " * 2000 + b"1 kg")


EVER = "may take for ever on a text that nearly fits: "
REFUSED = {
    r"(?P<a>(a+)+)b": f"{EVER}at 11, behind '(?P<a>(a+)+': a repeat within a repeat, and no sign of its own between; part them",
    r"(?P<a>(?:\d+ ?)*)x": f"{EVER}at 16, behind '(?P<a>(?:\\d+ ?)*': a repeat within a repeat",
    r"(?P<a>(?:a|a)*)b": f"{EVER}at 14, behind '(?P<a>(?:a|a)*': a repeat of alternatives that may begin with the same character",
    r"(?P<a>(?:x|xy|\w)+)b": f"{EVER}at ",
    r"(?P<a>(?:[ab]c|a\w)+)!": f"{EVER}at 20, behind '(?P<a>(?:[ab]c|a\\w)+': a repeat of alternatives that may begin",
    r"(?P<a>(?:a?)*)b": f"{EVER}at 13, behind '(?P<a>(?:a?)*': a repeat of what may be empty",
    r"(?P<a>(?:[^x]*,)+)y": f"{EVER}at 17, behind",
    r"(?P<a>a{1,30}){30}b": f"{EVER}at 15, behind",
    r"(?P<a>\w+) (?P=a)": f"{EVER}it refers back to one of its groups; write the text that is meant",
    r"(?P<a>x)(?(a)y|z)": f"{EVER}it refers back to one of its groups; write the text that is meant",
    r"(?P<a>x)(?=.*y)": f"{EVER}it looks ahead or back over a repeat; take the repeat out of the look",
    r"(?P<a>.*),(?P<b>.*),(?P<c>.*)x": "takes too long on a text that nearly fits: too many of its repeats may take what stands behind",
    r"\d*\d*\d*(?P<a>\d*)x": "takes too long on a text that nearly fits: ",
    r"(\d+)": "has no named group; write (?P<name>...) around each value",
    r"(?P<a>\d+": "cannot be read at 1: missing ), unterminated subpattern; mend it",
    r"(?P<a>*)": "cannot be read at 7: nothing to repeat; mend it",
}


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_may_take_for_ever_is_refused(pattern: str):
    """It is said where and why, before it runs."""
    assert problem(pattern).startswith(f"pattern: {REFUSED[pattern]}")


TAKEN = [
    r"^T=(?P<t>-?\d+\.\d+) H=(?P<h>\d+)$",
    r"^(?P<a>[^,]*),(?P<b>[^,]*),(?P<c>[^,]*)",
    r"^(?P<all>(?:\d+,)*)end",
    r"^(?P<w>(?:ok|no|[0-9]x)*)!",
    r"(?P<v>\d)",
    r"^(?P<a>\d+)\s+(?P<b>\w+)",
    r"^(?P<b>[ä-ж]+) (?P<c>[^Ж]+)",
    r"^(?P<v>\w*+)\s*+(?P<u>[a-z]{1,3})\b",
]


@pytest.mark.parametrize("pattern", TAKEN)
def test_what_is_linear_is_taken(pattern: str):
    """Repeats whose ends are sure are no weakness."""
    regex(pattern)
    assert power_of(re.compile(pattern)) == 1
    assert slow_for(re.compile(pattern), "search") == ""


@pytest.mark.parametrize(
    ("pattern", "pump"),
    [(r"(?P<v>\d+) kg", b"1"), (r"(?P<a>.*),(?P<b>.*)x", b","), (r"^(?P<a>.*),(?P<b>.*)x", b","), (r"^(?P<a>\w+)\s*(?P<b>\w+)!", b"a")],
)
def test_what_tries_again_is_held_by_its_length(pattern: str, pump: bytes):
    """The longest text that it takes, and one that it does not take, cost a few ms of the processor at most."""
    power = power_of(re.compile(pattern))
    assert power in (2, 3)
    one = regex(pattern)

    def look(size: int) -> None:
        with pytest.raises(BadFrame):
            one.decode(pump * size)

    assert least_s(lambda: look(MOST_BYTES[power])) < 50 * AT_ONCE_S
    assert least_s(lambda: look(60_000)) < 50 * AT_ONCE_S


@pytest.mark.parametrize(
    "pattern", [r"(a+)+b", r"(?:a|aa)+b", r"(\w+\s?)*!", r"(?:a*)*b", r"([a-z]+[0-9]?)+$", r"(.*a){12}", r"(?:aX|A.)+b"]
)
def test_known_catastrophes(pattern: str):
    """The usual examples are found."""
    for text in (f"(?i){pattern}", f"(?s-i:x)?(?i:{pattern})"):
        with pytest.raises(Weak):
            power_of(re.compile(text))
