"""Gateways with a web server that several tests of a file look at: each is started once."""

from collections.abc import Iterator

import pytest

from tests.devices.web.served import WebGateway

DEVICES = """
[gpio.lamp]
pin = 17
type = "relay"
simulate = true
[web.in.scales]
to = "twin/{device}"
values = { weight_kg = { from = "g", scale = 0.001 } }
[web.in.doors]
to = "toggle/hall"
verb = "set"
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """One that everybody on this computer may do anything with."""
    with WebGateway(tmp_path_factory.mktemp("web"), DEVICES) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """One that wants a token."""
    with WebGateway.guarded(tmp_path_factory.mktemp("guarded"), DEVICES) as daemon:
        yield daemon
