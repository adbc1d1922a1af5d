"""The locator: it finds every key path that tomllib finds, and where its value stands."""

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.locator import KeyPath, Position, locate

EVERYTHING = '''
a.b.c = 1
"q.x" = """he"llo""\\""""
list = [1, [2, "x]"], {k = 1, "z z".y = 2}, # a comment ]
  3,]
day = 1979-05-27 07:32:00 # a moment
[[p.q]]
n = 1
[p.q.sub]
m = 2
[[p.q]]
  [[p.q.r]]
  o = \'\'\'a\'\'b\'\'\'\'
[ z . "y" ]
[a2.n]
k={}
[a2]
'''


def test_every_construct_is_found_where_it_stands() -> None:
    """Dotted, quoted and nested keys, arrays, inline tables and arrays of tables each have the place of their value."""
    found = locate(EVERYTHING)
    assert set(found) == set(_paths(tomllib.loads(EVERYTHING)))
    assert found["a", "b"] == Position(2, 3)
    assert found["a", "b", "c"] == Position(2, 9)
    assert found["q.x",] == Position(3, 9)
    assert found["list", 1, 1] == Position(4, 16)
    assert found["list", 2, "z z", "y"] == Position(4, 41)
    assert found["list", 3] == Position(5, 3)
    assert found["p", "q", 1, "r", 0, "o"] == Position(13, 7)
    assert found["p", "q", 0, "sub"] == Position(9, 6)
    assert found["z", "y"] == Position(14, 7)


def test_a_table_is_found_at_its_own_header() -> None:
    """A header of its own is a better place for a table than the header of a table within it."""
    assert locate(EVERYTHING)["a2",] == Position(17, 2)
    assert locate("[a.b]\n")["a",] == Position(1, 2)


def test_line_ends_of_windows_count_once() -> None:
    """Lines that end in CR LF have the numbers an editor shows."""
    assert locate('a = """\r\nx\r\n"""\r\nb = 2\r\n')["b",] == Position(4, 5)


_NAMES = st.one_of(st.sampled_from(["a", "b", "c-d", "e_1", "7"]), st.text(st.characters(codec="utf-8"), max_size=4))
_SCALARS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.booleans(), st.text(st.characters(codec="utf-8"), max_size=8))
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=8)
_TABLES = st.dictionaries(_NAMES, _VALUES, max_size=4)


@given(table=_TABLES, choose=st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_it_finds_the_paths_that_tomllib_finds(table: dict[str, Any], choose: Any) -> None:
    """However a table is written (headers, dots, inline, quotes, comments), paths are tomllib's and places are of the values."""
    text = _written(table, choose)
    read = tomllib.loads(text)
    found = locate(text)
    assert set(found) == set(_paths(read))
    lines = text.split("\n")
    for path, position in found.items():
        value = _at(read, path)
        rest = "\n".join([lines[position.line - 1][position.column - 1 :], *lines[position.line :]])
        if isinstance(value, bool):
            assert rest.startswith("true" if value else "false")
        elif isinstance(value, int):
            assert rest.startswith(str(value))
        elif isinstance(value, str):
            assert rest[0] in "\"'"


def _paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, deeper in inner:
        yield from _paths(deeper, (*path, key))


def _at(value: Any, path: KeyPath) -> Any:
    for part in path:
        value = value[part]
    return value


def _written(table: dict[str, Any], choose: Any) -> str:
    """A table as TOML text, each part in a style of its own."""
    return "".join(_lines(table, (), choose))


def _lines(table: dict[str, Any], path: tuple[str, ...], choose: Any) -> Iterator[str]:
    """Keys that stay in this table first: what follows a header belongs to that header."""
    styles = {name: _style(value, choose) for name, value in table.items()}
    for name, value in table.items():
        if styles[name] == "dotted":
            for inner, deeper in value.items():
                yield f"{_key(name, choose)} . {_key(inner, choose)} = {_value(deeper, choose)}\n"
        elif styles[name] == "plain":
            yield f"{_blank(choose)}{_key(name, choose)}={_value(value, choose)} # [{len(path)}]\n"
    for name, value in table.items():
        header = ".".join(_key(part, choose) for part in (*path, name))
        if styles[name] == "header":
            yield f"{_blank(choose)}[{header}]\n"
            yield from _lines(value, (*path, name), choose)
        for item in value if styles[name] == "array" else ():
            yield f"[[ {header} ]] # next\n"
            yield from _lines(item, (*path, name), choose)


def _style(value: Any, choose: Any) -> str:
    if isinstance(value, dict):
        return str(choose.choice(["header", "header", "plain", *(["dotted"] if value else [])]))
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return str(choose.choice(["array", "plain"]))
    return "plain"


def _blank(choose: Any) -> str:
    return str(choose.choice(["", "  ", "\n", "# a = 1 [x\n", "\t"]))


def _key(name: str, choose: Any) -> str:
    bare = bool(name) and all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
    return name if bare and choose.random() < 0.7 else _basic(name)


def _value(value: Any, choose: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value, choose)
    if isinstance(value, list):
        gap = choose.choice([" ", "\n", " # ]\n "])
        return f"[{gap}{f' ,{gap}'.join(_value(item, choose) for item in value)}{gap}]"
    return "{" + ", ".join(f"{_key(name, choose)} = {_value(inner, choose)}" for name, inner in value.items()) + "}"


def _string(text: str, choose: Any) -> str:
    if choose.random() < 0.3 and "'" not in text and all(c.isprintable() for c in text):
        return str(choose.choice([f"'{text}'", f"'''{text}'''", f"'''\n{text}'''"]))
    if choose.random() < 0.3:
        return f'"""{_basic(text)[1:-1]}""\n"""'
    return _basic(text)


def _basic(text: str) -> str:
    escaped = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escaped.get(c, c if c.isprintable() else f"\\U{ord(c):08X}") for c in text) + '"'
