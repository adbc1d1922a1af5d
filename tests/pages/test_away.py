"""A page that is open while the gateway is killed: it says so, comes back by itself, and misses nothing."""

import re
from pathlib import Path

from tests.daemons import DaemonProcess
from tests.pages.conftest import HOUSE, Windows, url_of


def test_a_page_comes_back_by_itself_and_misses_nothing(tmp_path: Path, window: Windows) -> None:
    """kill -9 with a page open: it says that the gateway does not answer, and after the restart shows what came meanwhile."""
    with DaemonProcess(tmp_path, HOUSE) as daemon:
        port = url_of(daemon).rpartition(":")[2].strip("/")
        daemon.write(HOUSE.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        daemon.gateway("tell", "twin/attic", "report", 'values={"temperature_c": 21}')
        opened = window(daemon)
        page = opened.open()
        card = page.locator("article", has=page.get_by_role("link", name="Attic"))
        card.get_by_text("21", exact=True).wait_for()
        daemon.kill()
        page.get_by_text(re.compile("The gateway does not answer")).wait_for()
        assert card.get_by_text("21", exact=True).is_visible(), "what was known stays"
        daemon.again()
        daemon.until_listening()
        daemon.gateway("tell", "twin/attic", "report", 'values={"temperature_c": 22}')
        opened.until_live()
        card.get_by_text("22", exact=True).wait_for()
        daemon.gateway("tell", "twin/attic", "report", 'values={"temperature_c": 23}')
        card.get_by_text("23", exact=True).wait_for()
        daemon.stop()


def test_a_browser_without_a_network_says_so_and_goes_on(house: DaemonProcess, window: Windows) -> None:
    """Offline is another thing than a gateway that is away; a press at Try now does not wait."""
    opened = window(house)
    page = opened.open()
    opened.until_live()
    page.context.set_offline(True)
    page.get_by_text(re.compile("This device is offline")).wait_for()
    page.context.set_offline(False)
    opened.until_live()
