"""A key that stands twice in one object of JSON: nobody could say which of its values is meant, and a reader would keep the last."""

from typing import Any

_SHOWN = 100


class KeyTwice(ValueError):
    """Raised where an object has one key twice; `key` is the first such, cut to what an error may repeat."""

    def __init__(self, key: str) -> None:
        self.key = key[:_SHOWN]
        super().__init__(f"{self.key}: the key stands twice in one object")


def object_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, as `object_pairs_hook` of `json.loads` wants it. Linear in them. Raises KeyTwice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise KeyTwice(next(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]  # None: go on
    return found
