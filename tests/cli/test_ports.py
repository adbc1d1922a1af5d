"""`gateway ports --watch`: what comes and goes is told, once."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from devices.thing import Thing, block_of
from gateway.cli.hardware import watch_things


def adapter(place: str, port: str) -> Thing:
    """A serial adapter under one of its names."""
    return Thing("serial", place, "FT232R", block_of("serial", "meter", f'port = "{port}"'))


class Desk:
    """A desk at which things are plugged in and pulled out, one look after the other; then whoever watches goes."""

    def __init__(self, *looks: list[Thing]) -> None:
        self._looks: Iterator[list[Thing]] = iter(looks)

    def look(self) -> list[Thing]:
        """What lies there now."""
        found = next(self._looks, None)
        if found is None:
            raise KeyboardInterrupt
        return found

    def watched(self, *, as_json: bool = False) -> None:
        """Watch it until the end."""
        with suppress(KeyboardInterrupt):
            watch_things(self.look, lambda: None, as_json=as_json)


EARLY, LATE = adapter("/dev/ttyUSB0", "/dev/ttyUSB0"), adapter("/dev/ttyUSB0", "/dev/serial/by-id/usb-1")
OLD = Thing("gpio", "/dev/gpiochip0", "pinctrl-rp1", block_of("gpio", "button", "pin = 17"))


def test_a_thing_is_told_once_with_the_name_that_lasts(capsys: pytest.CaptureFixture[str]) -> None:
    """Its link comes a moment after its device; what was there before is not told."""
    Desk([OLD], [OLD, EARLY], [OLD, LATE], [OLD, LATE], [OLD, LATE]).watched()
    out, err = capsys.readouterr()
    assert out == '# /dev/ttyUSB0  FT232R\n[serial.meter]\nport = "/dev/serial/by-id/usb-1"\n\n'
    assert err == "1 thing there; plug something in (Ctrl-C ends)\n"


def test_what_goes_is_told_and_told_again_when_it_is_back(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs as lines of JSON."""
    Desk([LATE], [], [LATE], [LATE], [LATE]).watched(as_json=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["event"], one["place"]) for one in told] == [("gone", "/dev/ttyUSB0"), ("came", "/dev/ttyUSB0")]
