"""Dead letters at the command line: which of them a word names."""

import pytest

from gateway.cli.letters import LetterPlace, place_of
from gateway.console.exits import Failed


def test_a_word_names_one() -> None:
    """By its number, and that of another host by its name before it."""
    assert [place_of(word) for word in ("7", "host/pi-barn/7")] == [LetterPlace(7), LetterPlace(7, "pi-barn")]


@pytest.mark.parametrize("word", ["x", "-7", "pi/7", "²", "99999999999999999999", "9" * 5000])
def test_a_word_that_names_none_is_refused(word: str) -> None:
    """Before anybody is asked: no store has so many."""
    with pytest.raises(Failed, match="is no number of a dead letter; gateway dead-letters lists them"):
        place_of(word)
