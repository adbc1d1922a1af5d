"""The requests of the page on HTTP: what a newcomer copies is answered."""

import subprocess
from pathlib import Path

from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import WebGateway
from tests.guide import blocks, page

USUAL = "http://127.0.0.1:8080/"


def test_each_request_of_the_page_is_answered(tmp_path: Path) -> None:
    """All of them work as they stand, one after the other, but for the port."""
    (config,) = (block for block in blocks(page("web"), "toml") if block.startswith("[web]"))
    (commands,) = (block for block in blocks(page("web"), "sh") if f"{USUAL}api/in/" in block)
    with WebGateway(tmp_path, config.partition("\n")[2]) as gateway:
        for command in commands.splitlines():
            assert USUAL in command
            line = command.replace(USUAL, gateway.url).replace("curl ", "curl --silent --show-error --fail ", 1)
            done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
