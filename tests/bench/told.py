"""Processes of a benchmark that are told what to do: a word, with what belongs to it, on their standard input. They answer each on their
standard output; all is pickled. They end when their standard input ends.
"""

import pickle
import subprocess
import sys
from typing import Any

_PATIENCE_S = 120.0


class ToldProcesses:
    """Some processes of one module; in each `answer_as_told` has one object's methods called by their names."""

    def __init__(self, module: str, words: list[list[str]]) -> None:
        """`words`: those of the command line of each."""
        self._processes: list[subprocess.Popen[bytes]] = []
        for some in words:
            command = [sys.executable, "-m", module, *some]
            self._processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def all(self, word: str, *rest: Any, numbered: bool = False) -> list[Any]:
        """What each answers to a word; they do it at the same time. `numbered`: each is told which one it is."""
        for n, process in enumerate(self._processes):
            _tell(process, (word, *rest, n) if numbered else (word, *rest))
        return [_answer(process) for process in self._processes]

    def first(self, word: str, *rest: Any) -> Any:
        """What the first answers."""
        _tell(self._processes[0], (word, *rest))
        return _answer(self._processes[0])

    def end(self) -> None:
        """End the processes."""
        for process in self._processes:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.stdout.close()
            try:
                process.wait(_PATIENCE_S)
            finally:
                process.kill()
                process.wait()


def _tell(process: subprocess.Popen[bytes], words: tuple[Any, ...]) -> None:
    assert process.stdin is not None
    pickle.dump(words, process.stdin)
    process.stdin.flush()


def _answer(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    return pickle.load(process.stdout)


def answer_as_told(side: object) -> None:
    """Call methods of an object as the parent says, and answer what they return, until the standard input ends."""
    while True:
        try:
            word, *rest = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(getattr(side, word)(*rest), sys.stdout.buffer)
        sys.stdout.buffer.flush()
