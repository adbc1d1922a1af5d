"""The section `[gpio.KEY]`: what it takes, what follows from it, what it refuses."""

import pytest
from pydantic import ValidationError

from devices.gpio.pin_names import BOARD
from devices.gpio.settings import PinSettings


def said(**settings: object) -> str:
    """The one thing that is wrong with these settings, after its key."""
    with pytest.raises(ValidationError) as caught:
        PinSettings(**settings)  # type: ignore[arg-type]  # wrong on purpose
    (error,) = caught.value.errors()
    return ".".join(map(str, error["loc"])) + ": " + error["msg"].removeprefix("Value error, ")


def test_a_pin_needs_a_type_and_a_number() -> None:
    """Two keys are enough."""
    settings = PinSettings(type="button", pin=17)
    assert (settings.bias, settings.low_is_active, settings.value_name) == ("up", True, "pressed")


@pytest.mark.parametrize(
    ("settings", "low_is_active"),
    [
        ({"type": "button"}, True),
        ({"type": "button", "pull": "down"}, False),
        ({"type": "contact"}, False),
        ({"type": "contact", "pull": "down"}, True),
        ({"type": "motion"}, False),
        ({"type": "relay"}, False),
        ({"type": "relay", "active_low": True}, True),
        ({"type": "button", "active_low": False}, False),
        ({"type": "button", "pull": "none", "active_low": True}, True),
    ],
)
def test_the_active_level_follows_from_the_wiring(settings: dict[str, object], low_is_active: bool) -> None:
    """A button is active when it is closed, a contact when it is open; what is given wins."""
    assert PinSettings(pin=17, **settings).low_is_active is low_is_active  # type: ignore[arg-type]  # from a table


def test_a_pin_claims_its_line() -> None:
    """Two sections that name one pin are found, whether they give its chip by its number or its path."""
    assert PinSettings(type="led", pin=17, simulate=True).claims() == {"pin": "GPIO 17"}
    claims = [PinSettings(type="led", pin=17, chip=chip).claims() for chip in (97, "/dev/gpiochip97", "/dev/../dev/gpiochip97")]
    assert claims == [{"pin": "GPIO 17 of /dev/gpiochip97"}] * 3


def test_a_pin_tells_where_it_sends() -> None:
    """The addresses are there to be checked before the start."""
    settings = PinSettings(type="contact", pin=5, report_to="twin/door", press_to="toggle/hall")
    assert settings.addresses() == [("report_to", "twin/door", "report"), ("press_to", "toggle/hall", "pressed")]
    assert PinSettings(type="button", pin=5).addresses() == [("publish_to", "mqtt/main", "publish")]
    assert PinSettings(type="led", pin=5).addresses() == [("publish_to", "mqtt/main", "publish")]
    assert PinSettings(type="led", pin=5, publish_to="").addresses() == []


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (
            {"type": "contact", "pin": 17, "publish_to": "mqtt/main"},
            "publish_to: means nothing for type 'contact', only for a led, relay, dimmer or button; leave it out",
        ),
        *(
            (
                {"type": "led", "pin": 17, "topic": topic},
                f"topic: cannot use {topic!r} as a topic: {seen}; a topic has no + or #, and no brace but of a field; "
                "use {key}, and {prefix}/ before it",
            )
            for topic, seen in (
                ("", "it is empty"),
                ("a/+", "it has '+' in it"),
                ("{key", "it has '{' in it"),
                ("a\0b", "it has '\\x00' in it"),
            )
        ),
        *(
            (
                {"type": "led", "pin": 17, "topic": f"a/{{{name}}}/b"},
                f"topic: cannot use 'a/{{{name}}}/b' as a topic: {{{name}}} stands for nothing here; use {{key}}",
            )
            for name in ("id", "prefix")
        ),
        (
            {"type": "button", "pin": 17, "on_start": "on"},
            "on_start: means nothing for type 'button', only for a led, relay or dimmer; leave it out",
        ),
        ({"type": "encoder", "pin": 17}, "type: 'encoder' has a section of its own; write [encoder.NAME]"),
        (
            {"type": "relay", "pin": 17, "brightness_pct": 40},
            "brightness_pct: means nothing for type 'relay', only for a dimmer; leave it out",
        ),
        (
            {"type": "dimmer", "pin": 17, "on_stop": "keep"},
            ': on_stop: it is dim only while the gateway runs, so nothing keeps it; write "off", or "on" for fully on',
        ),
        (
            {"type": "relay", "pin": 17, "press_to": "toggle/x"},
            "press_to: means nothing for type 'relay', only for a button, contact or motion; leave it out",
        ),
        (
            {"type": "led", "pin": 17, "on_link_lost": "off"},
            ": link_lost_after_s: say after how many seconds without a command the output goes off",
        ),
        ({"type": "led", "pin": 17, "link_lost_after_s": 5}, ': on_link_lost: say "off" or "on", or leave link_lost_after_s out'),
        ({"type": "button", "pin": 17, "pull": "none"}, ': active_low: say true or false, as pull = "none" does not tell'),
        ({"type": "button", "pin": 3, "pull": "down"}, ": pull: 'down' cannot work, the board pulls GPIO 3 up; use \"up\" or another pin"),
        ({"type": "led", "pin": 28}, "pin: Input should be less than or equal to 27"),
        ({"type": "led", "pin": 1, "chip": "rp1"}, 'chip: \'rp1\' is no chip; write "auto", a number (4) or a path ("/dev/gpiochip4")'),
        ({"type": "led", "pin": 1, "value": "a b"}, "value: 'a b' is no name for a value; use letters, digits and _ . -"),
        ({"type": "led", "pin": 1, "debounce": 5}, "debounce: Extra inputs are not permitted"),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(settings: dict[str, object], error: str) -> None:
    """A key that would do nothing, or wait for ever, is an error at the start."""
    assert said(**settings) == error


