"""A real daemon that is killed while it writes to a device: what is written at most once is not written again."""

import json
import re
from pathlib import Path

from devices.serial.simulator import SimulatedLine
from tests.daemons import DaemonProcess
from tests.waiting import until

OLD = 20


def test_killed_while_it_writes_once(tmp_path: Path) -> None:
    """Its peer takes nothing, so what is in the port's hands at the kill may have gone out, or in part: nobody knows, and that is said of
    each. Nothing is written a second time, and nothing is lost without a word."""
    with SimulatedLine(tmp_path / "tty") as line:
        config = f'[serial.boiler]\nport = "{line.path}"\nto = "twin/boiler"\ncodec = "json"\nwrite_timeout_s = 60\n'
        with DaemonProcess(tmp_path, config) as daemon:
            daemon.until_listening()
            for n in range(OLD):
                text = f"old {n} " + "x" * 4000
                daemon.ask(do="tell", to="serial/boiler", verb="write_once", payload={"text": text}, timeout_s=60)
            daemon.until(lambda: re.search(r"in_hand +[1-9]", daemon.gateway("show", "serial/boiler").stdout))
            daemon.kill()
            daemon.again()
            daemon.until_listening()
            daemon.ask(do="tell", to="serial/boiler", verb="write", payload={"text": "new"}, timeout_s=60)
            heard: list[bytes] = []

            def all_of_it() -> bool:
                heard.extend(line.hear_lines(0.1))
                return bool(heard) and heard[-1].endswith(b"new")  # behind the part that had gone out

            until(all_of_it, said=lambda: f"heard {[one[:9] for one in heard]}")
            letters = json.loads(daemon.gateway("dead-letters", "--json").stdout)
            assert {letter["reason"].partition(":")[0] for letter in letters} == {"outcome unknown"}
            written = [sum(b"old %d x" % n in one for one in heard) for n in range(OLD)]
            assert max(written) == 1
            assert len(letters) + sum(written) >= OLD
            assert daemon.stop() == 0
