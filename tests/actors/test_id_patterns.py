"""Patterns of actors: which of them, and which of their verbs, a list in the configuration is about."""

import time

import pytest

from gateway.actors.id_patterns import IdPatterns, id_pattern


@pytest.mark.parametrize(
    ("pattern", "id", "verb", "fits"),
    [
        ("toggle/*", "toggle/hall", "pressed", True),
        ("toggle/*", "toggles/hall", "pressed", False),
        ("toggle/ha?l", "toggle/hall", "pressed", True),
        ("toggle/ha?l", "toggle/Hall", "pressed", False),
        ("*", "site/a/contacts/b", "call", True),
        ("site/*", "site/a/contacts/b", "call", True),
        ("site/*/contacts/*@call", "site/a/contacts/b", "call", True),
        ("site/*/contacts/*@call", "site/a/contacts/b", "forget", False),
        ("*@read", "twin/a", "read", True),
        ("*@read", "twin/a@read", "report", False),
        ("contacts/ann@home@*", "contacts/ann@home", "call", True),
        ("contacts/ann@home", "contacts/ann@home", "call", False),
        ("twin/a.b", "twin/axb", "read", False),
    ],
)
def test_what_fits_what(pattern: str, id: str, verb: str, fits: bool) -> None:
    """The whole id and the whole verb, letter by letter but for * and ?."""
    assert IdPatterns([pattern]).fit(id, verb) is fits


@pytest.mark.parametrize(
    "text", ["", "toggle", "toggle/", "/hall", "toggle/hall@", "toggle/h all", "toggle/[a-z]", "a/b/c", "x" * 300 + "/*", "a//b"]
)
def test_what_can_fit_no_actor_is_none(text: str) -> None:
    """What is no id, no key and no verb, and what other languages write for a set of characters."""
    with pytest.raises(ValueError, match=r"^cannot use '.*' as a pattern of actors: write kind/key, with \* for any text"):
        id_pattern(text)


def test_the_longest_id_is_looked_at_in_no_time() -> None:
    """A pattern of many stars is no way to hold the gateway up."""
    patterns = IdPatterns(["*/" + "*a" * 100 + "b"])
    began_s = time.process_time()
    for _ in range(20):
        assert not patterns.fit("twin/" + "a" * 65_000, "read")
    assert time.process_time() - began_s < 10
