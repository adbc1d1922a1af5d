"""The table of what Home Assistant does, at the head of this folder, names tests that there are."""

import tests.system.homeassistant
from tests.tables import rows_of, rows_without_proof


def test_everything_that_home_assistant_does_has_a_test() -> None:
    """Seventeen rows, in order; each names a file, and in it functions that pytest collects."""
    table = tests.system.homeassistant.__doc__ or ""
    assert (rows_of(table), rows_without_proof(table)) == (17, [])
