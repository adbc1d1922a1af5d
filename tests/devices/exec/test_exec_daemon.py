"""A program in a whole gateway: from its line to the twin, and its end with the gateway's."""

import json
from pathlib import Path

from tests.daemons import DaemonProcess
from tests.devices.exec.conftest import Write
from tests.devices.exec.test_exec_life import alive
from tests.waiting import until

LINE = '{"model": "Nexus-TH", "id": 5, "temperature_C": 21.5}'


def test_a_line_becomes_a_twin_and_the_program_ends_with_the_gateway(tmp_path: Path, write: Write) -> None:
    """`gateway show` says how it is and what came; SIGTERM to the gateway is one to the program."""
    stub = write(f"echo $$ > {tmp_path}/pid; for i in 1 2 3; do echo '{LINE}'; done; exec sleep 1000", "rtl_433")
    section = f'[exec.weather]\ncommand = ["{stub}", "-F", "json"]\nto = "twin/{{model}}-{{id}}"\ncoalesce_s = 60\n'
    with DaemonProcess(tmp_path, section) as daemon:
        daemon.until_listening()
        until(lambda: "temperature_C" in daemon.gateway("show", "twin/Nexus-TH-5").stdout)
        twin = json.loads(daemon.gateway("ask", "twin/Nexus-TH-5", "read", "--json").stdout)
        assert twin["values"]["temperature_C"]["value"] == 21.5
        pid = int((tmp_path / "pid").read_text())
        assert f"rtl_433 runs as process {pid}" in daemon.gateway("show").stdout
        assert alive(pid)
        assert daemon.stop() == 0
        assert not alive(pid)
