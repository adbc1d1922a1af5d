"""Pins on the pages: each says how it stands in the words of its type, and a dimmer can be dimmed; what is quiet says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import DaemonProcess
from tests.pages.conftest import PHONE, Windows, panel
from tests.waiting import until

PINS = """
[web]
listen = "127.0.0.1:0"
[gpio.door]
type = "contact"
pin = 6
[gpio.door.simulate]
panel = "panel"
[gpio.shelf]
type = "dimmer"
pin = 18
brightness_pct = 40
[gpio.shelf.simulate]
panel = "panel"
[actors.alarm.rules.frost]
of = "twin/cellar"
value = "temperature_c"
below = 2.0
"""


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A gateway with a door and a lamp that is dimmed."""
    with DaemonProcess(tmp_path_factory.mktemp("pins"), PINS) as daemon:
        yield daemon
        daemon.stop()


def test_a_contact_is_open_or_closed(pins: DaemonProcess, window: Windows) -> None:
    """As the line stands, at each change."""
    page = window(pins).open()
    card = page.locator("article", has=page.get_by_role("link", name="Door"))
    card.get_by_text("closed", exact=True).or_(card.get_by_text("open", exact=True)).wait_for()
    for level, said in (("on", "open"), ("off", "closed"), ("on", "open")):
        work(panel(pins, "gpio6.press"), level)
        card.get_by_text(said, exact=True).wait_for()


def work(input: Path, line: str) -> None:
    """Write a line to the panel of an input."""
    with input.open("w") as fifo:
        fifo.write(f"{line}\n")


def test_a_dimmer_is_dimmed_on_the_page(pins: DaemonProcess, window: Windows) -> None:
    """Its slider stands as it is bright; moved, the lamp is on and so bright."""
    page = window(pins, size=PHONE).open()
    slider = page.get_by_role("slider", name="Shelf: brightness")
    slider.wait_for()
    assert slider.input_value() == "40"
    slider.fill("70")
    page.locator('[role=switch][aria-checked="true"]').wait_for()
    until(lambda: pins.ask(do="show", id="gpio/shelf")["hosted"]["values"] == {"on": True, "brightness_pct": 70})
    page.get_by_text("70 %", exact=True).wait_for()
    pins.gateway("ask", "gpio/shelf", "dim", "brightness_pct=20")
    page.get_by_text("20 %", exact=True).wait_for()
    assert slider.input_value() == "20"


def test_an_alarm_that_is_quiet_says_so(pins: DaemonProcess, window: Windows) -> None:
    """There is no empty card."""
    pins.gateway("tell", "twin/cellar", "report", 'values={"temperature_c": 12}')
    page = window(pins).open("#/alarms")
    page.locator("article", has=page.get_by_role("heading", name="Frost")).get_by_text("Nothing is wrong.").wait_for()


def test_what_the_gateway_itself_says_to_a_device_has_words(pins: DaemonProcess, window: Windows) -> None:
    """An alarm follows a device: that is no word of the program's."""
    pins.gateway("tell", "twin/cellar", "report", 'values={"temperature_c": 12}')
    page = window(pins).open("#/device/twin/cellar")
    page.get_by_text("is followed", exact=True).first.wait_for()
    assert page.get_by_text("Builtin.").count() == 0


def test_a_first_start_is_no_restart(pins: DaemonProcess, window: Windows) -> None:
    """There is nothing to explain."""
    page = window(pins).open("#/log")
    page.get_by_text("This is its first start: there was no life before.").wait_for()
    assert page.get_by_text("Why it restarted").count() == 0


def test_a_long_number_stays_with_its_unit(pins: DaemonProcess, window: Windows) -> None:
    """On a phone, too: both are on its card, and the unit in one piece."""
    pins.gateway("tell", "twin/meter", "report", 'values={"energy_wh": 123456789012.0}')
    page = window(pins, size=PHONE).open()
    value = page.locator("article", has=page.get_by_role("link", name="Meter")).locator(".value")
    value.get_by_text("123,456,789,012", exact=True).wait_for()
    number, unit, around = value.locator("b").bounding_box(), value.locator(".unit").bounding_box(), value.bounding_box()
    assert number is not None
    assert unit is not None
    assert around is not None
    assert unit["height"] < 40
    assert unit["x"] + unit["width"] <= around["x"] + around["width"] + 1
    assert number["height"] < 30
