"""The schedule: which actors have mail to handle, and which have mail that waits."""

from collections import deque

from gateway.runtime.cells import NO_WAIT, Cell, Wait


class Schedule:
    """The cells that wait for a turn, in order. On the engine's thread."""

    def __init__(self) -> None:
        self.ready: deque[Cell] = deque()
        """Cells with mail to handle, in the order in which it came."""
        self.held: dict[str, Cell] = {}
        """Cells whose mail waits: for a retry, or for somebody to mend them."""
        self.spilled: dict[str, Cell] = {}
        """Cells with mail that is only on disk."""

    def wake(self, cell: Cell) -> None:
        """Queue a cell for a turn, unless it is queued already or its mail waits."""
        if not cell.queued and cell.wait is NO_WAIT:
            cell.queued = True
            self.ready.append(cell)

    def next(self) -> Cell:
        """Take the next cell out of the queue."""
        cell = self.ready.popleft()
        cell.queued = False
        return cell

    def hold(self, cell: Cell, wait: Wait, fault: str) -> None:
        """Have a cell's mail wait, and say why."""
        cell.wait = wait
        cell.fault = fault
        self.held[cell.id] = cell

    def release(self, cell: Cell) -> None:
        """Let a cell's mail be handled again."""
        cell.wait = NO_WAIT
        cell.fault = ""
        self.held.pop(cell.id, None)
        self.wake(cell)
