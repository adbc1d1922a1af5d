"""The page of devices, and that of one: what they show is what is, and what is done there is done."""

import re
from pathlib import Path

from tests.daemons import DaemonProcess
from tests.pages.conftest import DESK, HOUSE, PHONE, Windows, panel
from tests.waiting import until


def test_a_switch_thrown_on_the_page_is_seen_on_the_pin(house: DaemonProcess, window: Windows) -> None:
    """The switch stands as the line does, before and after; what became of the command is said beside it."""
    page = window(house).open()
    switch = page.get_by_role("switch", name="Lamp")
    switch.wait_for()
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    until(lambda: panel(house, "gpio17").read_text().strip() == "on")
    page.locator('[role=switch][aria-checked="true"]').wait_for()
    page.get_by_text("done", exact=True).wait_for()
    switch.click()
    until(lambda: panel(house, "gpio17").read_text().strip() == "off")
    page.locator('[role=switch][aria-checked="false"]').wait_for()


def test_a_lamp_that_is_switched_elsewhere_is_seen_on_the_page(house: DaemonProcess, window: Windows) -> None:
    """The page shows the level of the line, whoever changed it."""
    page = window(house).open()
    page.locator('[role=switch][aria-checked="false"]').wait_for()
    house.gateway("ask", "gpio/lamp", "switch", "on=true")
    page.locator('[role=switch][aria-checked="true"]').wait_for()
    house.gateway("ask", "gpio/lamp", "switch", "on=false")
    page.locator('[role=switch][aria-checked="false"]').wait_for()


def test_values_come_live_with_unit_age_and_presence(house: DaemonProcess, window: Windows) -> None:
    """A device appears when it first reports, and each report is seen without loading the page again."""
    opened = window(house)
    page = opened.open()
    opened.until_live()
    house.gateway("tell", "twin/attic", "report", 'values={"temperature_c": 21.5}')
    card = page.locator("article", has=page.get_by_role("link", name="Attic"))
    card.get_by_text("21.5", exact=True).wait_for()
    assert card.get_by_text("°C").is_visible()
    assert card.get_by_text("online").is_visible()
    house.gateway("tell", "twin/attic", "report", 'values={"temperature_c": -3}')
    card.get_by_text("-3", exact=True).wait_for()


def test_a_value_is_shown_as_finely_as_people_read_it(house: DaemonProcess, window: Windows) -> None:
    """Three digits of what is less than one, so that no gram is lost; and a unit at the end of a name is said once."""
    house.gateway("tell", "twin/scales", "report", 'values={"weight_kg": 0.5128, "pressure_bar": 1.6249, "drift_mm": 0.00041}')
    page = window(house).open("#/device/twin/scales")
    for said in ("0.513", "1.62", "0.00041"):
        page.get_by_text(said, exact=True).wait_for()
    for name in ("Weight", "Pressure", "Drift"):
        assert page.locator("dt", has_text=re.compile(f"^{name}$")).is_visible()


def test_long_names_stay_on_the_page(house: DaemonProcess, window: Windows) -> None:
    """A name or a value of one long word is broken: no page is wider than the screen, on a phone neither."""
    house.gateway("tell", f"twin/{'x' * 128}", "report", f'values={{"{"v" * 60}": 3}}')
    page = window(house).open()
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        for path in ("", f"#/device/twin/{'x' * 128}"):
            page.goto(page.url.partition("#")[0] + path)
            page.locator("dt", has_text="vvv").first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_a_silent_device_says_so_once(tmp_path: Path, window: Windows) -> None:
    """Beside its name, and not at each of its values again."""
    with DaemonProcess(tmp_path, f"{HOUSE}\n[actors.twin]\nsilent_after_s = 1.0\n") as daemon:
        daemon.gateway("tell", "twin/attic", "report", 'values={"temperature_c": 21.5, "humidity_pct": 40}')
        card = window(daemon).open().locator("article", has_text="Attic")
        card.get_by_text("silent", exact=True).wait_for()
        card.locator(".value.poor").nth(1).wait_for()
        assert card.get_by_text("old: the device is silent").count() == 0
        daemon.stop()


def test_a_device_is_called_as_somebody_says(house: DaemonProcess, window: Windows) -> None:
    """Renamed on its page, it has its name there and on the page of all, for everybody, and after the name is taken back its id's."""
    house.gateway("tell", "twin/m0", "report", 'values={"power_w": 3}')
    opened, other = window(house), window(house)
    page = opened.open("#/device/twin/m0")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name on these pages").fill("Boiler")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Boiler").wait_for()
    others = other.open()
    others.get_by_role("link", name="Boiler").wait_for()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name on these pages").fill("")
    page.get_by_role("button", name="Save").click()
    others.get_by_role("link", name="M0").wait_for()


def test_one_device_shows_its_history_and_its_messages(house: DaemonProcess, window: Windows) -> None:
    """A chart that says in words what it shows, and the last messages, each of which is explained when it is opened."""
    for power_w in (3, 7):
        house.gateway("tell", "twin/meter", "report", f'values={{"power_w": {power_w}}}')
    page = window(house).open("#/device/twin/meter")
    page.locator(".chart canvas").wait_for()
    assert page.get_by_role("img", name="Power over time").get_attribute("aria-label") == "Power over time: least 3, greatest 7"
    for range in ("Month", "Years", "Day"):
        page.get_by_role("button", name=range).click()
        page.locator(f'button[aria-pressed="true"]:text("{range}")').wait_for()
        page.locator(".chart canvas").wait_for()
    page.get_by_text("report", exact=True).first.click()
    page.locator(".tree .asked").wait_for()


def test_the_chart_that_is_shown_first_is_of_a_number(house: DaemonProcess, window: Windows) -> None:
    """What is missing may never have been one, and stands behind it."""
    for values in ('{"fault": "hot"}', '{"fault": null, "power_w": 3}', '{"power_w": 7}'):
        house.gateway("tell", "twin/plug", "report", f"values={values}")
    page = window(house).open("#/device/twin/plug")
    page.get_by_role("img", name="Power over time: least 3, greatest 7").wait_for()
    assert page.get_by_label("Value", exact=True).locator("option").all_inner_texts() == ["Power", "Fault"]


def test_what_is_true_of_a_device_answers_its_name(house: DaemonProcess, window: Windows) -> None:
    """Open: yes; what is on is on."""
    house.gateway("tell", "twin/gate", "report", 'values={"open": true, "locked": false, "on": true}')
    page = window(house).open("#/device/twin/gate")
    for name, said in (("Open", "yes"), ("Locked", "no"), ("On", "on")):
        value = page.locator(".value", has=page.get_by_text(name, exact=True))
        value.get_by_text(said, exact=True).wait_for()


def test_the_page_of_a_pin_shows_its_level_once(house: DaemonProcess, window: Windows) -> None:
    """The switch says how it stands, and nothing beside it says that this is unknown."""
    page = window(house).open("#/device/gpio/lamp")
    page.get_by_role("switch", name="Lamp").wait_for()
    page.get_by_text("GPIO 17 (led) on the simulator", exact=True).wait_for()
    assert page.get_by_text("unknown", exact=True).count() == 0


def test_a_device_that_is_not_there_is_said(house: DaemonProcess, window: Windows) -> None:
    """An old link: there is no name to give and nothing to see, and the page says so."""
    page = window(house).open("#/device/twin/gone")
    page.get_by_text("Nothing is known of twin/gone.").wait_for()
    assert page.get_by_role("button", name="Rename").count() == 0
