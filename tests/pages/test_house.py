"""The other pages: alarms, ports, dead letters, the log, the sign-in; and that all of them can be used by everybody."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.daemons import DaemonProcess
from tests.pages.conftest import DESK, HOUSE, PHONE, Windows

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOKEN = "open-sesame-open-sesame"
PLACE = {"latitude": 46.948, "longitude": 7.447}
PAGES = ("", "#/device/twin/cellar", "#/alarms", "#/trips", "#/ports", "#/letters", "#/log", "track", "trip#van")


def test_an_alarm_is_acknowledged_on_the_page(house: DaemonProcess, window: Windows) -> None:
    """What is wrong is said, and counted beside the word Alarms; who acknowledges it sees that it is."""
    house.gateway("tell", "twin/cellar", "report", 'values={"temperature_c": 1}')
    page = window(house).open("#/alarms")
    page.get_by_text("below 2: temperature_c is 1").wait_for()
    page.get_by_role("link", name="Alarms 1").wait_for()
    page.get_by_role("button", name="Acknowledge: Frost").click()
    page.get_by_text("acknowledged by somebody at the page").wait_for()
    page.get_by_role("link", name="Alarms", exact=True).wait_for()


def test_a_dead_letter_is_retried_and_dropped_on_the_page(house: DaemonProcess, window: Windows) -> None:
    """With its reason; a drop asks once more, and then it is gone."""
    house.gateway("tell", "gpio/bell", "switch", "on=true")
    page = window(house).open("#/letters")
    page.get_by_role("heading", name="switch → gpio/bell").wait_for()
    assert page.get_by_text("it is a button, an input").is_visible()
    page.get_by_role("button", name="Retry: switch → gpio/bell").click()
    page.get_by_text("#2").wait_for()
    drop = page.get_by_role("button", name="Drop: switch → gpio/bell")
    drop.click()
    page.get_by_text("Drop for good?").wait_for()
    drop.click()
    page.get_by_text("There are no dead letters").wait_for()


def test_the_log_says_how_it_is_and_why_it_restarted(tmp_path: Path, window: Windows) -> None:
    """The health of each part, and how the life before ended."""
    with DaemonProcess(tmp_path, HOUSE) as house:
        assert house.stop() == 0
        house.again()
        page = window(house).open("#/log")
        page.get_by_text("It was stopped in the ordinary way before.").wait_for()
        page.get_by_text("stopped: ").first.wait_for()
        assert page.get_by_role("listitem").filter(has_text="gpio/lamp").get_by_text("ok", exact=True).is_visible()
        page.goto("about:blank")
        assert house.stop() == 0


def test_the_ports_are_listed_as_on_the_command_line(house: DaemonProcess, window: Windows) -> None:
    """Each with its lines for the file; here there may be none, which is said."""
    page = window(house).open("#/ports")
    page.get_by_text("What is plugged in now.").wait_for()
    page.locator("article, .empty").first.wait_for()


@pytest.mark.parametrize("name", ["nothing", "constructor", "__proto__", "%00", "%", "%E4"])
def test_a_page_that_there_is_not_says_so(house: DaemonProcess, window: Windows, name: str) -> None:
    """Whatever a link has for a name, the way to the others stays."""
    page = window(house).open(f"#/{name}")
    page.get_by_text("There is no such page.").wait_for()
    assert page.get_by_role("link", name="Devices").is_visible()


def test_who_signs_out_needs_the_token_again(tmp_path: Path, window: Windows) -> None:
    """On a browser that others use too; where no token is needed, nobody is asked to."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    guarded = HOUSE.replace("[web]\n", f'[web]\ntoken_file = "{tmp_path / "token"}"\n')
    with DaemonProcess(tmp_path, guarded) as daemon:
        opened = window(daemon)
        page = opened.open("#/log")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_label("Token").press("Enter")
        opened.until_live()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in").wait_for()
        assert page.context.cookies() == []
        daemon.stop()


def test_who_has_no_token_signs_in_first(tmp_path: Path, window: Windows) -> None:
    """A wrong token is said; the right one opens the pages, and stays over a reload, in a cookie that no script can read,
    until there is another token; the name of the gateway is told from then on."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    guarded = HOUSE.replace("[web]\n", f'[web]\ntoken_file = "{tmp_path / "token"}"\n')
    with DaemonProcess(tmp_path, guarded) as daemon:
        opened = window(daemon)
        page = opened.open()
        page.get_by_label("Token").fill("wrong-wrong-wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("That is not the token.").wait_for()
        assert page.get_by_role("switch").count() == 0
        assert page.get_by_text("web.token_file").is_visible()
        assert page.get_by_text("not signed in").count() == 0  # nor was anybody yet
        tracker = window(daemon, geolocation=PLACE, permissions=["geolocation"]).open("track")
        tracker.get_by_role("button", name="Start").click()
        tracker.get_by_text("Sign in first: press Back, and come here again.").wait_for()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_label("Token").press("Enter")
        opened.until_live()
        page.get_by_role("switch", name="Lamp").wait_for()
        assert page.evaluate("document.cookie") == ""
        page.get_by_role("link", name="test", exact=True).wait_for()
        page.reload()
        opened.until_live()
        (tmp_path / "token").write_text(f"another-{TOKEN}\n")
        page.reload()
        page.get_by_label("Token").fill(f"another-{TOKEN}")
        page.get_by_label("Token").press("Enter")
        opened.until_live()
        daemon.stop()


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_use_it(house: DaemonProcess, window: Windows, path: str) -> None:
    """axe finds nothing, light on a phone and dark on a desk: names for screen readers, contrast; and nothing is scrolled sideways."""
    house.gateway("tell", "twin/cellar", "report", 'values={"temperature_c": 1, "door": true, "note": "text"}')
    house.gateway("tell", "trip/van", "position", "latitude_deg=46.9", "longitude_deg=7.4")
    for size, scheme in ((PHONE, "light"), (DESK, "dark")):
        page = window(house, size=size, color_scheme=scheme).open(path)
        page.locator("h1").wait_for()
        page.locator("article, .empty, .map .here, .chart canvas, section, form, button").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert findings(page) == []


def findings(page: "Page") -> list[str]:
    """What axe finds: the rule, and where it is broken."""
    place = importlib.util.find_spec("axe_playwright_python")
    assert place is not None
    assert place.origin is not None
    page.evaluate(Path(place.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]
