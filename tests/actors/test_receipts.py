"""Receipts: what they promise to threads that wait."""

import threading

from gateway.actors import Receipt
from gateway.testing.clock import PATIENCE_S


def test_across_threads() -> None:
    """Every thread that waits is let go when the receipt resolves, and so is one that comes later."""
    receipt = Receipt()
    seen: list[bool] = []
    threads = [threading.Thread(target=lambda: seen.append(receipt.wait(PATIENCE_S))) for _ in range(8)]
    for thread in threads:
        thread.start()
    receipt.resolve()
    for thread in threads:
        thread.join()
    assert seen == [True] * 8
    assert receipt.wait(0)


def test_many_races() -> None:
    """A wait that begins while the receipt resolves never misses it."""
    for _ in range(300):
        receipt = Receipt()
        thread = threading.Thread(target=receipt.resolve)
        thread.start()
        assert receipt.wait(PATIENCE_S)
        thread.join()


def test_time_out() -> None:
    """A wait that runs out of time says so, and the receipt can still resolve."""
    receipt = Receipt()
    assert not receipt.wait(0)
    receipt.resolve()
    assert receipt.wait(0)


def test_resolves_once() -> None:
    """Only the first resolve counts, and the callback is called once, with the receipt resolved."""
    seen: list[bool] = []
    receipt = Receipt(lambda it: seen.append(it.resolved))
    receipt.resolve()
    receipt.resolve()
    assert seen == [True]
    assert receipt.wait(0)
