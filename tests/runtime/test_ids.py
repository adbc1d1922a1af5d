"""Ids: unique for life, and sorted in the order of making, however often the gateway was started."""

from gateway.runtime.ids import Ids


def test_ids_sort_in_the_order_of_the_starts() -> None:
    """As text, over more starts than there can be."""
    lives = [1, 2, 255, 2**24 - 1, 2**24, 2**24 + 1, 2**31, 2**32, 2**40]
    made = [id for life in lives for ids in (Ids(life),) for id in (ids.new(), ids.new())]
    assert made == sorted(made)
    assert len(set(made)) == 2 * len(lives)
    assert {len(id) for id in made[:8]} == {27}
