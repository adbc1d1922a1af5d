"""The examples of what users test with: each runs as it stands."""

import doctest

import gateway.testing


def test_every_example_of_the_package_says_what_it_does() -> None:
    """Turns, Rig, ManualClock, FrailStore and Bench, in one story."""
    failed, tried = doctest.testmod(gateway.testing, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert (failed, tried > 20) == (0, True)
