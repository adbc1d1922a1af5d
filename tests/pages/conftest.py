"""A real Chromium for the tests of the pages, and a gateway with simulated devices for it to look at."""

import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium")
OFFLINE = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")
"""Chromium asks for nothing but the pages. Without a sandbox, for tests run as root, in places that have no user namespaces."""
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}

HOUSE = """
[web]
listen = "127.0.0.1:0"
[gpio.bell]
type = "button"
pin = 5
press_to = "toggle/hall"
[gpio.bell.simulate]
panel = "panel"
[gpio.lamp]
type = "led"
pin = 17
on_start = "keep"
on_stop = "keep"
[gpio.lamp.simulate]
panel = "panel"
[actors.toggle]
outputs = { hall = ["gpio/lamp"] }
[actors.alarm.rules.frost]
of = "twin/cellar"
value = "temperature_c"
below = 2.0
"""


class Window:
    """One browser window on the pages of one gateway, as a person has it open; what it complains of fails the test."""

    def __init__(self, page: "Page", url: str) -> None:
        self.page = page
        self.url = url
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self._heard(said.type, said.text))

    def _heard(self, kind: str, text: str) -> None:
        """What the browser says of answers that are no, and of a gateway that is away, is said by the page too, in better words."""
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.faults.append(text)

    def open(self, path: str = "") -> "Page":
        """Go to a page."""
        self.page.goto(self.url + path)
        return self.page

    def until_live(self) -> None:
        """Wait until the page says that it is live."""
        self.page.get_by_role("status").get_by_text("Live", exact=True).wait_for()


Windows = Callable[..., Window]


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """A Chromium, for all tests."""
    if CHROMIUM is None or not all(map(importlib.util.find_spec, ("playwright", "axe_playwright_python"))):
        pytest.skip("no chromium, or no playwright: sudo apt install chromium, then make test")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # where there is none, the tests are skipped

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OFFLINE))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A gateway with a bell, a lamp, a toggle and an alarm."""
    with DaemonProcess(tmp_path_factory.mktemp("house"), HOUSE) as daemon:
        yield daemon
        daemon.stop()


@pytest.fixture
def window(chromium: "Browser") -> Iterator[Windows]:
    """Opens windows on a gateway, each as a person of its own, with a cookie jar of its own."""
    contexts: list[BrowserContext] = []
    windows: list[Window] = []

    def new(daemon: DaemonProcess, *, size: dict[str, int] = DESK, **context: Any) -> Window:
        contexts.append(chromium.new_context(viewport=size, locale="en-GB", **context))  # type: ignore[arg-type]  # a typed dict
        windows.append(Window(contexts[-1].new_page(), url_of(daemon)))
        return windows[-1]

    yield new
    for context in contexts:
        context.close()
    assert [fault for one in windows for fault in one.faults] == []


def url_of(daemon: DaemonProcess) -> str:
    """Where a gateway's pages are."""
    found = daemon.until(lambda: re.search(r"web/local is ok: listening at (http://127\.0\.0\.1:\d+/)", daemon.said()))
    return str(found[1])


def panel(daemon: DaemonProcess, name: str) -> Path:
    """A file of the panel of the simulated pins."""
    return daemon.folder / "panel" / name
