"""Faults of opening: what the system says, and what to do about it."""

import errno
import os
from pathlib import Path

import pytest

from devices.serial.faults import explain_opening
from gateway.actors import Health


@pytest.mark.parametrize(("device", "driver"), [("ttySC1", "ttySC"), ("rfcomm0", "rfcomm"), ("ttyCH343USB12", "ttyCH343USB")])
def test_a_device_that_the_service_does_not_let_in(device: str, driver: str, tmp_path: Path) -> None:
    """It is no matter of the user's groups, which let it in: the class that the unit lacks is named, by the device behind a link too."""
    link = tmp_path / "by-path-of-it"
    link.symlink_to(f"/dev/{device}")
    for path in (f"/dev/{device}", str(link)):
        fault = explain_opening(path, OSError(errno.EPERM, "Operation not permitted"))
        assert (fault.health, str(fault)) == (
            Health.FAULTY,
            f"cannot open {path}: the file lets this user in, and the service does not: systemctl edit gateway, and there [Service] "
            f"DeviceAllow=char-{driver} rw; where it has that, its driver came later than the gateway: systemctl restart gateway",
        )


def test_a_device_of_a_group_that_this_user_is_not_in() -> None:
    """That is said as what it is."""
    fault = explain_opening("/dev/ttyUSB0", OSError(errno.EACCES, os.strerror(errno.EACCES)))
    assert (fault.health, str(fault)) == (
        Health.FAULTY,
        "cannot open /dev/ttyUSB0: permission denied; add this user to the group that owns it (dialout)",
    )