def test_simulate_is_a_switch_or_a_table() -> None:
    """`simulate = true` is enough; a table says how it is worked."""
    assert PinSettings(type="led", pin=1).simulated is None
    plain = PinSettings(type="led", pin=1, simulate=True).simulated
    table = PinSettings.model_validate({"type": "button", "pin": 1, "simulate": {"press_every_s": 3.0, "bounce": True}}).simulated
    assert plain is not None
    assert table is not None
    assert (plain.press_every_s, table.press_every_s, table.hold_s, table.bounce) == (0.0, 3.0, 0.1, True)


@pytest.mark.parametrize(
    ("named", "number"),
    [(17, 17), ("GPIO17", 17), ("gpio 4", 4), ("BCM27", 27), ("BOARD11", 17), ("board-40", 21), ("J8:3", 2), ("P1-11", 17), ("PHYS7", 4)],
)
def test_a_pin_goes_by_any_of_its_names(named: int | str, number: int) -> None:
    """By its BCM number, or by its place on the header; two names of one pin are one pin to whoever claims it."""
    settings = PinSettings(type="led", pin=named)  # type: ignore[arg-type]  # read before it is checked
    assert (settings.pin, settings.line_name) == (number, f"GPIO {number}")


@pytest.mark.parametrize(
    ("named", "fact"),
    [
        ("BOARD1", 'pin: \'BOARD1\' is no pin: that place on the header is 3.3 V; write one such as "GPIO17" or "BOARD11"'),
        ("BOARD6", 'pin: \'BOARD6\' is no pin: that place on the header is ground; write one such as "GPIO17" or "BOARD11"'),
        ("BOARD41", 'pin: \'BOARD41\' is no pin: the header has places 1 to 40; write one such as "GPIO17" or "BOARD11"'),
        ("PIN11", 'pin: \'PIN11\' may be either; write "GPIO11" for the BCM number, "BOARD11" for the place on the header'),
        ("GPIO28", "pin: Input should be less than or equal to 27"),
    ],
)
def test_a_name_that_is_no_pin_says_what_it_is(named: str, fact: str) -> None:
    """A place for power or ground, a word that may be either, a number that no pin has."""
    assert said(type="led", pin=named) == fact


def test_the_header_has_each_line_once() -> None:
    """28 lines, at 28 places."""
    assert sorted(BOARD.values()) == list(range(28))


def test_a_change_is_told_at_once_or_after_a_rest() -> None:
    """Both cannot be; without a word on debounce_ms its default gives way. An output has neither."""
    assert said(type="contact", pin=17, stable_ms=50, debounce_ms=30) == (
        ": stable_ms: a change cannot be reported at once and after a rest; take debounce_ms or stable_ms out"
    )
    assert PinSettings(type="contact", pin=17, stable_ms=50, debounce_ms=0).stable_ms == 50
    assert "means nothing for type 'relay'" in said(type="relay", pin=17, stable_ms=50)
