"""DeviceNames: what people call the devices, on pages."""

import pytest

from gateway.actors import BadPayload
from gateway.business.names import MOST, DeviceNames
from gateway.testing import Rig


def test_a_name_stays_until_it_is_taken_back() -> None:
    """A device is called as somebody said, over a restart too, and by its id again where the name is empty."""
    with Rig([DeviceNames()]) as rig:
        rig.ask("names/all", "name", {"id": "twin/m0", "name": " Boiler "})
        rig.restart()
        assert rig.ask("names/all", "read").body == {"names": {"twin/m0": "Boiler"}}
        assert rig.ask("names/all", "name", {"id": "twin/m0", "name": ""}).body == {"names": {}}


@pytest.mark.parametrize("naming", [{"id": "twin/m0", "name": "a\nb"}, {"id": "no id", "name": "a"}, {"id": "twin/m0", "name": "a" * 81}])
def test_what_is_no_name_is_refused(naming: dict[str, str]) -> None:
    """Control characters, names of no actor, and what is too long for a card."""
    with Rig([DeviceNames()]) as rig, pytest.raises(BadPayload):
        rig.ask("names/all", "name", naming)


def test_there_are_so_many_names_at_most() -> None:
    """One more is refused with what to do; another name for one that has one is not."""
    with Rig([DeviceNames()]) as rig:
        for n in range(MOST):
            rig.tell("names/all", "name", {"id": f"twin/{n}", "name": "x"})
        found = rig.ask("names/all", "name", {"id": "twin/more", "name": "x"})
        assert (found.ok, found.reason) == (
            False,
            "cannot name twin/more: 1000 actors have one, and no more can; take some back with an empty name",
        )
        assert rig.ask("names/all", "name", {"id": "twin/0", "name": "y"}).ok
