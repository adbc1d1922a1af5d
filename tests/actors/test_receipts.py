"""Receipts: what they promise to threads that wait."""

import threading

import pytest

from gateway.actors import Receipt, StoreFailed
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


def test_failure() -> None:
    """A receipt that fails raises its error in every wait."""
    receipt = Receipt()
    receipt.resolve(StoreFailed("cannot write: the disk is full; make room"))
    for _ in range(2):
        with pytest.raises(StoreFailed, match=r"^cannot write: the disk is full; make room$"):
            receipt.wait()


def test_resolves_once() -> None:
    """Only the first resolve counts, and the callback is called once, with the receipt resolved."""
    seen: list[tuple[bool, object]] = []
    receipt = Receipt(lambda it: seen.append((it.resolved, it.error)))
    receipt.resolve()
    receipt.resolve(StoreFailed("too late"))
    assert seen == [(True, None)]
    assert receipt.wait(0)
