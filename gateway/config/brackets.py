"""Sections with two pairs of brackets: `[[serial.gps]]` is a list of tables in TOML, and a section is one table."""

from collections.abc import Callable, Collection

from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.problems import dotted


def unwrap_sections(document: Document, own: Collection[str], devices: Collection[str], lists: Callable[[str], Collection[str]]) -> None:
    """Note each section with two pairs of brackets, and go on with what stands below them. `own` are tables of the gateway itself, which
    have no names within them but [actors.KIND]. `lists` says which keys of a kind of device are lists of tables: [[clock.jobs]] is one, and
    lacks the name of the clock."""
    for name, table in list(document.table.items()):
        if name not in own or name == "actors":
            for key in list(table) if isinstance(table, dict) else ():
                if name in devices and _is_list_of_tables(table[key]) and key in lists(name):
                    document.add((name, key), f"these belong to one device; write [[{name}.NAME.{key}]]")
                    del table[key]
                    if not table:
                        del document.table[name]
                else:
                    _unwrap(document, (name, key))
        if _is_list_of_tables(table):
            if name in devices:  # nobody knows the device's name
                document.add((name,), _said(f"{name}.NAME"))
                del document.table[name]
            else:
                _unwrap(document, (name,))


def _unwrap(document: Document, path: KeyPath) -> None:
    if _is_list_of_tables(document.value(path)):
        document.add(path, _said(dotted(path)))
        document.unwrap(path)


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _said(name: str) -> str:
    return f"two pairs of brackets make a list of tables, and this is one; write [{name}]"
