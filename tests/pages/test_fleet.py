"""Pages of a gateway that is linked with others: every host has a line in the log, and dead letters are those of all hosts."""

from pathlib import Path

import pytest

from tests.daemons import DaemonProcess
from tests.pages.conftest import PHONE, Windows
from tests.postgres import postgres_server, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)


BUTTON = """
[gpio.bell]
type = "button"
pin = 5
[gpio.bell.simulate]
panel = "panel"
"""


def _linked(folder: Path, name: str, url: str, more: str = "") -> DaemonProcess:
    (folder / name).mkdir()
    return DaemonProcess(folder / name, f'[link]\nurl = "{url}"\nhost = "{name}"\n{more}', close_s=5)


def test_each_host_has_a_line(tmp_path: Path, window: Windows) -> None:
    """With how it is, and since when one is away."""
    with postgres_server("fsync=off") as server:
        url = server.new_database()
        web = '[web]\nlisten = "127.0.0.1:0"\n'
        with _linked(tmp_path, "pi-barn", url, web) as barn, _linked(tmp_path, "pi-shed", url) as shed:
            barn.until(lambda: len(barn.ask(do="hosts").get("hosts", [])) == 2)
            page = window(barn, size=PHONE).open("#/log")
            hosts = page.get_by_role("region", name="Hosts").get_by_role("listitem")
            hosts.filter(has_text="this host; at the edge").filter(has_text="pi-barn").get_by_text("well", exact=True).wait_for()
            shed.stop()
            hosts.filter(has_text="pi-shed").filter(has_text="stopped for ").get_by_text("away", exact=True).wait_for()
            barn.ask(do="tell", to="host/pi-shet/toggle/hall", verb="pressed", payload={}, timeout_s=30.0)
            page.get_by_text("No host pi-shet was ever linked: 1 message on the way to it").wait_for()
            barn.stop()


def test_dead_letters_of_all_hosts_are_decided_on_one_page(tmp_path: Path, window: Windows) -> None:
    """Each says whose it is; who has some and is away is named."""
    with postgres_server("fsync=off") as server:
        url = server.new_database()
        web = '[web]\nlisten = "127.0.0.1:0"\n'
        with _linked(tmp_path, "pi-barn", url, web + BUTTON) as barn, _linked(tmp_path, "pi-shed", url, BUTTON) as shed:
            barn.until(lambda: len(barn.ask(do="hosts").get("hosts", [])) == 2)
            for host in (barn, shed):
                host.gateway("tell", "gpio/bell", "switch", "on=true")
            page = window(barn).open("#/letters")
            letters = page.get_by_role("article")
            letters.filter(has_text="at pi-barn").wait_for()
            there = letters.filter(has_text="at pi-shed")
            there.get_by_role("button", name="Drop").click()
            there.get_by_text("Drop for good?").click()
            there.wait_for(state="detached")
            assert shed.ask(do="letters")["letters"] == []
            shed.gateway("tell", "gpio/bell", "switch", "on=true")
            there.wait_for()
            shed.stop()
            page.get_by_text("Not those of pi-shed: stopped since 20").wait_for()
            barn.stop()
