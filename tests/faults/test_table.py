"""The table of forty faults, at the head of this folder, names tests that there are."""

import tests.faults
from tests.tables import rows_of, rows_without_proof


def test_every_fault_has_a_test_that_exists() -> None:
    """Forty of them, in order; each names a file, and in it functions that pytest collects."""
    table = tests.faults.__doc__ or ""
    assert (rows_of(table), rows_without_proof(table)) == (40, [])
