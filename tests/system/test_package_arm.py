"""The Debian packages for a Pi's processors, of both suites: unpacked, each runs the demo there, and nothing is missing."""

from pathlib import Path

import pytest

from tests.brokers import Mosquitto
from tests.system.conftest import Timed
from tests.system.lab.arm64 import EMULATORS, CannotHave, build, run_unpacked
from tests.system.lab.debs import RELEASES, built

pytestmark = pytest.mark.container


@pytest.mark.parametrize("suite", list(RELEASES.values()))
@pytest.mark.parametrize("architecture", list(EMULATORS))
def test_the_package_runs_on_a_processor_of_a_pi(architecture: str, suite: str, tmp_path: Path) -> None:
    """Its own Python finds all that it needs; the configuration that it brings is fine; and the demo loses nothing."""
    with Timed(f"the lab's {suite} of {architecture}"):
        try:
            build(architecture, suite)
        except CannotHave as error:
            pytest.skip(f"cannot have {suite} of {architecture} here: {error}")
    with Timed(f"the package for {suite} of {architecture}"):
        (package,) = built(f"{suite}-{architecture}")
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker, Timed(f"the demo on {suite} of {architecture}"):
        words = f"uname -m && gateway check && gateway demo --seconds 5 --folder /tmp/demo --broker 127.0.0.1:{broker.port}"
        done = run_unpacked(architecture, suite, package, ["sh", "-c", words], tmp_path / "there")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    lines = done.stdout.splitlines()
    assert lines[0] == {"arm64": "aarch64", "armhf": "armv7l"}[architecture]
    assert lines[1].startswith("fine: 0 devices")
    assert "nothing is missing, nothing is double" in lines
