"""Columns on their way to PostgreSQL: arrays in its binary form, each always of one type, so that a statement is prepared once.

(psycopg gives a list of numbers the smallest type that holds them, and each mixture of types is a statement of its own.)

Source: PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_recv; https://www.psycopg.org/psycopg3/docs/advanced/adapt.html.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

_HEAD = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i")
_LONG = struct.Struct(">iq")
_NULL = b"\xff\xff\xff\xff"


class _ArrayColumn:
    """A column of rows, of one type."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items


class Texts(_ArrayColumn):
    """A column of texts."""

    __slots__ = ()
    sql = "text"


class Longs(_ArrayColumn):
    """A column of whole numbers, or None."""

    __slots__ = ()
    sql = "bigint"


class Blobs(_ArrayColumn):
    """A column of bytes, or None."""

    __slots__ = ()
    sql = "bytea"


def _array(element: int, count: int, items: Iterable[bytes]) -> bytes:
    """An array of one dimension; its items with their lengths. `element` is the number of their type."""
    return _HEAD.pack(1, 1, element, count, 1) + b"".join(items)


def _with_length(item: bytes) -> bytes:
    return _LENGTH.pack(len(item)) + item


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = 1009

    def dump(self, obj: Texts) -> bytes:
        return _array(25, len(obj.items), [_with_length(item.encode()) for item in obj.items])


class _LongsDumper(Dumper):
    format = Format.BINARY
    oid = 1016

    def dump(self, obj: Longs) -> bytes:
        return _array(20, len(obj.items), [_NULL if item is None else _LONG.pack(8, item) for item in obj.items])


class _BlobsDumper(Dumper):
    format = Format.BINARY
    oid = 1001

    def dump(self, obj: Blobs) -> bytes:
        return _array(17, len(obj.items), [_NULL if item is None else _with_length(item) for item in obj.items])


def register(adapters: AdaptersMap) -> None:
    """Have a connection know these columns."""
    adapters.register_dumper(Texts, _TextsDumper)
    adapters.register_dumper(Longs, _LongsDumper)
    adapters.register_dumper(Blobs, _BlobsDumper)
